import HyperoSchema

/// The role of a server in its replication.
enum ServerRole: Sendable, Hashable {
    case primary
    case replica
    /// A sentinel, which has no keys, with the names of the primaries that it watches.
    case sentinel([String])
}

extension RedisConnection {
    /// Reads the role of the server: ROLE.
    ///
    /// - Returns: nil if the account may not ask.
    mutating func role() throws(RedisError) -> ServerRole? {
        var reply = try call("ROLE")
        return try Self.role(in: &reply)
    }

    /// Reads the role of the server, and the nodes of its cluster, in one round trip: ROLE, and over TCP CLUSTER SLOTS.
    ///
    /// - Parameter limit: the time limit, instead of that of the connection.
    /// - Returns: nil, or no nodes, if the account may not ask or the server is in no cluster.
    mutating func identity(within limit: Duration) throws(RedisError) -> (role: ServerRole?, nodes: [ClusterNode]) {
        let usual = timeout
        timeout = limit
        defer { timeout = usual }
        var writer = RESPWriter(capacity: 64)
        writer.command("ROLE")
        if url.tcpHost != nil { writer.command("CLUSTER", "SLOTS") }
        try send(writer)
        var first = try receive(within: .small)
        let role = try Self.role(in: &first)
        guard let ownHost = url.tcpHost else { return (role, []) }
        var slots = try receive(within: ClusterSlots.bounds)
        guard slots.error == nil else { return (role, []) }
        return (role, try ClusterSlots(&slots, ownHost: ownHost).nodes)
    }

    private static func role(in reply: inout Reply) throws(RedisError) -> ServerRole? {
        guard reply.error == nil, try reply.array() ?? 0 > 0 else { return nil }
        switch try reply.string() {
        case "master": return .primary
        case "slave": return .replica
        case "sentinel":
            var names: [String] = []
            for _ in 0..<min(try reply.array() ?? 0, 10) {
                if let name = try reply.string() { names.append(name) }
            }
            return .sentinel(names)
        default: return nil
        }
    }
}

extension RedisError {
    /// The error of a URL that names a sentinel as if it were a server.
    static func sentinel(_ url: RedisURL, names: [String]) -> RedisError {
        let name = names.first.map { printable($0, limit: 100) } ?? "NAME"
        let server = url.serverURL.dropFirst(url.scheme.utf8.count)
        return RedisError(
            .sentinel,
            "\(url) is a Sentinel, which has no keys. Give \(url.sentinelScheme)\(server)/\(name)")
    }
}
