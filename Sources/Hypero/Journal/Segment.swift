import Glibc
import HyperoCore

/// One mapped segment of a journal: a file, or anonymous memory if no file can be created.
///
/// All blocks are reserved at creation: writing to a sparse mapping on a full disk would raise SIGBUS in the host
/// process. A log call writes only to the record that it has reserved. The sender reads only records whose length is
/// published.
final class Segment: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    /// The size in bytes, including the header.
    let size: Int
    /// The path of the file; nil for anonymous memory.
    let path: String?

    private init(base: UnsafeMutableRawPointer, size: Int, path: String?) {
        self.base = base
        self.size = size
        self.path = path
        // A forked child must not use its parent's segments, and its copies of them would keep the blocks of removed files.
        if size > 0 { madvise(base, size, Int32(MADV_DONTFORK)) }
    }

    deinit {
        if size > 0 { munmap(base, size) }
    }

    /// The address of the first record.
    var start: UnsafeMutableRawPointer { size > 0 ? base + SegmentHeader.size : base }
    /// The bytes available for records.
    var capacity: Int { max(size - SegmentHeader.size, 0) }

    /// Returns a segment without room for a record.
    static func empty() -> Segment {
        // Any address other than null: the memory at the address is never read or written.
        Segment(base: UnsafeMutableRawPointer(bitPattern: 8)!, size: 0, path: nil)
    }

    /// Creates a file of zeros.
    ///
    /// - Throws: ``SystemError``. The file is removed again.
    static func newFile(at path: String, size: Int) throws(SystemError) -> Segment {
        // Retry after EINTR: a log call may create a segment, and the host process may have signal handlers.
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

    /// Maps an existing file of an orphaned journal.
    ///
    /// - Throws: ``SystemError`` if the path is not a regular file, or if it is larger than ``maxSize``.
    static func existingFile(at path: String) throws(SystemError) -> Segment {
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        guard descriptor >= 0 else { throw SystemError("open", path: path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("fstat", path: path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("open", path: path, code: EINVAL) }
        guard status.st_size <= maxSize else { throw SystemError("open", path: path, code: EFBIG) }
        let size = Int(status.st_size)
        guard size > 0 else { return Segment(base: empty().base, size: 0, path: path) }
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw SystemError("mmap", path: path) }
        return Segment(base: base, size: size, path: path)
    }

    /// The largest file that is mapped, in bytes. A client creates segments of 8 MiB by default.
    private static let maxSize = 1 << 30

    /// Returns anonymous memory, which a kill of the process loses; nil if there is none.
    static func memory(size: Int) -> Segment? {
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let base, base != MAP_FAILED else { return nil }
        return Segment(base: base, size: size, path: nil)
    }

    /// Causes the page faults of the first writes now, so that they do not occur in log calls.
    ///
    /// Only for a new segment that no other thread uses yet.
    func populate() {
        // MADV_POPULATE_WRITE of Linux 5.14. Older kernels fail with EINVAL. After any other error the pages are not
        // available, and touching them would raise SIGBUS.
        let populateForWriting: CInt = 23
        if madvise(base, size, populateForWriting) != 0, errno == EINVAL { touch() }
    }

    /// Writes a zero to each page except the first, which contains the header. The other pages contain only zeros.
    private func touch() {
        for page in stride(from: Self.page, to: size, by: Self.page) {
            base.storeBytes(of: 0, toByteOffset: page, as: UInt8.self)
        }
    }

    /// The smallest page size in bytes.
    private static let page = 4_096

    /// Keeps the memory mapped for the rest of the process.
    func leak() {
        _ = Unmanaged.passRetained(self)
    }

    /// Removes the file. The memory stays mapped until the last reference is released.
    func remove() {
        if let path { unlink(path) }
    }

    /// Cuts the file after its last record, which frees the reserved blocks. No thread may write to the segment any
    /// more.
    func truncate(to end: Int) {
        if let path { retryingInterrupts { Glibc.truncate(path, off_t(end)) } }
    }
}

/// A range of a segment that contains consecutive records.
struct SegmentPiece {
    let segment: Segment
    /// The offset of the first record, in bytes.
    let start: Int
    /// The offset after the last record, in bytes.
    var end: Int

    /// A piece without records.
    static var empty: SegmentPiece { SegmentPiece(segment: .empty(), start: 0, end: 0) }
}
