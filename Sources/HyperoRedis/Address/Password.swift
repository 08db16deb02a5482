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
            self = .file(path: absolutePath(path), variable: "\(variable)_FILE")
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
            blocking { (count, code) = SmallFile.read(path, into: buffer, size: Self.maxFileSize) }
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
