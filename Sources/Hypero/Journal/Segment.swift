import Glibc
import HyperoCore

/// One segment of a journal: a mapped file, anonymous memory if no file can be created, or the private copy of an orphaned
/// journal's file (``SegmentCopy``).
///
/// All blocks of a mapped file are reserved at creation: writing to a sparse mapping on a full disk would raise SIGBUS in the
/// host process. A log call writes only to the record that it has reserved. The sender reads only records whose length is
/// published.
final class Segment: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    /// The size in bytes, including the header.
    let size: Int
    /// The file; nil for anonymous memory.
    let file: SegmentFile?
    /// The content of an orphaned journal's file; nil for other segments. Used by the thread that adopts the journal.
    let copy: SegmentCopy?

    private init(
        base: UnsafeMutableRawPointer, size: Int, file: SegmentFile? = nil, copy: SegmentCopy? = nil
    ) {
        self.base = base
        self.size = size
        self.file = file
        self.copy = copy
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
        Segment(base: UnsafeMutableRawPointer(bitPattern: 8)!, size: 0)
    }

    /// Creates a file of zeros, which ``SegmentFile/finish()`` gives its name.
    ///
    /// - Throws: ``JournalFileError``. The file is removed again.
    static func newFile(_ file: SegmentFile, size: Int) throws(JournalFileError) -> Segment {
        let opened = try file.create()
        var error: CInt
        repeat {
            error = withBlocked(signal: SIGXFSZ) { posix_fallocate(opened.descriptor, 0, off_t(size)) }
        } while error == EINTR
        guard error == 0 else {
            file.remove()
            throw .system(SystemError("posix_fallocate", path: file.path, code: error))
        }
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, opened.descriptor, 0)
        guard let base, base != MAP_FAILED else {
            let failure = SystemError("mmap", path: file.path)
            file.remove()
            throw .system(failure)
        }
        return Segment(base: base, size: size, file: file)
    }

    /// Reads an existing file of an orphaned journal into memory of its own.
    ///
    /// - Throws: ``JournalFileError`` if the file cannot be read, another user can change it, or it is larger than
    ///   ``SegmentCopy/maxSize``.
    static func existingFile(_ file: SegmentFile) throws(JournalFileError) -> Segment {
        let size = try file.open(O_RDONLY).status().size
        guard size <= SegmentCopy.maxSize else {
            throw .tooLarge(path: file.path, size: size, limit: SegmentCopy.maxSize)
        }
        guard size > 0 else { return Segment(base: empty().base, size: 0, file: file) }
        // Only the pages that a read has filled take memory.
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let base, base != MAP_FAILED else { throw .system(SystemError("mmap", path: file.path)) }
        let segment = Segment(
            base: base, size: size, file: file, copy: SegmentCopy(of: file, at: base, size: size))
        _ = try segment.copy?.load()
        return segment
    }

    /// Returns anonymous memory, which a kill of the process loses; nil if there is none.
    static func memory(size: Int) -> Segment? {
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let base, base != MAP_FAILED else { return nil }
        return Segment(base: base, size: size)
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

    /// Stores the progress in the header.
    func store(_ progress: SegmentHeader.Progress) {
        if let copy { copy.store(progress) } else { progress.write(to: base) }
    }

    /// Removes the file. The memory stays until the last reference is released.
    func remove() {
        file?.remove()
    }

    /// Frees the blocks after the last record, and keeps the size of the file. No thread may write to the segment any more.
    ///
    /// Not for the file of an orphaned journal: its process may live on another machine, if the file system has a lock per
    /// machine.
    func freeBlocks(after end: Int) {
        guard copy == nil, let file, let opened = try? file.open(O_RDWR) else { return }
        opened.freeBlocks(from: end, size: size)
    }
}

/// The name of a segment's file.
struct SegmentFile {
    let folder: JournalFolder
    let ordinal: Int

    /// The path for messages.
    var path: String { folder.segmentPath(ordinal) }

    /// Opens the file. See ``JournalFolder/openSegment(_:flags:)``.
    func open(_ flags: CInt) throws(JournalFileError) -> OpenFile { try folder.openSegment(ordinal, flags: flags) }

    /// Creates the file. See ``JournalFolder/createSegment(_:)``.
    func create() throws(JournalFileError) -> OpenFile { try folder.createSegment(ordinal) }

    /// Gives the file its name, after its header was written.
    func finish() throws(JournalFileError) { try folder.finishSegment(ordinal) }

    func remove() { folder.removeSegment(ordinal) }
}

/// A range of a segment that contains consecutive records.
struct SegmentPiece {
    let segment: Segment
    /// The offset of the first record, in bytes.
    let start: Int
    /// The offset after the last record, in bytes.
    var end: Int
    /// The sequence number of the last record; nil if it is not known without reading the records.
    var lastSeq: UInt64?

    /// A piece without records.
    static var empty: SegmentPiece { SegmentPiece(segment: .empty(), start: 0, end: 0) }
}
