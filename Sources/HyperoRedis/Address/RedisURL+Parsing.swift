import HyperoSchema

extension RedisURL {
    static let sentinelScheme = "redis+sentinel://"
    static let secureSentinelScheme = "rediss+sentinel://"
    /// The port of a server without one in the URL.
    private static let defaultPort = 6379
    /// The port of a sentinel without one in the URL.
    private static let defaultSentinelPort = 26_379
    /// The largest number of servers or sentinels in a URL.
    private static let maxAddresses = 64

    /// - Parameter hasTLS: false to refuse a URL that asks for TLS.
    init(
        parsing text: String, environment: (String) -> String?, hasTLS: Bool
    ) throws(SchemaError) {
        if let (body, isSecure) = Self.body(of: text, "redis://", secure: "rediss://") {
            let (credentials, rest) = try Self.splitCredentials(body)
            let (location, settings) = try Self.splitSettings(rest, isSecure: isSecure, environment)
            let slash = location.firstIndex(of: "/") ?? location.endIndex
            addresses = try Self.addresses(location[..<slash], defaultPort: Self.defaultPort)
            database = try Self.database(location[slash...].dropFirst())
            (user, password) = credentials
            tls = settings
        } else if let (body, isSecure) = Self.body(of: text, Self.sentinelScheme, secure: Self.secureSentinelScheme) {
            let (credentials, rest) = try Self.splitCredentials(body)
            let (location, settings) = try Self.splitSettings(rest, isSecure: isSecure, environment)
            let parts = location.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count >= 2, !parts[1].isEmpty else {
                throw SchemaError(
                    "the URL of sentinels must name the primary, for example redis+sentinel://10.0.0.1:26379/mymaster")
            }
            addresses = try Self.addresses(parts[0], defaultPort: Self.defaultSentinelPort)
            database = parts.count == 3 ? try Self.database(parts[2]) : 0
            (user, password) = credentials
            tls = settings
            sentinel = SentinelGroup(name: try Self.percentDecoded(parts[1]), environment: environment)
        } else if let body = text.withoutPrefix("unix://") {
            let (credentials, location) = try Self.splitCredentials(body)
            let question = location.firstIndex(of: "?") ?? location.endIndex
            addresses = [try Self.unix(location[..<question])]
            database = try Self.query(location[question...].dropFirst())
            (user, password) = credentials
        } else {
            throw SchemaError(
                "the Redis URL must start with redis://, redis+sentinel:// or unix://, for example redis://127.0.0.1:6379 or "
                    + "unix:///run/redis.sock\(Self.value(text))")
        }
        guard tls == nil || hasTLS else {
            throw SchemaError(
                "rediss:// is not supported: this build has no TLS. Build hypero with --traits TLS, which needs libhiredis-dev 1.0 or "
                    + "later, or use redis:// with the address of a TLS tunnel")
        }
        password =
            password ?? Password("HYPERO_REDIS_PASSWORD", environment)
            ?? environment("REDISCLI_AUTH").map {
                .text($0, origin: "REDISCLI_AUTH")
            }
    }

    /// Returns the text after one of two schemes, and whether the scheme asks for TLS; nil if the text has neither.
    private static func body(of text: String, _ scheme: String, secure: String) -> (body: Substring, isSecure: Bool)? {
        text.withoutPrefix(scheme).map { ($0, false) } ?? text.withoutPrefix(secure).map { ($0, true) }
    }

    /// Splits off the settings of TLS after the question mark.
    private static func splitSettings(
        _ text: Substring, isSecure: Bool, _ environment: (String) -> String?
    ) throws(SchemaError) -> (location: Substring, settings: TLSSettings?) {
        let question = text.firstIndex(of: "?") ?? text.endIndex
        guard isSecure else {
            if let name = TLSSettings.setting(in: text[question...]) {
                throw SchemaError("\(name)= in the Redis URL needs TLS. Write rediss:// instead of redis://")
            }
            return (text, nil)
        }
        return (
            text[..<question], try TLSSettings(query: text[question...].dropFirst(), environment: environment)
        )
    }

