import Glibc
import HyperoCore

/// The content of an orphaned journal's file in private memory.
///
/// The file is never mapped: if another process shortened it, an access would raise SIGBUS, and if another process changed
/// it, a record could differ from the one that was checked. Memory is bounded, because a copy is loaded only while its
/// records are scanned or in flight. A later load must find the content that was scanned.
///
/// Used by one thread.
final class SegmentCopy {
    private let file: SegmentFile
    private let base: UnsafeMutableRawPointer
    private let size: Int
    /// The checksum of the records that were scanned; nil before the scan.
    private var checksum: UInt32?
    private(set) var isLoaded = false
    /// The reason why the content cannot be loaded again.
    private(set) var failure: JournalFileError?

    /// The largest file that is read, in bytes. A client creates segments of 8 MiB.
    static let maxSize = 16 << 20

    /// - Parameter base: Anonymous memory, which the segment frees.
    init(of file: SegmentFile, at base: UnsafeMutableRawPointer, size: Int) {
        self.file = file
        self.base = base
        self.size = size
    }

    /// The bytes of memory in use.
    var loadedBytes: Int { isLoaded ? size : 0 }

    /// Reads the file again, unless it is loaded.
    ///
    /// - Throws: ``JournalFileError`` if the file cannot be read or has changed since the scan.
    func load() throws(JournalFileError) {
        guard !isLoaded else { return }
        if let failure { throw failure }
        do throws(JournalFileError) {
            let opened = try file.open(O_RDONLY)
            guard try opened.read(size, into: base), checksum == nil || checksum == recordsChecksum else {
                throw .changed(path: file.path)
            }
            isLoaded = true
        } catch {
            failure = error
            free()
            throw error
        }
    }

    /// Loads the content if necessary.
    ///
    /// - Returns: false if it cannot be loaded. ``failure`` is then the reason.
    func isAvailable() -> Bool {
        do {
            try load()
            return true
        } catch {
            return false
        }
    }

    /// Remembers the content that was scanned.
    func seal() {
        checksum = recordsChecksum
    }

    /// Frees the memory. The addresses stay valid and read as zeros.
    func unload() {
        guard isLoaded else { return }
        isLoaded = false
        free()
    }

    private func free() {
        madvise(base, size, MADV_DONTNEED)
    }

    /// The checksum of all bytes after the header. Another adopter may store its progress in the header.
    private var recordsChecksum: UInt32 {
        var checksum = CRC32C()
        let start = min(SegmentHeader.size, size)
        checksum.update(UnsafeRawBufferPointer(start: base + start, count: size - start))
        return checksum.value
    }

    /// Stores the progress in the header of the file. A failure is ignored: the next adopter then compares an older progress
    /// with the server.
    func store(_ progress: SegmentHeader.Progress) {
        guard let opened = try? file.open(O_RDWR) else { return }
        withUnsafeTemporaryAllocation(byteCount: SegmentHeader.progressSize, alignment: 8) { bytes in
            progress.write(atStart: bytes.baseAddress!)
            retryingInterrupts {
                pwrite(opened.descriptor, bytes.baseAddress, bytes.count, off_t(SegmentHeader.progressOffset))
            }
        }
    }
}
