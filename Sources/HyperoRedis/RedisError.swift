import HyperoSchema

/// A failed command, or a failed connection to Redis.
///
/// ``code`` identifies the error, and ``category`` groups errors by the reaction of the caller. The text of an error reply
/// is interpreted only in this file.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// An error that a caller can distinguish.
    public enum Code: Sendable, Hashable {
        /// The connection failed, timed out or received invalid data. Commands without a reply may have been applied.
        case connection
        /// LOADING: the server reads its data set into memory.
        case loading
        /// BUSY: a script blocks the server.
        case busy
        /// OOM: the command needs more memory than `maxmemory`.
        case outOfMemory
        /// MISCONF: the server cannot write its data to disk.
        case cannotPersist
        /// NOREPLICAS: fewer replicas are connected than `min-replicas-to-write`.
        case tooFewReplicas
        /// MASTERDOWN: the server is a replica without a link to its primary.
        case primaryDown
        /// CLUSTERDOWN: some hash slots of the cluster have no server.
        case clusterDown
        /// TRYAGAIN: the keys of the command are on two servers while their hash slot migrates.
        case tryAgain
        /// UNBLOCKED: the key that a command blocked on was deleted, or the server became a replica.
        case unblocked
        /// The server has reached `maxclients`.
        case tooManyClients
        /// MOVED: another server owns the hash slot. Followed only as ``redirected(host:port:)``.
        case moved(host: String, port: Int)
        /// MOVED to a server that the cluster lists as one of its nodes.
        case redirected(host: String, port: Int)
        /// MOVED to a server that the cluster does not list, or by a server that is not a node of a cluster.
        case untrustedRedirect
        /// ASK: the hash slot migrates, and another server has the key already. The migration ends with MOVED.
        case ask(host: String, port: Int)
        /// READONLY: the server is a replica.
        case readOnly
        /// NOAUTH: the server requires a password.
        case noAuthentication
        /// WRONGPASS and its older forms: wrong user or password.
        case wrongPassword
        /// AUTH with a password and without a user, although the default user has no password.
        case noPasswordConfigured
        /// NOPERM: the account lacks permission for the command or the key.
        case noPermission
        /// DENIED: protected mode refuses clients of other hosts.
        case protectedMode
        /// WRONGTYPE: the key holds a value of another type.
        case wrongType
        /// ERR no such key: the key does not exist.
        case noSuchKey
        /// The server is a sentinel, which has no keys.
        case sentinel
        /// The sentinels know no primary of the name, or a server of the URL is no sentinel.
        case noPrimary
        /// The file that contains the password cannot be read.
        case unreadablePassword
        /// One end of a TLS connection does not accept the certificate of the other, or a file of the settings cannot be read.
        case tls
        /// ERR The stream has exhausted the last possible ID: XADD finds no higher id.
        case idsExhausted
        /// The reply is larger than the caller keeps in memory. The connection can be used.
        case tooLarge
        /// Any other error reply.
        case other
    }

    /// A group of errors that a caller handles alike.
    public enum Category: Sendable, Hashable {
        /// The server will accept the command later. Wait, and keep the connection.
        case transient
        /// The hash slot of the keys migrates between two servers. Wait up to a second, and keep the connection.
        case migrating
        /// Another server owns the keys. Connect to it with ``Topology``, which follows verified redirects only.
        case moved(host: String, port: Int)
        /// The server is a replica, or a primary or a node that has lost its replicas or its cluster. Connect again: ``Topology`` passes over it.
        case elsewhere
        /// Authentication or permission failed. Report it once, and retry slowly.
        case denied
        /// The connection is unusable, and commands without a reply have an unknown outcome. Connect again.
        case connection
        /// The server will not run this command, now or later.
        case refused
    }

    /// The identity of the error.
    public let code: Code
    /// The description of the failure, without secrets.
    public let description: String

    /// The hash slot of a redirect; nil for other errors.
    let slot: Int?
    /// The check of ``Code/redirected(host:port:)``.
    let redirect: VerifiedRedirect?

    package init(_ code: Code, _ description: String) {
        self.init(code, description, redirect: nil)
    }

    init(_ code: Code, _ description: String, slot: Int? = nil, redirect: VerifiedRedirect?) {
        self.code = code
        self.description = description
        self.slot = slot
        self.redirect = redirect
    }

    /// Creates an error from an error reply, such as `LOADING Redis is loading the dataset in memory`.
    package init(reply: String) {
        let code = Code(reply: reply)
        let words = reply.split(separator: " ", maxSplits: 2)
        let isRedirect = code.isRedirect && ["MOVED", "ASK"].contains(words.first)
        let slot = isRedirect && words.count > 1 ? Int(words[1]) : nil
        let text = printable(String(Self.withoutArguments(reply)), limit: 300)
        // A reader does not know the word ASK, which is followed by queries only.
        if case .ask(let host, let port) = code, let slot {
            let server = host.isEmpty ? "another server" : "\(printable(host, limit: 255)):\(port)"
            self.init(code, "the hash slot \(slot) of the keys migrates to \(server)", slot: slot, redirect: nil)
        } else {
            self.init(code, text, slot: slot, redirect: nil)
        }
    }

    /// Returns the error with a text before its description, for example the key of the command.
    package func preceded(by text: String) -> RedisError {
        RedisError(code, text + description, slot: slot, redirect: redirect)
    }

    /// The group of the error.
    public var category: Category {
        switch code {
        case .connection: .connection
        case .loading, .busy, .outOfMemory, .cannotPersist, .unblocked, .tooManyClients: .transient
        case .tryAgain, .ask: .migrating
        case .moved(let host, let port), .redirected(let host, let port): .moved(host: host, port: port)
        case .readOnly, .primaryDown, .clusterDown, .tooFewReplicas: .elsewhere
        case .noAuthentication, .wrongPassword, .noPasswordConfigured, .noPermission, .protectedMode,
            .untrustedRedirect, .sentinel, .noPrimary, .unreadablePassword, .tls:
            .denied
        case .wrongType, .noSuchKey, .idsExhausted, .tooLarge, .other: .refused
        }
    }

    /// True if the server answers every command of this connection with this error.
    var deniesEveryCommand: Bool { code == .noAuthentication || code == .protectedMode }

    /// The error of a server that closed the connection before it replied to anything: a port for TLS does so.
    var hintingAtTLS: RedisError {
        guard code == .connection, !description.hasPrefix("timed out"), !description.hasPrefix("cancelled") else {
            return self
        }
        return RedisError(
            code,
            "\(description). If this is a port for TLS, \(RedisURL.hasTLS ? "write rediss://" : "give the address of a TLS tunnel"). If it is a tunnel, check the server behind it"
        )
    }

    /// True if the server has not answered in time.
    var isTimeout: Bool { code == .connection && description.hasPrefix("timed out") }

    /// True if the reply says that the server does not know the command.
    package var isUnknownCommand: Bool { code == .other && description.hasPrefix("ERR unknown command") }

    /// True if the account lacks permission for a key; false if it lacks permission for the command.
    package var deniesKey: Bool {
        // Redis names the command in the other reply: "… has no permissions to run the 'get' command".
        code == .noPermission && description.contains(" key")
    }

    /// True if the account lacks permission for a channel.
    package var deniesChannel: Bool { code == .noPermission && description.contains(" channel") }

    /// True if the reply says that the server has discarded the transaction (EXECABORT).
    package var hasDiscardedTransaction: Bool { description.hasPrefix("EXECABORT ") }

    /// Removes the arguments that Redis quotes in its reply to an unknown command. For AUTH they are the password.
    private static func withoutArguments(_ reply: String) -> Substring {
        let head = reply.prefix(300)
        let start = head.indices.first { head[$0...].hasPrefix(", with args beginning with") }
        return head[..<(start ?? head.endIndex)]
    }
}

