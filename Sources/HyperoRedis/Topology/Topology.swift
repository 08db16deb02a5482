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
    /// The server that the latest redirect names.
    private var redirect: RedisURL?

    /// The maximum number of consecutive redirects to follow. While a cluster migrates slots, several are normal.
    package static let maxRedirects = 5
    private static let maxLearned = 1_000
    /// The longest time for which one of several servers may keep the others waiting.
    private static let maxWaitForOne = Duration.seconds(2)

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
        first = servers.firstIndex(of: preferred) ?? 0
    }
}

// MARK: - Connecting

extension Topology {
    /// Connects to the first server that can be used, as ``RedisConnection/open(to:name:timeout:bounds:shouldContinue:blocking:opened:)``
    /// does.
    ///
    /// Commands, besides those of a connection: with several servers `ROLE`, for writing; with sentinels `SENTINEL
    /// GET-MASTER-ADDR-BY-NAME` on a connection to one of them; for writing to a server with a TCP address `CLUSTER SLOTS`. An account
    /// without permission for them uses the server all the same.
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
            purpose: purpose, name: name, timeout: timeout, bounds: bounds, shouldContinue: shouldContinue,
            blocking: blocking, opened: opened)
        if let redirect { return try connector.connect(to: redirect) }
        guard servers.count > 1 || seed.sentinel != nil else {
            var connection = try connector.connect(to: servers[0])
            try learnNodes(over: &connection, for: purpose)
            return connection
        }
        var failures: [RedisError] = []
        var replica: Int?
        for index in (0..<servers.count).map({ (first + $0) % servers.count }) {
            do throws(RedisError) {
                let server = try seed.sentinel.map { group throws(RedisError) in
                    try connector.primary(of: group, from: servers[index], for: seed)
                }
                var connection = try connector.connect(
                    to: server ?? servers[index], within: min(timeout, Self.maxWaitForOne))
                if purpose == .writing {
                    switch try connection.role() {
                    case .replica:
                        replica = replica ?? index
                        throw RedisError(.readOnly, "\(connection.url) is a replica")
                    case .sentinel(let names): throw RedisError.sentinel(connection.url, names: names)
                    case .primary, nil: break
                    }
                }
                (first, current) = (index, connection.url)
                try learnNodes(over: &connection, for: purpose)
                return connection
            } catch {
                opened(-1)
                guard shouldContinue() else { throw error }
                failures.append(error)
            }
        }
        // In a cluster, a replica redirects.
        guard seed.sentinel == nil, let replica else { throw summary(of: failures) }
        first = replica
        current = servers[replica]
        var connection = try connector.connect(to: current)
        try learnNodes(over: &connection, for: purpose)
        return connection
    }

    private mutating func learnNodes(
        over connection: inout RedisConnection, for purpose: Purpose
    ) throws(RedisError) {
        guard purpose == .writing, seed.sentinel == nil, connection.url.tcpHost != nil else { return }
        learn(try connection.clusterNodes())
    }

    /// Returns one error for all servers: with the code of one that an operator must correct, else of the last one.
    private func summary(of failures: [RedisError]) -> RedisError {
        let code = (failures.first { $0.category == .denied } ?? failures.last)?.code ?? .connection
        // Servers that fail alike, and nodes of a large cluster, are too many to name.
        let texts = failures.prefix(4).map(\.description).joined(separator: "; ")
        let more = failures.count > 4 ? "; and \(failures.count - 4) more" : ""
        return RedisError(code, "no server of \(seed) can be used: \(texts)\(more)")
    }
}

/// The arguments that all connections of one call have in common.
private struct Connector {
    let purpose: Topology.Purpose
    let name: String
    let timeout: Duration
    let bounds: ReplyBounds
    let shouldContinue: () -> Bool
    let blocking: (() -> Void) -> Void
    let opened: (CInt) -> Void

    /// - Parameter limit: the time limit for connecting and the login; nil for the timeout of the connection.
    func connect(to url: RedisURL, within limit: Duration? = nil) throws(RedisError) -> RedisConnection {
        try RedisConnection.open(
            to: url, name: name, timeout: timeout, connectTimeout: limit, bounds: bounds,
            shouldContinue: shouldContinue,
            blocking: blocking, opened: opened)
    }

    /// Asks a sentinel for the address of the primary: SENTINEL GET-MASTER-ADDR-BY-NAME name. Reply: host and port; null for an unknown
    /// name.
    ///
    /// - Returns: the URL of the primary, with the account and the database of `url`.
    func primary(of group: SentinelGroup, from sentinel: RedisURL, for url: RedisURL) throws(RedisError) -> RedisURL {
        // Closed before the socket of the primary is opened, and not announced: a forked child closes one socket only.
        defer { opened(-1) }
        var connection = try RedisConnection.open(
            to: sentinel, name: name, timeout: min(timeout, .seconds(1)), bounds: .small,
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
        guard let port = try reply.string().flatMap({ Int($0) }), (1...65_535).contains(port), !host.isEmpty else {
            throw RedisError(.connection, "invalid reply from the sentinel \(sentinel)")
        }
        return url.withServer(host: host, port: port)
    }
}
