import CLinux
import Glibc
import HyperoCore

/// An open file with its path.
struct OpenFile: ~Copyable {
    let descriptor: CInt
    let path: String

    deinit {
        close(descriptor)
    }

    func status() throws(JournalFileError) -> FileStatus { try FileStatus(of: descriptor, path: path) }

    /// Reads bytes into memory.
    ///
    /// - Returns: false if the file is shorter.
    func read(_ size: Int, into base: UnsafeMutableRawPointer) throws(JournalFileError) -> Bool {
        var offset = 0
        while offset < size {
            let count = retryingInterrupts { pread(descriptor, base + offset, size - offset, off_t(offset)) }
            guard count >= 0 else { throw .system(SystemError("pread", path: path)) }
            guard count > 0 else { return false }
            offset += count
        }
        return true
    }

    /// Frees the blocks from an offset to the end of the file, without changing its size.
    ///
    /// The file is never truncated: a process that has mapped it would receive SIGBUS at its next access beyond the new end. A
    /// hole reads as zeros. Where the file system has no holes, the blocks stay.
    ///
    /// - Parameter offset: The first byte, rounded up to a whole page.
    func freeBlocks(from offset: Int, size: Int) {
        let page = 4_096
        let start = (offset + page - 1) & ~(page - 1)
        guard start < size else { return }
        retryingInterrupts {
            fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(start), off_t(size - start))
        }
    }
}
