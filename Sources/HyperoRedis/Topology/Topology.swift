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
        /// Of the servers that sentinels name, a replica is used only if none is a primary.
        case reading
        /// Replicas are not used, and the nodes of a cluster are learned, as long as the account may ask for them.
        case writing
    }

    /// The configured servers.
    package let seed: RedisURL
    /// The server that is tried next, which is the one of the latest connection as long as it does not fail. With sentinels, the
    /// primary that they have named; the configured URL before the first answer.
    package internal(set) var current: RedisURL
    /// The configured servers or sentinels, then the nodes of the cluster that they have named.
    private(set) var servers: [RedisURL]
    let configuredCount: Int
    /// The index of the server or the sentinel to begin with.
    private var first = 0
    /// The number of learned nodes that were tried, for the next ones.
    private var nextLearned = 0
    /// The node that the latest redirect names.
    private(set) var redirect: Redirect?
    /// The configured servers that were asked for their ids because the announced address of a node does not answer, by those ids.
    private(set) var substitutes: [String: RedisURL] = [:]
    /// The number of consecutive calls in which a server has not answered in time, at most ``maxPatience``.
    private var patience = 0

    /// The maximum number of consecutive redirects to follow. While a cluster migrates slots, several are normal.
    package static let maxRedirects = 5
    private static let maxLearned = 1_000
    private static let maxPatience = 2
    /// The time after which no further server is tried in one call.
    static let maxWait = Duration.seconds(10)
    /// The time in which a server must answer a PING to be tried before the others.
    static let raceLimit = Duration.seconds(1)
    /// The number of nodes that are tried in one call besides the configured servers.
    private static let maxLearnedTried = 8

    /// The longest time for which one of several servers may keep the others waiting: at most 2 seconds, and 5 after failures.
    ///
    /// Thousands of clients that connect at the same time, each of which costs the server a handshake of TLS, would otherwise give up
    /// before it is their turn, begin again, and never connect.
    var maxWaitForOne: Duration { min(.seconds(2 << patience), .seconds(5)) }
    /// The same of the first server: 1 second, and at most 4 after failures.
    var firstLimit: Duration { ConnectionAttempts<RedisURL>.firstLimit * (1 << patience) }

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
    /// - Parameter source: the server that has redirected; nil for the current one.
    /// - Returns: false if the error is not a verified redirect. The current server is then unchanged.
    package mutating func follow(_ error: RedisError, from source: RedisURL? = nil) -> Bool {
        guard case .redirected(let host, let port) = error.code else { return false }
        let nodes = error.redirect?.slots.nodes ?? []
        learn(nodes)
        let node = error.redirect?.node ?? ClusterNode(host: host, port: port)
        let source = source ?? current
        // A server that redirects the slot is another node by now.
        if let id = node.id, substitutes[id] == source { substitutes[id] = nil }
        // The host of the list, because that of the redirect may be empty for the server that redirects.
        let announced = current.withServer(host: node.host, port: node.port)
        redirect = Redirect(
            node: node, announced: announced, source: source,
            hasUnknownServers: !nodes.isEmpty
                && servers.prefix(configuredCount).contains { server in !nodes.contains { server.isAddress(of: $0) } },
            isUnknown: !servers.prefix(configuredCount).contains { $0.isAddress(of: node) })
        current = substitute(of: node) ?? announced
        return true
    }

    /// True if the latest redirect names the server that has redirected, so that a connection to it is not one to the node.
    package var redirectsToItself: Bool {
        redirect.map { $0.isToItself && substitute(of: $0.node) == nil } ?? false
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

    /// Takes over the addresses at which another topology of the same servers has found nodes.
    package mutating func learnAddresses(of other: Topology) {
        for (id, server) in other.substitutes { learn(id, of: server) }
    }

    /// The configured server that is a node whose announced address does not answer; nil if none is known.
    func substitute(of node: ClusterNode) -> RedisURL? { node.id.flatMap { substitutes[$0] } }

    /// Records the id of a configured server.
    mutating func learn(_ id: String, of server: RedisURL) {
        forget(server)
        substitutes[id] = server
    }

    /// Forgets the id of a configured server.
    mutating func forget(_ server: RedisURL) {
        for (id, other) in substitutes where other == server { substitutes[id] = nil }
    }

    /// The configured servers or sentinels.
    var configured: ArraySlice<RedisURL> { servers.prefix(configuredCount) }

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
        for node in nodes.prefix(Self.maxLearned) where RedisURL.isHost(node.host) {
            let url = current.withServer(host: node.host, port: node.port)
            if known.insert(url).inserted { learned.append(url) }
        }
        servers = servers.prefix(configuredCount) + learned
        prefer(preferred)
    }
}

