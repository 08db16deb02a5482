import HyperoSchema

extension RedisConnection {
    /// Checks a redirect with the list of nodes that the redirecting server has, so that ``Topology/follow(_:)`` can follow
    /// the redirect. Any other error is returned as it is.
    ///
    /// Command: `CLUSTER SLOTS`, on this connection after all pending replies are read. A server that is not a node of a
    /// cluster refuses the command. An account of a cluster needs the permission `+cluster|slots`.
    ///
    /// - Returns: for a MOVED error ``RedisError/Code/redirected(host:port:)`` if the server lists the other one as a node,
    ///   else ``RedisError/Code/untrustedRedirect``; ``RedisError/Code/sentinel`` if a sentinel does not know a command; the error
    ///   of the connection if it fails meanwhile.
    package mutating func verified(_ error: RedisError) -> RedisError {
        if error.isUnknownCommand { return identified(error) }
        guard case .moved(let host, let port) = error.code else { return error }
        guard let ownHost = url.tcpHost else {
            return untrusted(host, port, because: "\(url) is not a node of a cluster")
        }
        do throws(RedisError) {
            while pendingReplies > 0 { _ = try receive() }
            var writer = RESPWriter(capacity: 64)
            writer.command("CLUSTER", "SLOTS")
            try send(writer)
            var reply = try receive(within: .medium)
            let nodes = try Self.nodes(in: &reply, ownHost: ownHost)
            guard nodes.contains(ClusterNode(host: host.isEmpty ? ownHost : host, port: port)) else {
                return untrusted(host, port, because: "CLUSTER SLOTS of \(url) does not list it")
            }
            return RedisError(.redirected(host: host, port: port), error.description, nodes: nodes)
        } catch {
            guard error.category != .connection else { return error }
            return untrusted(host, port, because: "CLUSTER SLOTS of \(url) failed: \(error.description)")
        }
    }

    private func untrusted(_ host: String, _ port: Int, because reason: String) -> RedisError {
        RedisError(.untrustedRedirect, "redirect to \(printable(host)):\(port) is not followed: \(reason)")
    }

    /// Returns the error of a URL that names a sentinel as if it were a server, if the server of the connection says that it is one, else
    /// the error as it is: ROLE.
    mutating func identified(_ error: RedisError) -> RedisError {
        do throws(RedisError) {
            while pendingReplies > 0 { _ = try receive() }
            guard case .sentinel(let names) = try role() else { return error }
            return .sentinel(url, names: names)
        } catch {
            return error
        }
    }

    /// Returns the nodes in the reply to CLUSTER SLOTS, without repetitions. The reply has for each range of slots its first and last
    /// slot, and nodes of host, port, id and more. A host that is null or empty is the host of the server that replied.
    static func nodes(in reply: inout Reply, ownHost: String) throws(RedisError) -> [ClusterNode] {
        var nodes: [ClusterNode] = []
        var known: Set<ClusterNode> = []
        for _ in 0..<(try reply.array() ?? 0) {
            let count = try reply.array() ?? 0
            for index in 0..<count {
                guard index >= 2, let size = reply.nextArrayCount, size >= 2 else {
                    try reply.skip()
                    continue
                }
                _ = try reply.array()
                let host = try reply.string() ?? ""
                let port = try reply.integer()
                for _ in 2..<size { try reply.skip() }
                let node = ClusterNode(host: host.isEmpty ? ownHost : host, port: port)
                guard (1...65_535).contains(port), RedisURL.isHost(node.host) else { continue }
                if known.insert(node).inserted { nodes.append(node) }
            }
        }
        return nodes
    }
}
