import Glibc
import HyperoCore

/// The file with the secret of the server.
enum TokenFile {
    /// The least number of characters: those of 64 random bits as hexadecimal digits.
    private static let minLength = 16
    private static let maxLength = 256

    /// Reads the secret, or creates the file with a random one of 128 bits that only its owner can read.
    static func read(_ path: String) throws -> String {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure(path) }
            return try create(path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw StartError("\(path) is no file. Name a file for the secret")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw StartError("other users can read \(path), which has the secret of the server. Run chmod 600 on it")
        }
        var bytes = [UInt8](repeating: 0, count: maxLength + 2)
        let count = retryingInterrupts { Glibc.read(descriptor, &bytes, bytes.count) }
        guard count >= 0 else { throw failure(path) }
        var text = String(decoding: bytes.prefix(count), as: UTF8.self)
        if text.last?.isNewline ?? false { text.removeLast() }
        guard (minLength...maxLength).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) else {
            throw StartError(
                "\(path) must have \(minLength) to \(maxLength) letters, digits and characters of -._~ on one line. "
                    + "Without the file, one with a random secret is created")
        }
        return text
    }

    private static func create(_ path: String) throws -> String {
        let token = randomHex(bytes: 16)
        let descriptor = retryingInterrupts { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        let code = writeAll(token + "\n", to: descriptor)
        guard code == 0 else {
            unlink(path)
            throw StartError("cannot write \(path): \(String(cString: strerror(code)))")
        }
        return token
    }

    private static func failure(_ path: String) -> StartError {
        StartError("cannot read \(path): \(String(cString: strerror(errno)))")
    }

    /// Returns whether a character needs no encoding in an address and a cookie.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~".utf8.contains(byte)
        }
    }
}