    /// Returns the end of a message that names a wrong URL; nothing if it may contain a password.
    private static func value(_ text: String) -> String {
        text.contains("@") ? "" : ", not '\(printable(text, limit: 100))'"
    }

    private static func addresses(_ text: Substring, defaultPort: Int) throws(SchemaError) -> [Address] {
        let hosts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard hosts.count <= maxAddresses else {
            throw SchemaError("the Redis URL must have at most \(maxAddresses) hosts, not \(hosts.count)")
        }
        guard hosts.count > 1 || text.contains(";") else { return [try tcp(text, defaultPort: defaultPort)] }
        return try hosts.enumerated().map { index, host throws(SchemaError) in
            do throws(SchemaError) {
                return try tcp(host, defaultPort: defaultPort)
            } catch {
                throw SchemaError(message(about: host, number: index + 1, error))
            }
        }
    }

    /// Returns the message about one of several hosts. A list of hosts follows the account, so that it contains no password.
    private static func message(about host: Substring, number: Int, _ error: SchemaError) -> String {
        let value = "host \(number) in the Redis URL: '\(printable(String(host), limit: 100))'"
        if host.isEmpty { return "host \(number) in the Redis URL is empty. Remove the comma, or write a host" }
        if ["redis:", "rediss:", "redis+sentinel:", "rediss+sentinel:"].contains(where: host.hasPrefix) {
            return "\(value) must not repeat the scheme, for example redis://10.0.0.1:6379,10.0.0.2:6379"
        }
        if host.contains(";") || host.contains(" ") {
            return "\(value), hosts must be separated by commas, for example redis://10.0.0.1:6379,10.0.0.2:6379"
        }
        return "\(value), \(error.description)"
    }

    private static let encodingAdvice =
        "the user and the password in the Redis URL must be percent encoded. Write %2F for /, %3F for ?, %23 for #, %40 for @, "
        + "%3A for : and %25 for %"

    /// Splits off `user:password@`, up to the last `@`, because a password may contain an `@` that is not encoded.
    private static func splitCredentials(
        _ text: Substring
    ) throws(SchemaError) -> (credentials: (user: String?, password: Password?), location: Substring) {
        let end = text.firstIndex { $0 == "/" || $0 == "?" } ?? text.endIndex
        guard let at = text[..<end].lastIndex(of: "@") else {
            // The path of a socket may contain an @, but a database cannot.
            guard text.hasPrefix("/") || !text.contains("@") else { throw SchemaError(encodingAdvice) }
            return ((nil, nil), text)
        }
        // Another @ after a slash: the first one, the slash or both belong to the account.
        let rest = text[text.index(after: at)...]
        guard rest.hasPrefix("/") || !rest.contains("@") else { throw SchemaError(encodingAdvice) }
        // The last @ of a list of hosts with an account each would make a password of all hosts before it.
        guard !text[..<at].contains("@") || !text[..<at].contains(",") else {
            throw SchemaError(
                "the Redis URL must have one account for all hosts, before the first one. Write %40 for @ and %2C for , in a "
                    + "password")
        }
        let parts = text[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let user = try percentDecoded(parts[0])
        let password = parts.count == 2 ? Password.text(try percentDecoded(parts[1]), origin: "the URL") : nil
        return ((user.isEmpty ? nil : user, password), text[text.index(after: at)...])
    }

    private static func tcp(_ text: Substring, defaultPort: Int) throws(SchemaError) -> Address {
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
        guard isHost(host) else {
            throw SchemaError(
                "the host in the Redis URL must be a name or an address, for example redis://127.0.0.1:6379/0")
        }
        return .tcp(host: String(host), port: port)
    }

    /// Returns whether a text may be the name or the address of a host, also if a server names it.
    static func isHost(_ text: some StringProtocol) -> Bool {
        (1...255).contains(text.utf8.count)
            && !text.utf8.contains { $0 <= 0x20 || $0 >= 0x7F || "?#[]@%,/".utf8.contains($0) }
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

    static func percentDecoded(_ text: Substring) throws(SchemaError) -> String {
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
    func withoutPrefix(_ prefix: String) -> SubSequence? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
