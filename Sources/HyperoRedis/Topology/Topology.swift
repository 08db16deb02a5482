import HyperoCore
import HyperoSchema

/// The servers that may have the keys of a partition, and the one of them to use: a configured server, the primary that
/// sentinels name, a node of the cluster, or the server that the latest redirect names.
///
///     var topology = Topology(seed: url)
///     connection = try topology.open(for: .writing, name: "hypero-ingest")
///     if topology.follow(connection.verified(error)) { /* open again, and repeat the command */ }
///
/// All keys of a partition share one hash slot, so a single server is enough. ``open(for:name:timeout:bounds:shouldContinue:blocking:opened:)``
/// tries the servers in turn, beginning with the one that was used last.
package struct Topology: Sendable, Hashable {
    /// The use of a connection.
    package enum Purpose: Sendable, Hashable {
        case reading
        /// Replicas are not used, and the nodes of a cluster are learned, as long as the account may ask for them.
        case writing
    }

    /// The configured servers.
    package let seed: RedisURL
    /// The server that is tried next, which is the one of the latest connection as long as it does not fail. With sentinels, the
    /// primary that they have named; the configured URL before the first answer.
    package private(set) var current: RedisURL
    /// The configured servers or sentinels, then the nodes of the cluster that they have named.
    private var servers: [RedisURL]
    private let configuredCount: Int
    /// The index of the server or the sentinel to begin with.
    private var first = 0
    /// The number of learned nodes that were tried, for the next ones.
    private var nextLearned = 0
    /// The server that the latest redirect names.
    private var redirect: RedisURL?

    /// The maximum number of consecutive redirects to follow. While a cluster migrates slots, several are normal.
    package static let maxRedirects = 5
    private static let maxLearned = 1_000
    /// The longest time for which one of several servers may keep the others waiting.
    private static let maxWaitForOne = Duration.seconds(2)
    /// The time after which no further server is tried in one call.
    private static let maxWait = Duration.seconds(10)
    /// The number of nodes that are tried in one call besides the configured servers.
    private static let maxLearnedTried = 8

    /// True if there are several servers or sentinels.
    package var hasAlternatives: Bool { servers.count > 1 || seed.sentinel != nil }

    package init(seed: RedisURL) {
        self.seed = seed
        servers = seed.servers
        configuredCount = servers.count
        current = seed.sentinel == nil ? servers[0] : seed
    }

    /// Switches to the server that a verified redirect names, and learns the nodes of its cluster.
    ///
    /// Every client sends its password there, so a MOVED error is not enough: any program that answers one command, such as a proxy,
    /// could name any host. ``RedisConnection/verified(_:)`` makes a verified redirect of an error.
    ///
    /// - Returns: false if the error is not a verified redirect. The current server is then unchanged.
    package mutating func follow(_ error: RedisError) -> Bool {
        guard case .redirected(let host, let port) = error.code else { return false }
        learn(error.nodes)
        current = current.withServer(host: host, port: port)
        redirect = current
        return true
    }

    /// Forgets a redirect after an error, and passes over a server that refuses commands which another one may accept.
    package mutating func leave(after error: RedisError) {
        if redirect == nil, error.category == .elsewhere { first = (first + 1) % servers.count }
        redirect = nil
        if seed.sentinel == nil { current = servers[first] }
    }

    /// The topology for another partition, whose server a redirect did not name.
    package var withoutRedirect: Topology {
        guard redirect != nil else { return self }
        var other = self
        other.redirect = nil
        if seed.sentinel == nil { other.current = servers[first] }
        return other
    }

    /// Begins with a server at the next call.
    private mutating func prefer(_ server: RedisURL) {
        first = servers.firstIndex(of: server) ?? 0
    }

    /// Adds the nodes of a cluster to the configured servers.
    private mutating func learn(_ nodes: [ClusterNode]) {
        guard seed.sentinel == nil, !nodes.isEmpty else { return }
        let preferred = servers[first]
        var known = Set(servers.prefix(configuredCount))
        var learned: [RedisURL] = []
        for node in nodes.prefix(Self.maxLearned) {
            let url = current.withServer(host: node.host, port: node.port)
            if known.insert(url).inserted { learned.append(url) }
        }
        servers = servers.prefix(configuredCount) + learned
        prefer(preferred)
    }
}

// MARK: - Connecting

