import Glibc
import HyperoSchema

/// A password, or the file that contains it. The file is read for each connection, so that a new password needs no restart.
///
/// The description does not contain the password.
enum Password: Sendable, Hashable {
    case text(String)
    case file(path: String)

    /// The largest size of a file in bytes.
    private static let maxFileSize = 64 << 10

    /// Takes the value of a variable of the environment, else the file that the variable with the suffix `_FILE` names.
    ///
    /// - Returns: nil if neither is set.
    init?(_ variable: String, _ environment: (String) -> String?) {
        if let text = environment(variable) {
            self = .text(text)
        } else if let path = environment("\(variable)_FILE"), !path.isEmpty {
            self = .file(path: path)
        } else {
            return nil
        }
    }

    /// Returns the password: of a file its first line.
    ///
    /// - Throws: ``RedisError/Code/unreadablePassword``.
    func read() throws(RedisError) -> String {
        switch self {
        case .text(let text): text
        case .file(let path): try Self.read(path)
        }
    }

    private static func read(_ path: String) throws(RedisError) -> String {
        // Not blocked by a pipe without a writer.
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(path, String(cString: strerror(errno))) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: maxFileSize)
        var count = 0
        while count < bytes.count {
            let part = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + count, $0.count - count) }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw failure(path, String(cString: strerror(errno))) }
            guard part > 0 else { break }
            count += part
        }
        guard count < maxFileSize else { throw failure(path, "larger than \(maxFileSize - 1) bytes") }
        let line = bytes[..<count].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard let text = String(validating: line, as: UTF8.self), !text.isEmpty else {
            throw failure(path, "its first line is \(line.isEmpty ? "empty" : "not UTF-8")")
        }
        return text
    }

    private static func failure(_ path: String, _ reason: String) -> RedisError {
        RedisError(
            .unreadablePassword,
            "cannot read the password file \(printable(path, limit: 200)): \(reason). Correct HYPERO_REDIS_PASSWORD_FILE or the "
                + "file")
    }
}

extension Password: CustomStringConvertible, CustomReflectable {
    var description: String { "***" }

    var customMirror: Mirror { Mirror(self, children: ["password": description]) }
}
