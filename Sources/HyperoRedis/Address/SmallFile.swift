import Glibc

/// A file that is read as a whole at each connection: a password or certificates.
enum SmallFile {
    /// Reads at most as many bytes as a buffer has.
    ///
    /// - Returns: the number of bytes, and the number of the error or 0.
    static func read(_ path: String, into buffer: UnsafeMutableRawPointer, size: Int) -> (count: Int, code: CInt) {
        // Not blocked by a pipe without a writer.
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return (0, errno) }
        defer { close(file) }
        var count = 0
        while count < size {
            let part = Glibc.read(file, buffer + count, size - count)
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { return (0, errno) }
            guard part > 0 else { break }
            count += part
        }
        return (count, 0)
    }
}