extension Topology {
    /// Connects to the first server that can be used, as ``RedisConnection/open(to:name:timeout:connectTimeout:bounds:isSentinel:shouldContinue:blocking:opened:check:)``
    /// does. One of several servers is waited for at most two seconds, and all of them for ten: the next call goes on from there.
    ///
    /// Commands, besides those of a connection: for writing `ROLE` and, over TCP, `CLUSTER SLOTS`; with sentinels `SENTINEL
    /// GET-MASTER-ADDR-BY-NAME` on a connection to one of them. An account without permission for the first two uses the server all
    /// the same. A replica is an error for writing, except in a cluster, where it redirects.
    ///
    /// - Parameter opened: called with the descriptor of each socket, and with -1 after one was closed.
    /// - Throws: the error of the server; for several a summary.
    package mutating func open(
        for purpose: Purpose, name: String, timeout: Duration = .seconds(5), bounds: ReplyBounds = .large,
        shouldContinue: @escaping () -> Bool = { true },
        blocking: @escaping (() -> Void) -> Void = { $0() },
        opened: @escaping (CInt) -> Void = { _ in }
    ) throws(RedisError) -> RedisConnection {
        let connector = Connector(
            name: name, timeout: timeout, limit: hasAlternatives ? min(timeout, Self.maxWaitForOne) : timeout,
            bounds: bounds, shouldContinue: shouldContinue, blocking: blocking, opened: opened)
        if let redirect {
            var connection = try connector.connect(to: redirect)
            // A replica in a cluster answers no command.
            connection.isPrimary = true
            return connection
        }
        var failures = OpenFailures()
        let end = MonotonicTime.now + Self.maxWait
        for candidate in candidates() {
            prefer(candidate)
            guard failures.isEmpty || .now < end else { break }
            var isNamed = false
            do throws(RedisError) {
                let server = try seed.sentinel.map { group throws(RedisError) in
                    try connector.primary(of: group, from: candidate, for: seed)
                }
                isNamed = server != nil
                return try connector.connect(to: server ?? candidate) { connection throws(RedisError) in
                    current = connection.url
                    if purpose == .writing { try identify(&connection, within: connector.limit) }
                }
            } catch {
                opened(-1)
                guard hasAlternatives, shouldContinue() else { throw error }
                failures.append(error, isNamed: isNamed)
            }
        }
        throw failures.summary(of: seed)
    }

    /// The servers to try, in this order: the one that was used last, the configured ones after it, and some of the others, because a
    /// large cluster has many.
    private mutating func candidates() -> [RedisURL] {
        let configured = (0..<configuredCount).map { (first + $0) % configuredCount }
        let learnedCount = servers.count - configuredCount
        let learned = (0..<min(learnedCount, Self.maxLearnedTried)).map {
            configuredCount + (nextLearned + $0) % learnedCount
        }
        nextLearned += learned.count
        return ([first] + (configured + learned).filter { $0 != first }).map { servers[$0] }
    }

    /// Learns the nodes of the cluster of a server, and checks its role.
    private mutating func identify(_ connection: inout RedisConnection, within limit: Duration) throws(RedisError) {
        let (role, nodes) = try connection.identity(within: limit)
        learn(nodes)
        switch role {
        case .replica where nodes.isEmpty:
            let advice = hasAlternatives ? "" : ". Give the address of its primary too"
            throw RedisError(.readOnly, "READONLY \(connection.url) is a replica\(advice)")
        case .sentinel(let names): throw RedisError.sentinel(connection.url, names: names)
        case .primary: connection.isPrimary = true
        case .replica, nil:
            connection.isPrimary = !nodes.isEmpty || configuredCount == 1 && seed.sentinel == nil
        }
    }
}

/// The arguments that all connections of one call have in common.
private struct Connector {
    let name: String
    let timeout: Duration
    /// The time limit for connecting and the login.
    let limit: Duration
    let bounds: ReplyBounds
    let shouldContinue: () -> Bool
    let blocking: (() -> Void) -> Void
    let opened: (CInt) -> Void

    /// - Parameter check: throws if the server of the connection cannot be used. Another address of its name is then tried.
    func connect(
        to url: RedisURL, check: (inout RedisConnection) throws(RedisError) -> Void = { _ in }
    ) throws(RedisError) -> RedisConnection {
        try RedisConnection.open(
            to: url, name: name, timeout: timeout, connectTimeout: limit, bounds: bounds,
            shouldContinue: shouldContinue, blocking: blocking, opened: opened, check: check)
    }

    /// Asks a sentinel for the address of the primary: SENTINEL GET-MASTER-ADDR-BY-NAME name. Reply: host and port; null for an unknown
    /// name.
    ///
    /// - Returns: the URL of the primary, with the account and the database of `url`.
    func primary(of group: SentinelGroup, from sentinel: RedisURL, for url: RedisURL) throws(RedisError) -> RedisURL {
        // Closed before the socket of the primary is opened: a forked child closes one socket only.
        defer { opened(-1) }
        var connection = try RedisConnection.open(
            to: sentinel, name: name, timeout: min(timeout, .seconds(1)), bounds: .small, isSentinel: true,
            shouldContinue: shouldContinue, blocking: blocking, opened: opened)
        var reply = try connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", group.name)
        if let error = reply.error {
            throw RedisError(error.code, "the sentinel \(sentinel) does not answer: \(error.description)")
        }
        guard try reply.array() == 2 else {
            throw RedisError(
                .other, "the sentinel \(sentinel) knows no primary '\(printable(group.name, limit: 100))'")
        }
        let host = try reply.string() ?? ""
        guard let port = try reply.string().flatMap({ Int($0) }), (1...65_535).contains(port), RedisURL.isHost(host)
        else {
            throw RedisError(.connection, "invalid reply from the sentinel \(sentinel)")
        }
        return url.withServer(host: host, port: port)
    }
}
