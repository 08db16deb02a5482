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
            var reply = try receive(within: ClusterSlots.bounds)
            let slots = try ClusterSlots(&reply, ownHost: ownHost)
            guard let node = slots.node(at: host.isEmpty ? ownHost : host, port, owning: error.slot) else {
                return untrusted(host, port, because: "CLUSTER SLOTS of \(url) does not list it")
            }
            return RedisError(
                .redirected(host: host, port: port), error.description,
                redirect: VerifiedRedirect(node: node, slots: slots))
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

    /// Returns the id of the server in its cluster: CLUSTER MYID. An account of a cluster needs the permission `+cluster|myid`.
    ///
    /// - Returns: nil if the account may not ask, or the server is in no cluster.
    mutating func nodeID() throws(RedisError) -> String? {
        var reply = try call("CLUSTER", "MYID")
        return reply.error == nil ? try reply.string() : nil
    }
}

extension RedisError {
    /// The redirect of a slot for a redirect of one key (ASK), which ``RedisConnection/verified(_:)`` checks in the same way. Any other
    /// error as it is.
    package var asMoved: RedisError {
        guard case .ask(let host, let port) = code else { return self }
        return RedisError(.moved(host: host, port: port), description)
    }

    /// Returns this verified redirect for another redirect of the same server to the same address.
    package func repeated(for other: RedisError) -> RedisError {
        guard let redirect, case .redirected(let host, let port) = code,
            let node = redirect.slots.node(at: redirect.node.host, redirect.node.port, owning: other.slot)
        else { return self }
        return RedisError(
            .redirected(host: host, port: port), description,
            redirect: VerifiedRedirect(node: node, slots: redirect.slots))
    }
}
