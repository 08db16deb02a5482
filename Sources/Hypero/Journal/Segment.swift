import Glibc
import HyperoRedis

/// One mapped piece of a journal: a file, or anonymous memory where no file can be had.
///
/// Its blocks are reserved when it is made, because a sparse map raises SIGBUS on a full disk, in the host process.
/// The journal's lock protects the writing; the sender reads what lies before the journal's published end.
final class Segment: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let size: Int
    /// Nil for anonymous memory.
    let path: String?

    private init(base: UnsafeMutableRawPointer, size: Int, path: String?) {
        self.base = base
        self.size = size
        self.path = path
    }

    deinit {
        if size > 0 { munmap(base, size) }
    }

    /// Nothing fits into it.
    static func nothing() -> Segment {
        // Never read or written; any address does that is not null.
        Segment(base: UnsafeMutableRawPointer(bitPattern: 8)!, size: 0, path: nil)
    }

    /// A new file of zeros.
    ///
    /// - Throws: why not; the file is then gone again.
    static func file(at path: String, size: Int) throws(SystemError) -> Segment {
        // A caller's thread may get here, and the host's signals may have handlers: EINTR is no reason for memory.
        var descriptor: CInt
        repeat {
            descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        } while descriptor < 0 && errno == EINTR
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        var error: CInt
        repeat { error = posix_fallocate(descriptor, 0, off_t(size)) } while error == EINTR
        guard error == 0 else {
            unlink(path)
            throw SystemError("posix_fallocate", path, error)
        }
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else {
            let failure = SystemError("mmap", path)
            unlink(path)
            throw failure
        }
        return Segment(base: base, size: size, path: path)
    }

    /// Memory that a kill of the process would lose; nil when there is none.
    static func memory(size: Int) -> Segment? {
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let base, base != MAP_FAILED else { return nil }
        return Segment(base: base, size: size, path: nil)
    }

    /// Takes the page faults of the first writes, so that they do not fall on the caller of a log call.
    func populate() {
        // Linux 5.14 and later; an older kernel answers EINVAL, and the faults come one by one.
        let populateForWriting: CInt = 23
        madvise(base, size, populateForWriting)
    }

    /// Removes the file; the memory stays until the last user is gone.
    func remove() {
        if let path { unlink(path) }
    }
}
