import Glibc
import HyperoCore
public import HyperoSchema

/// Where Redis is and who we are to it.
///
/// `redis://[user[:password]@]host[:port][/db]` or `unix://[user[:password]@]/path[?db=n]`; user and password percent
/// encoded where they hold `:`, `@`, `/` or `%`. Its description never holds the password.
public struct RedisURL: Sendable, Hashable {
    enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    var address: Address
    var user: String?
    var password: String?
    var database: Int

    /// The port of Redis when the URL names none.
    private static let defaultPort = 6379

    /// Reads a URL, with the password from `HYPERO_REDIS_PASSWORD` or `REDISCLI_AUTH` when the URL holds none.
    ///
    /// - Parameter text: the URL; nil for `HYPERO_REDIS`, and `redis://127.0.0.1:6379` when that is not set either.
    /// - Throws: ``SchemaError`` that says what to write instead, without the password.
    public init(_ text: String? = nil) throws(SchemaError) {
        try self.init(text, environment: ProcessEnvironment.value(of:))
    }

    /// Reads a URL, with variables from a function in place of the environment of the process.
    package init(_ text: String?, environment: (String) -> String?) throws(SchemaError) {
        let text = text ?? environment("HYPERO_REDIS") ?? "redis://127.0.0.1:6379"
        if let rest = text.dropping("redis://") {
            let (credentials, rest) = try Self.split(rest)
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            address = try Self.tcp(rest[..<slash])
            database = try Self.database(rest[slash...].dropFirst())
            (user, password) = credentials
        } else if let rest = text.dropping("unix://") {
            let (credentials, rest) = try Self.split(rest)
            let question = rest.firstIndex(of: "?") ?? rest.endIndex
            address = try Self.unix(rest[..<question])
            database = try Self.query(rest[question...].dropFirst())
            (user, password) = credentials
        } else if text.hasPrefix("rediss://") {
            throw SchemaError("rediss:// is not possible: hiredis 0.14 has no TLS; give redis:// to a TLS tunnel's end")
        } else {
            throw SchemaError(
                "the Redis URL must start with redis:// or unix://, as redis://127.0.0.1:6379 or unix:///run/redis.sock"
            )
        }
        password = password ?? environment("HYPERO_REDIS_PASSWORD") ?? environment("REDISCLI_AUTH")
    }

    /// Returns the URL of the same account on another server of the cluster.
    ///
    /// - Parameter host: empty for the host of this URL, as in the redirects of a server that does not know its address.
    package func withServer(host: String, port: Int) -> RedisURL {
        var url = self
        switch address {
        case .tcp(let old, _): url.address = .tcp(host: host.isEmpty ? old : host, port: port)
        case .unix: url.address = .tcp(host: host.isEmpty ? "127.0.0.1" : host, port: port)
        }
        return url
    }
}

extension RedisURL {
    /// The server and database without the account: equal for all clients of one database.
    package var serverURL: String {
        var url = self
        url.user = nil
        return url.description
    }
}

extension RedisURL: CustomStringConvertible, CustomReflectable {
    /// The URL without the password.
    public var description: String {
        let account = user.map { "\(printable($0))@" } ?? ""
        return switch address {
        case .tcp(let host, let port):
            "redis://\(account)\(host.contains(":") ? "[\(host)]" : host):\(port)"
                + (database == 0 ? "" : "/\(database)")
        case .unix(let path):
            "unix://\(account)\(printable(path, limit: 107))" + (database == 0 ? "" : "?db=\(database)")
        }
    }

    /// Only the description, so that `dump` and crash reports do not show the password either.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

extension RedisURL {
    /// Takes `user:password@` off the front. The last @ counts: a password may hold one.
    private static func split(
        _ text: Substring
    ) throws(SchemaError) -> (credentials: (user: String?, password: String?), rest: Substring) {
        let end = text.firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        guard let at = text[..<end].lastIndex(of: "@") else { return ((nil, nil), text) }
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try decoded(parts[0])
        let password = parts.count == 2 ? try decoded(parts[1]) : nil
        return ((user.isEmpty ? nil : user, password), text[text.index(after: at)...])
    }

    private static func tcp(_ text: Substring) throws(SchemaError) -> Address {
        var host = text
        var port = defaultPort
        // The colons inside [::1] are the host's.
        let closing = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[closing...].lastIndex(of: ":") {
            guard let number = Self.number(text[text.index(after: colon)...]), (1...65_535).contains(number) else {
                throw SchemaError("the port in the Redis URL is not a number from 1 to 65535")
            }
            host = text[..<colon]
            port = number
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else { throw SchemaError("the Redis URL names no host: write redis://127.0.0.1:6379") }
        guard isBracketed || !host.contains(":") else {
            throw SchemaError("an IPv6 address in the Redis URL needs brackets: write redis://[::1]:6379")
        }
        guard !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "?#[]@%".utf8.contains($0) }) else {
            throw SchemaError("the host in the Redis URL is not a name or an address: write redis://127.0.0.1:6379/0")
        }
        return .tcp(host: String(host), port: port)
    }

    private static func unix(_ text: Substring) throws(SchemaError) -> Address {
        guard text.hasPrefix("/") else {
            throw SchemaError("the path in a unix:// URL must be absolute: write unix:///run/redis.sock")
        }
        let path = try decoded(text)
        // sockaddr_un holds 108 bytes with the closing zero, and hiredis cuts what is longer without a word.
        guard path.utf8.count <= 107, !path.utf8.contains(0) else {
            throw SchemaError("the socket's path has \(path.utf8.count) bytes: the system's limit is 107")
        }
        return .unix(path: path)
    }

    private static func query(_ text: Substring) throws(SchemaError) -> Int {
        guard !text.isEmpty else { return 0 }
        guard let number = text.dropping("db=") else {
            throw SchemaError("the Redis URL's query is not understood: write ?db=0")
        }
        return try database(number)
    }

    private static func database(_ text: Substring) throws(SchemaError) -> Int {
        guard !text.isEmpty else { return 0 }
        guard let number = Self.number(text) else {
            throw SchemaError("the database in the Redis URL is not a number: write redis://host:6379/0")
        }
        return number
    }

    /// Digits only: Int also reads a sign.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    private static func decoded(_ text: Substring) throws(SchemaError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            // UInt8 reads "+a" as hexadecimal too.
            guard let digits = String(rest.prefix(2)), digits.utf8.count == 2, digits.first != "+",
                let value = UInt8(digits, radix: 16)
            else {
                throw SchemaError("a % in the Redis URL is not followed by two hexadecimal digits: write %25 for %")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SchemaError("what is percent encoded in the Redis URL is not UTF-8")
        }
        return text
    }
}

extension StringProtocol {
    /// What follows the prefix; nil when the text does not start with it.
    fileprivate func dropping(_ prefix: String) -> SubSequence? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
