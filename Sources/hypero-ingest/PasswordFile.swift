import Glibc
import HyperoCore

/// A file whose first line is the password of an account, as in `HYPERO_REDIS_PASSWORD_FILE`.
struct PasswordFile {
    /// The reason why there is no password.
    struct Failure: Error {
        let reason: String
    }

    private let path: String

    /// The largest size of a file in bytes.
    private static let maxSize = 64 << 10

    /// - Parameter path: the path; `-` for standard input.
    init(_ path: String) {
        self.path = path
    }

    /// Reads the password.
    func password() throws(Failure) -> [UInt8] {
        let isStandardInput = path == "-"
        guard !isStandardInput || isatty(STDIN_FILENO) == 0 else {
            throw Failure(
                reason: "standard input is a terminal, which would show the password. Write it to a file or a pipe")
        }
        // Not blocked by a pipe without a writer, as the file of HYPERO_REDIS_PASSWORD_FILE.
        let descriptor = isStandardInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
        defer { if !isStandardInput { close(descriptor) } }
        var bytes = [UInt8](repeating: 0, count: Self.maxSize)
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes { buffer in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
                return retryingInterrupts { read(descriptor, rest.baseAddress, rest.count) }
            }
            if part < 0, errno == EAGAIN {
                // A pipe whose writer has not written yet.
                var input = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                _ = poll(&input, 1, -1)
                continue
            }
            guard part >= 0 else { throw Failure(reason: String(cString: strerror(errno))) }
            guard part > 0 else { break }
            count += part
        }
        guard count < bytes.count else { throw Failure(reason: "it must be shorter than \(Self.maxSize) bytes") }
        let line = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty else { throw Failure(reason: "its first line must not be empty") }
        return Array(line)
    }
}
