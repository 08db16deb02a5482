import HyperoCore
import HyperoSchema

/// The arguments that all connections of one call of ``Topology`` have in common.
struct Connector {
    typealias Attempt = ConnectionAttempts<RedisURL>.Attempt

    let name: String
    let timeout: Duration
    let bounds: ReplyBounds
    let shouldContinue: () -> Bool
    let blocking: (() -> Void) -> Void
    let opened: (CInt) -> Void

    /// - Parameter check: throws if the server of the connection cannot be used. Another address of its name is then tried.
    func connect(
        to url: RedisURL, _ attempt: Attempt,
        check: (inout RedisConnection) throws(RedisError) -> Void
    ) throws(RedisError) -> RedisConnection {
        try RedisConnection.open(
            to: url, name: name, timeout: timeout, connectTimeout: attempt.limit, totalTimeout: attempt.total,
            bounds: bounds, shouldContinue: shouldContinue, blocking: blocking, opened: opened, check: check)
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
            addresses, within: limit, encrypted: servers.contains { $0.tls != nil }, shouldContinue: shouldContinue,
            blocking: blocking)
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
        var connection = try RedisConnection.open(
            to: sentinel, name: name, timeout: limit, totalTimeout: attempt.total, bounds: .small, isSentinel: true,
            shouldContinue: shouldContinue, blocking: blocking, opened: opened)
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
