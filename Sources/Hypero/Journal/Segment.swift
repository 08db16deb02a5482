import Glibc
import HyperoCore
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

    /// Where the first record goes, and how many bytes of records it takes.
    var start: UnsafeMutableRawPointer { size > 0 ? base + SegmentHeader.size : base }
    var room: Int { max(size - SegmentHeader.size, 0) }

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
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw SystemError("open", path: path) }
        defer { close(descriptor) }
        var error: CInt
        repeat {
            error = withBlocked(signal: SIGXFSZ) { posix_fallocate(descriptor, 0, off_t(size)) }
        } while error == EINTR
        guard error == 0 else {
            unlink(path)
            throw SystemError("posix_fallocate", path: path, code: error)
        }
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else {
            let failure = SystemError("mmap", path: path)
            unlink(path)
            throw failure
        }
        return Segment(base: base, size: size, path: path)
    }

    /// A file that somebody left.
    ///
    /// - Throws: why it cannot be.
    static func left(at path: String) throws(SystemError) -> Segment {
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard descriptor >= 0 else { throw SystemError("open", path: path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("fstat", path: path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("open", path: path, code: EINVAL) }
        guard status.st_size <= largest else { throw SystemError("open", path: path, code: EFBIG) }
        let size = Int(status.st_size)
        guard size > 0 else { return Segment(base: nothing().base, size: 0, path: path) }
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw SystemError("mmap", path: path) }
        return Segment(base: base, size: size, path: path)
    }

    /// Bytes of a segment that is read; the journal's own are 8 MiB.
    private static let largest = 1 << 30

    /// Memory that a kill of the process would lose; nil when there is none.
    static func memory(size: Int) -> Segment? {
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let base, base != MAP_FAILED else { return nil }
        return Segment(base: base, size: size, path: nil)
    }

    /// Takes the page faults of the first writes, so that they do not fall on the caller of a log call. Only of a new segment
    /// that nobody else has yet.
    func populate() {
        // Linux 5.14 and later; older ones say EINVAL. After another error the pages cannot be had: touching them would
        // raise SIGBUS.
        let populateForWriting: CInt = 23
        if madvise(base, size, populateForWriting) != 0, errno == EINVAL { touch() }
    }

    /// Writes a zero to each page but the first, where the header is: they hold nothing else.
    private func touch() {
        for page in stride(from: Self.page, to: size, by: Self.page) {
            base.storeBytes(of: 0, toByteOffset: page, as: UInt8.self)
        }
    }

    /// Bytes of a page where it is smallest.
    private static let page = 4_096

    /// Removes the file; the memory stays until the last user is gone.
    func remove() {
        if let path { unlink(path) }
    }

    /// Gives the blocks back that hold nothing. Nobody may write to it any more.
    func shorten(to end: Int) {
        if let path { retryingInterrupts { truncate(path, off_t(end)) } }
    }
}

/// A stretch of a segment in which one record follows the other.
struct SegmentPiece {
    let segment: Segment
    let start: Int
    var end: Int

    /// None at all.
    static var none: SegmentPiece { SegmentPiece(segment: .nothing(), start: 0, end: 0) }
}
