import HyperoCore

extension Topology {
    /// A node of the cluster that a redirect names.
    struct Redirect: Sendable, Hashable {
        let node: ClusterNode
        /// The address that the node announces.
        let announced: RedisURL
        /// The server that has redirected.
        let source: RedisURL
        /// True if the cluster does not list some of the configured servers under their configured addresses.
        let hasUnknownServers: Bool

        /// True if the server has redirected to itself, which does not own the slot.
        var isToItself: Bool { announced == source }
    }

    /// Connects to the node that a redirect names: at the address that the node announces, or, if that does not answer, at the
    /// configured server that is this node.
    ///
    /// The addresses that nodes announce may be those of another network, such as one of containers.
    mutating func connect(to redirect: Redirect, by connector: Connector) throws(RedisError) -> RedisConnection {
        let others = servers.prefix(configuredCount).filter { $0 != redirect.announced && $0 != redirect.source }
        let isSearchPossible = redirect.node.id != nil && !others.isEmpty
        let limit = isSearchPossible ? min(connector.timeout, Self.maxWaitForOne) : connector.timeout
        let known = substitutes[redirect.node].map { [$0] } ?? []
        var attempts = ConnectionAttempts(
            known + [redirect.announced] + (isSearchPossible ? others : []), deadline: .now + Self.maxWait, limit: limit
        )
        var failure: RedisError?
        var isOtherNode = false
        while let attempt = attempts.next() {
            let isAnnounced = attempt.server == redirect.announced
            do throws(RedisError) {
                guard !isAnnounced || redirect.node.host != ClusterNode.unknownHost else { throw redirect.unknownHost }
                guard !isAnnounced || !redirect.isToItself else { throw redirect.toItself }
                let connection = try connector.connect(to: attempt.server, attempt) { connection throws(RedisError) in
                    let id = redirect.node.id == nil ? nil : try connection.nodeID()
                    guard id != redirect.node.id, id != nil || !isAnnounced else { return }
                    if isAnnounced { isOtherNode = true }
                    throw RedisError(.connection, "\(attempt.server) is another node of the cluster")
                }
                substitutes[redirect.node] = isAnnounced ? nil : attempt.server
                current = connection.url
                return connection
            } catch {
                connector.opened(-1)
                if isAnnounced { failure = error }
                guard connector.shouldContinue() else { throw error }
                attempts.fail(attempt, error)
            }
        }
        substitutes[redirect.node] = nil
        current = redirect.announced
        guard let failure, !isOtherNode else {
            // The node may have another id since it was listed.
            return try connector.connect(
                to: redirect.announced,
                Connector.Attempt(server: redirect.announced, limit: limit, total: nil)
            ) { _ in }
        }
        throw (redirect.hasUnknownServers || redirect.isToItself) && redirect.node.host != ClusterNode.unknownHost
            ? RedisError(
                failure.code,
                "\(failure.description). \(redirect.source) announces this address: if the node runs, correct its "
                    + "cluster-announce-ip and cluster-announce-port") : failure
    }
}

extension Topology.Redirect {
    fileprivate var toItself: RedisError {
        RedisError(.connection, "cannot connect to the owner of a hash slot: \(source) redirects to itself")
    }

    fileprivate var unknownHost: RedisError {
        RedisError(
            .connection,
            "cannot connect to \(announced): the node announces no host name. Set its cluster-announce-hostname, or "
                + "cluster-preferred-endpoint-type ip")
    }
}

extension RedisURL {
    /// Returns whether the URL names the address that a node announces.
    func isAddress(of node: ClusterNode) -> Bool { addresses == [.tcp(host: node.host, port: node.port)] }
}