extension RedisError.Code {
    /// True for an error that names the server to ask.
    package var isRedirect: Bool {
        switch self {
        case .moved, .ask: true
        default: false
        }
    }

    fileprivate init(reply: String) {
        let words = reply.split(separator: " ")
        switch words.first ?? "" {
        case "EXECABORT": self = Self.reason(ofAbort: reply).map { Self(reply: String($0)) } ?? .other
        case "LOADING": self = .loading
        case "BUSY": self = .busy
        case "OOM": self = .outOfMemory
        case "MISCONF": self = .cannotPersist
        case "NOREPLICAS": self = .tooFewReplicas
        case "MASTERDOWN": self = .primaryDown
        case "CLUSTERDOWN": self = .clusterDown
        case "TRYAGAIN": self = .tryAgain
        case "UNBLOCKED": self = .unblocked
        case "READONLY": self = .readOnly
        case "NOAUTH": self = .noAuthentication
        case "WRONGPASS": self = .wrongPassword
        case "NOPERM": self = .noPermission
        case "DENIED": self = .protectedMode
        case "WRONGTYPE": self = .wrongType
        case "MOVED": self = Self.server(in: words).map { .moved(host: $0.host, port: $0.port) } ?? .other
        case "ASK": self = Self.server(in: words).map { .ask(host: $0.host, port: $0.port) } ?? .other
        case "ERR": self = Self(text: reply.dropFirst(4))
        default: self = .other
        }
    }

    /// Creates the code of a reply that starts with ERR. Such replies differ only in their text.
    private init(text: Substring) {
        self =
            if text.hasPrefix("max number of clients") {
                .tooManyClients
            } else if text.hasPrefix("AUTH") || text.hasPrefix("Client sent AUTH") {
                .noPasswordConfigured
            } else if text.hasPrefix("invalid password") {
                .wrongPassword
            } else if text.hasPrefix("no such key") {
                .noSuchKey
            } else if text.hasPrefix("The stream has exhausted the last possible ID") {
                .idsExhausted
            } else {
                .other
            }
    }

    /// Returns the error after `EXECABORT Transaction discarded because of:`, the reply if the server refuses EXEC
    /// itself; nil for an EXECABORT without such an error.
    private static func reason(ofAbort reply: String) -> Substring? {
        let words = reply.split(separator: " ", maxSplits: 5)
        return words.count == 6 && words[4] == "of:" ? words[5] : nil
    }

    /// Returns the server in `MOVED slot host:port`. An IPv6 host may contain colons. An empty host means the host of
    /// the server that replied.
    private static func server(in words: [Substring]) -> (host: String, port: Int)? {
        guard words.count == 3, let colon = words[2].lastIndex(of: ":"),
            let port = Int(words[2][words[2].index(after: colon)...]), (1...65_535).contains(port)
        else { return nil }
        return (String(words[2][..<colon]), port)
    }
}
