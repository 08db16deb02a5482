import HyperoCore
import HyperoSchema

extension RedisConnection {
    /// Returns the servers of a URL that answer a PING within a time, each as a URL of its own, and each address of a name that has several.
    /// The order is that of the URL.
    ///
    /// - Parameter limit: the time for all of them together, and the same for the lookup of their names.
    package static func answeringServers(of url: RedisURL, within limit: Duration) -> [RedisURL] {
        let end = MonotonicTime.now + limit
        let servers = url.servers.flatMap { server in
            guard .now < end, let addresses = try? addresses(of: server, blocking: { $0() }), addresses.count > 1 else {
                return [server]
            }
            return addresses.map { server.at($0) }
        }
        let connector = Connector(
            name: "", timeout: limit, bounds: .small, shouldContinue: { true }, blocking: { $0() }, opened: { _ in },
            race: RaceSockets())
        return connector.answering(servers, within: limit).sorted().map { servers[$0] }
    }
}

/// The arguments that all connections of one call of ``Topology`` have in common.
struct Connector {
    typealias Attempt = ConnectionAttempts<RedisURL>.Attempt

    let name: String
    let timeout: Duration
    let bounds: ReplyBounds
    let shouldContinue: () -> Bool
    let blocking: (() -> Void) -> Void
    let opened: (CInt) -> Void
    let race: RaceSockets

    /// - Parameter check: throws if the server of the connection cannot be used. Another address of its name is then tried.
    func connect(
        to url: RedisURL, _ attempt: Attempt,
        check: (inout RedisConnection) throws(RedisError) -> Void
    ) throws(RedisError) -> RedisConnection {
        try RedisConnection.open(
            to: url, name: name, timeout: timeout, connectTimeout: attempt.limit, deadline: attempt.end,
            bounds: bounds, shouldContinue: shouldContinue, blocking: blocking, opened: opened, race: race, check: check
        )
    }

    /// Returns the servers that answer, as ``AddressRace`` does: indices of `servers`.
    func answering(_ servers: [RedisURL], within limit: Duration) -> [Int] {
        // The system's resolver has no timeout: names that take long are left to their attempts.
        let end = MonotonicTime.now + limit
        let addresses = servers.map { server in
            guard .now < end, shouldContinue() else { return [RedisURL.Address]() }
            return (try? RedisConnection.addresses(of: server, blocking: blocking)) ?? []
        }
        return AddressRace.run(
            addresses, within: limit, encrypted: servers.contains { $0.tls != nil }, sockets: race,
            shouldContinue: shouldContinue, blocking: blocking)
    }

    /// Asks a sentinel for the address of the primary: SENTINEL GET-MASTER-ADDR-BY-NAME name. Reply: host and port; null for an unknown
    /// name. Then ROLE, for the names that the sentinel knows.
    ///
    /// - Returns: the URL of the primary, with the account and the database of `url`.
    func primary(
        of group: SentinelGroup, from attempt: Attempt, for url: RedisURL
    ) throws(RedisError) -> RedisURL {
        // Closed before the socket of the primary is opened: a forked child closes one socket only.
        defer { opened(-1) }
        let sentinel = attempt.server
        let limit = min(attempt.limit, .seconds(1))
        var server: RedisURL?
        _ = try RedisConnection.open(
            to: sentinel, name: name, timeout: limit, deadline: attempt.end, bounds: .small, isSentinel: true,
            shouldContinue: shouldContinue, blocking: blocking, opened: opened, race: race
        ) { connection throws(RedisError) in
            server = try Self.primary(of: group, from: sentinel, over: &connection, for: url)
        }
        return server ?? url
    }

    private static func primary(
        of group: SentinelGroup, from sentinel: RedisURL, over connection: inout RedisConnection, for url: RedisURL
    ) throws(RedisError) -> RedisURL {
        var reply = try connection.call("SENTINEL", "GET-MASTER-ADDR-BY-NAME", group.name)
        if let error = reply.error {
            guard error.isUnknownCommand else {
                throw RedisError(error.code, "the sentinel \(sentinel) does not answer: \(error.description)")
            }
            throw RedisError(.noPrimary, "\(sentinel) is no sentinel. Give \(sentinel.serverURL) for a server itself")
        }
        guard try reply.array() == 2 else {
            let names = if case .sentinel(let names) = try? connection.role() { names } else { [String]() }
            let known = names.map { "'\(printable($0, limit: 100))'" }.joined(separator: ", ")
            throw RedisError(
                .noPrimary,
                "the sentinel \(sentinel) knows no primary '\(printable(group.name, limit: 100))'"
                    + (known.isEmpty ? "" : ", only \(known)"))
        }
        let host = try reply.string() ?? ""
        guard let port = try reply.string().flatMap({ Int($0) }), (1...65_535).contains(port), RedisURL.isHost(host)
        else {
            throw RedisError(.connection, "invalid reply from the sentinel \(sentinel)")
        }
        return url.withServer(host: host, port: port)
    }
}
