import HyperoSchema

extension RedisConnection {
    /// Checks a redirect with the list of nodes that the redirecting server has, so that ``Topology/follow(_:)`` can follow
    /// the redirect. Any other error is returned as it is.
    ///
    /// Command: `CLUSTER SLOTS`, on this connection after all pending replies are read. A server that is not a node of a
    /// cluster refuses the command. An account of a cluster needs the permission `+cluster|slots`.
    ///
    /// - Returns: for a MOVED error ``RedisError/Code/redirected(host:port:)`` if the server lists the other one as a node,
    ///   else ``RedisError/Code/untrustedRedirect``; the error of the connection if it fails meanwhile.
    package mutating func verified(_ error: RedisError) -> RedisError {
        guard case .moved(let host, let port) = error.code else { return error }
        guard let ownHost = url.tcpHost else {
            return untrusted(host, port, because: "\(url) is not a node of a cluster")
        }
        do throws(RedisError) {
            while pendingReplies > 0 { _ = try receive() }
            var reply = try call("CLUSTER", "SLOTS")
            guard try Self.lists(host.isEmpty ? ownHost : host, port, in: &reply, ownHost: ownHost) else {
                return untrusted(host, port, because: "CLUSTER SLOTS of \(url) does not list it")
            }
            return RedisError(.redirected(host: host, port: port), error.description)
        } catch {
            guard error.category != .connection else { return error }
            return untrusted(host, port, because: "CLUSTER SLOTS of \(url) failed: \(error.description)")
        }
    }

    private func untrusted(_ host: String, _ port: Int, because reason: String) -> RedisError {
        RedisError(.untrustedRedirect, "redirect to \(printable(host)):\(port) is not followed: \(reason)")
    }

    /// Returns whether the reply to CLUSTER SLOTS lists a node: for each range of slots its first and last slot, and nodes
    /// of host, port, id and more. A host that is null or empty is the host of the server that replied.
    private static func lists(
        _ host: String, _ port: Int, in reply: inout Reply, ownHost: String
    ) throws(RedisError) -> Bool {
        var isListed = false
        for _ in 0..<(try reply.array() ?? 0) {
            let count = try reply.array() ?? 0
            for index in 0..<count {
                guard index >= 2, let size = reply.nextArrayCount, size >= 2 else {
                    try reply.skip()
                    continue
                }
                _ = try reply.array()
                let listed = try reply.string() ?? ""
                let listedPort = try reply.integer()
                for _ in 2..<size { try reply.skip() }
                if (listed.isEmpty ? ownHost : listed) == host, listedPort == port { isListed = true }
            }
        }
        return isListed
    }
}
