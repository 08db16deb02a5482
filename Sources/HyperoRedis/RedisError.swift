import HyperoSchema

/// What went wrong between us and Redis, in the classes that decide what to do next.
public struct RedisError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What a caller can do about it.
    public enum Class: Sendable, Hashable {
        /// The server will accept the command later: loading, busy, out of memory, too few replicas. Wait, same connection.
        case passing
        /// The keys live on another server. Go there.
        case moved(host: String, port: Int)
        /// The server is a replica. Look the primary up again, on a new connection.
        case readOnly
        /// Wrong or missing password, or no permission. Say so once and retry slowly.
        case denied
        /// The connection is unusable, and commands without a reply are of unknown outcome. Connect anew.
        case broken
        /// The server will not run this command, now or later.
        case refused
    }

    /// What a caller can do about it.
    public let `class`: Class
    /// What happened, without secrets.
    public let description: String

    package init(_ class: Class, _ description: String) {
        self.class = `class`
        self.description = description
    }

    /// An error reply: `-LOADING Redis is loading the dataset in memory`.
    package init(reply: String) {
        description = printable(String(Self.withoutArguments(reply)), limit: 300)
        let words = reply.split(separator: " ")
        switch words.first ?? "" {
        case "EXECABORT":
            self.class = Self.reason(ofAbort: reply).map { RedisError(reply: String($0)).class } ?? .refused
        case "LOADING", "BUSY", "MISCONF", "NOREPLICAS", "OOM", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "UNBLOCKED":
            self.class = .passing
        case "READONLY": self.class = .readOnly
        case "NOAUTH", "WRONGPASS", "NOPERM", "DENIED": self.class = .denied
        case "MOVED", "ASK": self.class = words.count == 3 ? Self.moved(to: words[2]) : .refused
        case "ERR" where reply.hasPrefix("ERR max number of clients"): self.class = .passing
        case "ERR" where reply.hasPrefix("ERR invalid password"): self.class = .denied
        case "ERR" where reply.hasPrefix("ERR AUTH") || reply.hasPrefix("ERR Client sent AUTH"): self.class = .denied
        default: self.class = .refused
        }
    }

    /// `-EXECABORT Transaction discarded because of: BUSY …` when it is EXEC itself that is refused.
    private static func reason(ofAbort reply: String) -> Substring? {
        let words = reply.split(separator: " ", maxSplits: 5)
        return words.count == 6 && words[4] == "of:" ? words[5] : nil
    }

    /// Redis answers to an unknown command with its arguments, which for AUTH are the password.
    private static func withoutArguments(_ reply: String) -> Substring {
        let head = reply.prefix(300)
        let start = head.indices.first { head[$0...].hasPrefix(", with args beginning with") }
        return head[..<(start ?? head.endIndex)]
    }

    /// `host:port`, where an IPv6 host may hold colons and an empty one means the host we are talking to.
    private static func moved(to address: Substring) -> Class {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return .refused }
        return .moved(host: String(address[..<colon]), port: port)
    }
}
