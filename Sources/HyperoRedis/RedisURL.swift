import Glibc
import HyperoCore
public import HyperoSchema

/// The address of a Redis server, with an account and a database.
///
/// Two forms are accepted:
///
///     redis://[user[:password]@]host[:port][/db]
///     unix://[user[:password]@]/path[?db=n]
///
/// In the user and password, `:`, `@`, `/` and `%` must be percent encoded. The description never contains the password.
public struct RedisURL: Sendable, Hashable {
    enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    var address: Address
    var user: String?
    var password: String?
    package internal(set) var database: Int
    /// true if neither the program nor `HYPERO_REDIS` named a server.
    package private(set) var isDefault = false

    /// The port of a URL without one.
    private static let defaultPort = 6379

    /// Parses a URL. Without a password in the URL, uses `HYPERO_REDIS_PASSWORD`, else `REDISCLI_AUTH`.
    ///
    /// - Parameter text: the URL; nil for the value of `HYPERO_REDIS`, else the server of `hypero up` if it listens, else
    ///   `redis://127.0.0.1:6379`.
    /// - Throws: ``SchemaError`` with the accepted form. The error never contains the password.
    public init(_ text: String? = nil) throws(SchemaError) {
        try self.init(text, environment: ProcessEnvironment.value(of:))
    }

    /// Parses a URL.
    ///
    /// - Parameters:
    ///   - text: the URL; nil for the value of `HYPERO_REDIS`, else the server of `hypero up` if it listens, else
    ///     `redis://127.0.0.1:6379`.
    ///   - environment: returns the value of an environment variable.
    package init(_ text: String?, environment: (String) -> String?) throws(SchemaError) {
        let chosen = text ?? environment("HYPERO_REDIS")
        if chosen == nil, let path = LocalServer.socketPath(environment: environment), LocalServer.listens(on: path) {
            // Without a password: the variables of passwords belong to another server, and this one refuses AUTH.
            self.init(local: .unix(path: path))
            return
        }
        do throws(SchemaError) {
            self = try RedisURL(parsing: chosen ?? "redis://127.0.0.1:6379", environment: environment)
        } catch {
            guard text == nil else { throw error }
            throw SchemaError("HYPERO_REDIS: \(error.description)")
        }
        isDefault = chosen == nil
    }

    /// The server of `hypero up`.
    private init(local address: Address) {
        (self.address, database, isDefault) = (address, 0, true)
    }

    private init(parsing text: String, environment: (String) -> String?) throws(SchemaError) {
        if let body = text.withoutPrefix("redis://") {
            let (credentials, location) = try Self.splitCredentials(body)
            let slash = location.firstIndex(of: "/") ?? location.endIndex
            address = try Self.tcp(location[..<slash])
            database = try Self.database(location[slash...].dropFirst())
            (user, password) = credentials
        } else if let body = text.withoutPrefix("unix://") {
            let (credentials, location) = try Self.splitCredentials(body)
            let question = location.firstIndex(of: "?") ?? location.endIndex
            address = try Self.unix(location[..<question])
            database = try Self.query(location[question...].dropFirst())
            (user, password) = credentials
        } else if text.hasPrefix("rediss://") {
            throw SchemaError(
                "rediss:// is not supported: hiredis 0.14 has no TLS. Use redis:// with the address of a TLS tunnel")
        } else {
            throw SchemaError(
                "the Redis URL must start with redis:// or unix://, for example redis://127.0.0.1:6379 or "
                    + "unix:///run/redis.sock\(Self.value(text))")
        }
        password = password ?? environment("HYPERO_REDIS_PASSWORD") ?? environment("REDISCLI_AUTH")
    }

    /// Returns the end of a message that names a wrong URL; nothing if it may contain a password.
    private static func value(_ text: String) -> String {
        text.contains("@") ? "" : ", not '\(printable(text, limit: 100))'"
    }

    /// Returns the URL of the same account and database on another server of the cluster.
    ///
    /// - Parameters:
    ///   - host: empty for the host of this URL. A server that does not know its own address sends such redirects.
    ///   - port: 1 to 65,535.
    /// - Returns: this URL if it names a unix socket, because a cluster's nodes have TCP addresses.
    package func withServer(host: String, port: Int) -> RedisURL {
        guard case .tcp(let current, _) = address else { return self }
        var url = self
        url.address = .tcp(host: host.isEmpty ? current : host, port: port)
        return url
    }

    /// The account in the text of a URL, which need not be valid.
    package enum Account: Sendable, Hashable {
        case none
        /// A user without a password. It may be a misplaced password.
        case userOnly
        case withPassword
    }

    /// Returns the account in the text of a URL.
    package static func account(in text: String) -> Account {
        let body = text.withoutPrefix("redis://") ?? text.withoutPrefix("unix://") ?? text[...]
        let parts = body.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        // A path may contain an @ too.
        guard parts.count == 2, !parts[0].isEmpty, !parts[0].hasPrefix("/") else { return .none }
        guard let colon = parts[0].firstIndex(of: ":") else { return .userOnly }
        return parts[0].index(after: colon) < parts[0].endIndex ? .withPassword : .none
    }
}

extension RedisURL {
    /// The host; nil for a unix socket.
    var tcpHost: String? { if case .tcp(let host, _) = address { host } else { nil } }

