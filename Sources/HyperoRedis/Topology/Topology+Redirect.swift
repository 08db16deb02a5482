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
        /// True if no configured server has the address that the node announces.
        let isUnknown: Bool

        /// True if the server has redirected to itself, which does not own the slot.
        var isToItself: Bool { announced == source }
    }

    /// Connects to the node that a redirect names: at the address that the node announces, or, if that does not answer, at the
    /// configured server that is this node.
    ///
    /// The addresses that nodes announce may be those of another network, such as one of containers. All configured servers are asked
    /// for their ids then, so that the announced addresses of the other nodes cost no time.
    mutating func connect(to redirect: Redirect, by connector: Connector) throws(RedisError) -> RedisConnection {
        let isSearchPossible =
            redirect.node.id != nil
            && configured.contains { $0 != redirect.announced && $0 != redirect.source }
        let limit = isSearchPossible ? min(connector.timeout, firstLimit) : connector.timeout
        let end = MonotonicTime.now + (isSearchPossible ? Self.maxWait : max(Self.maxWait, connector.timeout * 2))
        var trial = Trial(redirect: redirect, limit: limit, end: isSearchPossible ? .now + limit : end)
        if let known = substitute(of: redirect.node) {
            if let connection = try connect(to: known, &trial, by: connector) { return connection }
            forget(known)
            trial.end = isSearchPossible ? .now + limit : end
        }
        if let connection = try connect(to: redirect.announced, &trial, by: connector) { return connection }
        let announcedFailure = trial.failure
        if isSearchPossible {
            learnIDs(for: redirect, until: end, by: connector)
            trial.end = end
            if let found = substitute(of: redirect.node), found != redirect.source,
                let connection = try connect(to: found, &trial, by: connector)
            {
                return connection
            }
        }
        current = redirect.announced
        // The node may have another id since it was listed, and a busy one may need longer.
        if trial.isOtherNode || isSearchPossible && announcedFailure?.isTimeout == true {
            trial.limit = min(connector.timeout, maxWaitForOne)
            trial.end = max(end, .now + ConnectionAttempts<RedisURL>.minLimit)
            trial.acceptsOtherNode = trial.isOtherNode
            if let connection = try connect(to: redirect.announced, &trial, by: connector) { return connection }
        }
        throw redirect.explained(trial.failure ?? announcedFailure)
    }

    /// The attempts to connect to the node of a redirect.
    private struct Trial {
        let redirect: Redirect
        var limit: Duration
        var end: MonotonicTime
        /// The latest error of the announced address.
        var failure: RedisError?
        /// True if another node has answered at the announced address.
        var isOtherNode = false
        var acceptsOtherNode = false
    }

    /// Connects to a server if it is the node of a redirect.
    ///
    /// - Returns: nil if the server cannot be used.
    private mutating func connect(
        to server: RedisURL, _ trial: inout Trial, by connector: Connector
    ) throws(RedisError) -> RedisConnection? {
        let redirect = trial.redirect
        let isAnnounced = server == redirect.announced
        var isOtherNode = false
        do throws(RedisError) {
            guard !isAnnounced || redirect.node.host != ClusterNode.unknownHost else { throw redirect.unknownHost }
            guard !isAnnounced || !redirect.isToItself else { throw redirect.toItself }
            let isAnyAccepted = redirect.node.id == nil || trial.acceptsOtherNode
            let attempt = Connector.Attempt(server: server, limit: trial.limit, end: trial.end)
            let connection = try connector.connect(to: server, attempt) { connection throws(RedisError) in
                guard !isAnyAccepted else { return }
                let id = try connection.nodeID()
                guard id != redirect.node.id, id != nil || !isAnnounced else { return }
                isOtherNode = true
                throw RedisError(.connection, "\(server) is another node of the cluster")
            }
            current = connection.url
            return connection
        } catch {
            connector.opened(-1)
            if isAnnounced { (trial.failure, trial.isOtherNode) = (error, isOtherNode) }
            guard connector.shouldContinue() else { throw error }
            return nil
        }
    }

    /// Asks the configured servers for their ids (CLUSTER MYID): those that answer a PING, and the others until the node of the redirect
    /// is found.
    private mutating func learnIDs(for redirect: Redirect, until end: MonotonicTime, by connector: Connector) {
        let servers = Array(configured)
        var attempts = ConnectionAttempts(
            servers, deadline: end, limit: min(connector.timeout, maxWaitForOne), firstLimit: firstLimit)
        let answering = connector.answering(servers, within: Self.raceLimit)
        attempts.rank(answering)
        var remaining = answering.count
        while remaining > 0 || substitute(of: redirect.node) == nil, connector.shouldContinue(),
            let attempt = attempts.next()
        {
            remaining -= 1
            do throws(RedisError) {
                _ = try connector.connect(to: attempt.server, attempt) { connection throws(RedisError) in
                    if let id = try connection.nodeID() { learn(id, of: attempt.server) }
                }
            } catch {
                attempts.fail(attempt, error)
            }
            connector.opened(-1)
        }
    }
}

extension Topology.Redirect {
    /// Returns the error of the announced address with advice for the configuration of the nodes.
    fileprivate func explained(_ failure: RedisError?) -> RedisError {
        let failure = failure ?? RedisError(.connection, "cannot connect to \(announced)")
        guard node.host != ClusterNode.unknownHost else { return failure }
        guard hasUnknownServers || isToItself else {
            // The user has never seen an address that is not configured.
            guard isUnknown else { return failure }
            return RedisError(
                failure.code, "\(failure.description), an address that \(source) announces for a node of the cluster")
        }
        return RedisError(
            failure.code,
            "\(failure.description). \(source) announces this address: if the node runs, correct its "
                + "cluster-announce-ip and cluster-announce-port")
    }

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