// MARK: - Connecting

extension Topology {
    /// Connects to the first server that can be used, as ``RedisConnection/open(to:name:timeout:connectTimeout:deadline:bounds:isSentinel:shouldContinue:blocking:opened:race:check:)``
    /// does. One of several servers is waited for at most two seconds, and all of them for ten, which those that are left share. When
    /// the first one has not answered for a second, those that answer a PING are tried before the others. Both limits are longer after
    /// calls that have failed. The next call begins with the server that was tried last.
    ///
    /// Commands, besides those of a connection: for writing and with sentinels `ROLE` and, over TCP, `CLUSTER SLOTS`; with sentinels
    /// `SENTINEL GET-MASTER-ADDR-BY-NAME` on a connection to one of them; after a redirect `CLUSTER MYID`. An account without permission for those
    /// of the servers uses the server all the same. A replica is an error for writing, except in a cluster, where it redirects.
    ///
    /// - Parameters:
    ///   - opened: called with the descriptor of each socket, and with -1 after one was closed.
    ///   - race: the sockets that find out which of several servers answer.
    /// - Throws: the error of the server; for several a summary.
    package mutating func open(
        for purpose: Purpose, name: String, timeout: Duration = .seconds(5), bounds: ReplyBounds = .large,
        shouldContinue: @escaping () -> Bool = { true },
        blocking: @escaping (() -> Void) -> Void = { $0() },
        opened: @escaping (CInt) -> Void = { _ in }, race: RaceSockets = RaceSockets()
    ) throws(RedisError) -> RedisConnection {
        let connector = Connector(
            name: name, timeout: timeout, bounds: bounds, shouldContinue: shouldContinue, blocking: blocking,
            opened: opened, race: race)
        if let redirect {
            var connection = try connect(to: redirect, by: connector)
            // A replica in a cluster answers no command.
            connection.isPrimary = true
            return connection
        }
        // Sentinels that were cut off name a former primary. Its data serve a query only if there is no other server.
        var failures = OpenFailures()
        let needsPrimary = purpose == .writing || seed.sentinel != nil
        do throws(RedisError) {
            return try open(needsPrimary: needsPrimary, by: connector, &failures)
        } catch {
            guard needsPrimary, purpose == .reading, failures.containReplica, shouldContinue() else { throw error }
            failures = OpenFailures()
            return try open(needsPrimary: false, by: connector, &failures)
        }
    }

    private mutating func open(
        needsPrimary: Bool, by connector: Connector, _ failures: inout OpenFailures
    ) throws(RedisError) -> RedisConnection {
        var attempts = ConnectionAttempts(
            candidates(), deadline: hasAlternatives ? .now + Self.maxWait : nil,
            limit: hasAlternatives ? min(connector.timeout, maxWaitForOne) : connector.timeout, firstLimit: firstLimit)
        while let attempt = attempts.next() {
            prefer(attempt.server)
            do throws(RedisError) {
                let connection = try open(attempt, needsPrimary: needsPrimary, by: connector, &failures)
                patience = 0
                return connection
            } catch {
                connector.opened(-1)
                guard hasAlternatives, connector.shouldContinue() else { throw error }
                failures.append(error, isFinal: !attempt.isShort || !error.isTimeout)
                attempts.fail(attempt, error)
                if attempts.needsRace { attempts.rank(connector.answering(attempts.waiting, within: Self.raceLimit)) }
            }
        }
        patience = attempts.hasTimedOut ? min(patience + 1, Self.maxPatience) : 0
        throw failures.summary(of: seed)
    }

    /// Connects to one of the servers, or to the primary that one of the sentinels names.
    private mutating func open(
        _ attempt: Connector.Attempt, needsPrimary: Bool, by connector: Connector, _ failures: inout OpenFailures
    ) throws(RedisError) -> RedisConnection {
        var server = attempt.server
        failures.named = nil
        if let group = seed.sentinel {
            server = try connector.primary(of: group, from: attempt, for: seed)
            failures.named = server
            // Another sentinel has named it.
            if let error = failures.errorOfNamed { throw error }
        }
        return try connector.connect(to: server, attempt) { connection throws(RedisError) in
            current = connection.url
            if needsPrimary { try identify(&connection, within: attempt.limit) }
        }
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