    /// The URL without the password, for a command that the user may repeat. A user without a password is left out, because it
    /// may be a misplaced password.
    package var withoutPassword: String {
        guard let user, password != nil else { return serverURL }
        var name = ""
        for scalar in printable(user).unicodeScalars {
            switch scalar {
            case ":": name += "%3A"
            case "@": name += "%40"
            case "/": name += "%2F"
            case "%": name += "%25"
            default: name.unicodeScalars.append(scalar)
            }
        }
        let scheme = tcpHost == nil ? "unix://" : "redis://"
        return "\(scheme)\(name)@\(serverURL.dropFirst(scheme.utf8.count))"
    }

    /// The server and the database without the account: equal for all clients of one database.
    package var serverURL: String {
        var url = self
        url.user = nil
        return url.description
    }
}

extension RedisURL: CustomStringConvertible, CustomReflectable {
    /// The URL without the password. A user without a password is shown as `***`, because it may be a misplaced password.
    public var description: String {
        let account = user.map { password == nil ? "***@" : "\(printable($0))@" } ?? ""
        return switch address {
        case .tcp(let host, let port):
            "redis://\(account)\(host.contains(":") ? "[\(host)]" : host):\(port)"
                + (database == 0 ? "" : "/\(database)")
        case .unix(let path):
            "unix://\(account)\(printable(path, limit: 107))" + (database == 0 ? "" : "?db=\(database)")
        }
    }

    /// Contains only the description, so that `dump` and crash reports do not show the password.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}

extension RedisURL {
    /// Splits off `user:password@`, up to the last `@`, because a password may contain an `@` that is not encoded.
    private static func splitCredentials(
        _ text: Substring
    ) throws(SchemaError) -> (credentials: (user: String?, password: String?), location: Substring) {
        let end = text.firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        guard let at = text[..<end].lastIndex(of: "@") else {
            // The path of a socket may contain an @, but a database cannot.
            guard text.hasPrefix("/") || !text.contains("@") else {
                throw SchemaError(
                    "the user and the password in the Redis URL must be percent encoded. Write %2F for /, %3F for ?, %23 "
                        + "for #, %40 for @, %3A for : and %25 for %")
            }
            return ((nil, nil), text)
        }
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try percentDecoded(parts[0])
        let password = parts.count == 2 ? try percentDecoded(parts[1]) : nil
        return ((user.isEmpty ? nil : user, password), text[text.index(after: at)...])
    }

    private static func tcp(_ text: Substring) throws(SchemaError) -> Address {
        var host = text
        var port = defaultPort
        // Colons inside [::1] belong to the host.
        let closing = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[closing...].lastIndex(of: ":") {
            guard let number = Self.number(text[text.index(after: colon)...]), (1...65_535).contains(number) else {
                throw SchemaError("the port in the Redis URL must be a number from 1 to 65535")
            }
            host = text[..<colon]
            port = number
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty else {
            throw SchemaError("the Redis URL must have a host, for example redis://127.0.0.1:6379")
        }
        guard isBracketed || !host.contains(":") else {
            throw SchemaError("an IPv6 address in the Redis URL must be in brackets, for example redis://[::1]:6379")
        }
        guard !host.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F || "?#[]@%".utf8.contains($0) }) else {
            throw SchemaError(
                "the host in the Redis URL must be a name or an address, for example redis://127.0.0.1:6379/0")
        }
        return .tcp(host: String(host), port: port)
    }

    private static func unix(_ text: Substring) throws(SchemaError) -> Address {
        guard text.hasPrefix("/") else {
            throw SchemaError("the path in a unix:// URL must be absolute, for example unix:///run/redis.sock")
        }
        let path = try percentDecoded(text)
        // sockaddr_un has 108 bytes, including the zero at the end. hiredis truncates longer paths silently.
        guard path.utf8.count <= 107, !path.utf8.contains(0) else {
            throw SchemaError(
                "the path in a unix:// URL has \(path.utf8.count) bytes: it must have at most 107 bytes, none of them zero"
            )
        }
        return .unix(path: path)
    }

    private static func query(_ text: Substring) throws(SchemaError) -> Int {
        guard !text.isEmpty else { return 0 }
        guard let number = text.withoutPrefix("db=") else {
            throw SchemaError("the query of a unix:// URL must be ?db= and a number, for example ?db=0")
        }
        return try database(number)
    }

    private static func database(_ text: Substring) throws(SchemaError) -> Int {
        guard !text.isEmpty else { return 0 }
        guard let number = Self.number(text) else {
            throw SchemaError("the database in the Redis URL must be a number, for example redis://127.0.0.1:6379/0")
        }
        return number
    }

    /// Parses digits only, because `Int.init` accepts a sign too.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
    }

    private static func percentDecoded(_ text: Substring) throws(SchemaError) -> String {
        var bytes: [UInt8] = []
        var remaining = text.utf8[...]
        while let byte = remaining.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            // UInt8 accepts "+a" as a hexadecimal number too.
            guard let digits = String(remaining.prefix(2)), digits.utf8.count == 2, digits.first != "+",
                let value = UInt8(digits, radix: 16)
            else {
                throw SchemaError("a % in the Redis URL must be followed by two hexadecimal digits. Write %25 for %")
            }
            bytes.append(value)
            remaining = remaining.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw SchemaError("percent encoded text in the Redis URL must be UTF-8")
        }
        return text
    }
}

extension StringProtocol {
    /// Returns the text after the prefix; nil if the text does not start with it.
    fileprivate func withoutPrefix(_ prefix: String) -> SubSequence? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
