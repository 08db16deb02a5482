import Glibc
import HyperoSchema

/// A password, or the file that contains it. The file is read for each connection, so that a new password needs no restart.
///
/// The description does not contain the password.
enum Password: Sendable, Hashable {
    /// The password, and the place where the user has set it, for a message.
    case text(String, origin: String)
    /// The absolute path of a file, and the variable that names it.
    case file(path: String, variable: String)

    /// The largest size of a file in bytes.
    private static let maxFileSize = 64 << 10

    /// Takes the value of a variable of the environment, else the file that the variable with the suffix `_FILE` names.
    ///
    /// - Returns: nil if neither is set.
    init?(_ variable: String, _ environment: (String) -> String?) {
        if let text = environment(variable) {
            self = .text(text, origin: variable)
        } else if let path = environment("\(variable)_FILE"), !path.isEmpty {
            self = .file(path: Self.absolute(path), variable: "\(variable)_FILE")
        } else {
            return nil
        }
    }

    /// The place where the user has set the password.
    var origin: String {
        switch self {
        case .text(_, let origin): origin
        case .file(let path, let variable): "\(variable), the file \(printable(path, limit: 200))"
        }
    }

    /// Returns the path from the root, because the process may change its folder.
    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        return "\(String(cString: folder))/\(path)"
    }

    /// Returns the password: of a file its first line.
    ///
    /// - Parameter blocking: runs the system calls, during which the process may fork.
    /// - Throws: ``RedisError/Code/unreadablePassword``.
    func read(blocking: (() -> Void) -> Void) throws(RedisError) -> String {
        switch self {
        case .text(let text, _): return text
        case .file(let path, let variable):
            guard let buffer = malloc(Self.maxFileSize) else { throw failure("out of memory", path, variable) }
            defer { free(buffer) }
            var count = 0
            var code: CInt = 0
            blocking { (count, code) = Self.read(path, into: buffer) }
            guard code == 0 else { throw failure(String(cString: strerror(code)), path, variable) }
            guard count < Self.maxFileSize else {
                throw failure("larger than \(Self.maxFileSize - 1) bytes", path, variable)
            }
            let bytes = UnsafeRawBufferPointer(start: buffer, count: count)
            let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            guard let text = String(validating: line, as: UTF8.self), !text.isEmpty else {
                throw failure("its first line is \(line.isEmpty ? "empty" : "not UTF-8")", path, variable)
            }
            return text
        }
    }

    /// Reads at most the largest size.
    ///
    /// - Returns: the number of bytes, and the number of the error or 0.
    private static func read(_ path: String, into buffer: UnsafeMutableRawPointer) -> (count: Int, code: CInt) {
        // Not blocked by a pipe without a writer.
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return (0, errno) }
        defer { close(file) }
        var count = 0
        while count < maxFileSize {
            let part = Glibc.read(file, buffer + count, maxFileSize - count)
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { return (0, errno) }
            guard part > 0 else { break }
            count += part
        }
        return (count, 0)
    }

    private func failure(_ reason: String, _ path: String, _ variable: String) -> RedisError {
        RedisError(
            .unreadablePassword,
            "cannot read the password file \(printable(path, limit: 200)): \(reason). Correct \(variable) or the file")
    }
}

// The origin is of no account: two programs may set one password in different places.
extension Password {
    static func == (first: Password, second: Password) -> Bool {
        switch (first, second) {
        case (.text(let first, _), .text(let second, _)): first == second
        case (.file(let first, _), .file(let second, _)): first == second
        default: false
        }
    }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .text(let text, _): hasher.combine(text)
        case .file(let path, _): hasher.combine(path)
        }
    }
}

extension Password: CustomStringConvertible, CustomReflectable {
    var description: String { "***" }

    var customMirror: Mirror { Mirror(self, children: ["password": description]) }
}
