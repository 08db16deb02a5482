import Glibc
import HyperoCore
public import HyperoSchema

/// The addresses of the Redis servers of a deployment, with an account and a database.
///
/// Three forms are accepted:
///
///     redis://[user[:password]@]host[:port][,host[:port]]…[/db]
///     redis+sentinel://[user[:password]@]host[:port][,host[:port]]…/name[/db]
///     unix://[user[:password]@]/path[?db=n]
///
/// With `rediss` in place of `redis`, the first two use TLS, if the package was built with the trait `TLS`. They may end with
/// `?cacert=file&cert=file&key=file&server-name=name`.
///
/// Several hosts are servers of which one is the primary, or nodes of a cluster. They are tried in turn. In the second form, the
/// hosts are sentinels, and `name` is the name of the primary that they watch. The account is that of the primary.
///
/// In the user and password, `:`, `@`, `/` and `%` must be percent encoded. The description never contains the password.
public struct RedisURL: Sendable, Hashable {
    enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    /// The servers, or the sentinels, in the order in which they are tried. At least one.
    var addresses: [Address]
    /// The sentinels' name of the primary, with the account for the sentinels; nil if the addresses are those of servers.
    var sentinel: SentinelGroup?
    var user: String?
    var password: Password?
    /// The settings of TLS; nil without TLS.
    var tls: TLSSettings?
    /// The host of which the address is one; nil if the address has the host itself.
    var hostName: String?
    package internal(set) var database: Int
    /// true if neither the program nor `HYPERO_REDIS` named a server.
    package private(set) var isDefault = false

    /// Parses a URL. Without a password in the URL, uses `HYPERO_REDIS_PASSWORD`, else the content of the file
    /// `HYPERO_REDIS_PASSWORD_FILE`, read at each connection, else `REDISCLI_AUTH`.
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
    ///   - hasTLS: false to refuse a URL that asks for TLS.
    package init(
        _ text: String?, environment: (String) -> String?, hasTLS: Bool = Self.hasTLS
    ) throws(SchemaError) {
        let chosen = text ?? environment("HYPERO_REDIS")
        if chosen == nil, let path = LocalServer.socketPath(environment: environment), LocalServer.listens(on: path) {
            // Without a password: the variables of passwords belong to another server, and this one refuses AUTH.
            self.init(local: .unix(path: path))
            return
        }
        do throws(SchemaError) {
            self = try RedisURL(parsing: chosen ?? "redis://127.0.0.1:6379", environment: environment, hasTLS: hasTLS)
        } catch {
            guard text == nil else { throw error }
            throw SchemaError("HYPERO_REDIS: \(error.description)")
        }
        isDefault = chosen == nil
    }

    /// True if this build can connect by TLS.
    package static var hasTLS: Bool {
        #if TLS
            true
        #else
            false
        #endif
    }

    /// The server of `hypero up`.
    private init(local address: Address) {
        (addresses, database, isDefault) = ([address], 0, true)
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
        var body =
            ["redis://", "rediss://", sentinelScheme, secureSentinelScheme, "unix://"].lazy
            .compactMap { text.withoutPrefix($0) }.first ?? text[...]
        // A file may contain an @ too.
        if let end = body.firstIndex(of: "?"), TLSSettings.setting(in: body[end...]) != nil { body = body[..<end] }
        let parts = body.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        // A path may contain an @ too.
        guard parts.count == 2, !parts[0].isEmpty, !parts[0].hasPrefix("/") else { return .none }
        guard let colon = parts[0].firstIndex(of: ":") else { return .userOnly }
        return parts[0].index(after: colon) < parts[0].endIndex ? .withPassword : .none
    }
}

extension RedisURL {
    /// The URL without the password, for a command that the user may repeat. A user without a password is left out, because it
    /// may be a misplaced password.
    package var withoutPassword: String {
        let end = tls?.query ?? ""
        guard let user, password != nil else { return serverURL + end }
        return "\(scheme)\(Self.encoded(user))@\(serverURL.dropFirst(scheme.utf8.count))\(end)"
    }

    /// Returns a text in which the characters are percent encoded that separate the parts of a URL.
    private static func encoded(_ text: String) -> String {
        var result = ""
        for scalar in printable(text).unicodeScalars {
            if ":@/%?#,".unicodeScalars.contains(scalar) {
                result += "%" + String(scalar.value, radix: 16, uppercase: true)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The servers and the database without the account and the settings of TLS: equal for all clients of one database.
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
        let hosts = addresses.map { address in
            switch address {
            case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
            case .unix(let path): printable(path, limit: 107)
            }
        }.joined(separator: ",")
        let name = sentinel.map { "/\(Self.encoded($0.name))" } ?? ""
        let number = database == 0 ? "" : "\(scheme == "unix://" ? "?db=" : "/")\(database)"
        return "\(scheme)\(account)\(hosts)\(name)\(number)"
    }

    /// The start of the text, up to the slashes.
    var scheme: String {
        if sentinel != nil { return sentinelScheme }
        if case .unix = addresses[0] { return "unix://" }
        return tls == nil ? "redis://" : "rediss://"
    }

    /// The start of the text that names sentinels, with TLS if this URL has it.
    var sentinelScheme: String { tls == nil ? Self.sentinelScheme : Self.secureSentinelScheme }

    /// Contains only the description, so that `dump` and crash reports do not show the password.
    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }
}
