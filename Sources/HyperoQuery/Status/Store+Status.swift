import HyperoCore
import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads the state of the servers and of the ingest.
    ///
    ///     for warning in try store.status().warnings { print(warning) }
    ///
    /// Three round trips: the partitions, the state of all partitions and servers, and the oldest entry of each backlog.
    ///
    /// - Parameter now: the time from which ages are measured, in Unix milliseconds; nil for the present.
    /// - Throws: ``QueryError`` if Redis fails. Values that the account must not read are nil.
    public func status(now: Int64? = nil) throws(QueryError) -> StoreStatus {
        var warnings: [String] = []
        var partitions = try partitions(warnings: &warnings)
        if partitions.isEmpty { partitions = [layout.undivided] }
        var pipeline = CommandPipeline()
        let requests = partitions.map { PartitionStatusRequest($0, in: &pipeline) }
        var requestedServers: Set<RedisURL> = []
        let infos = partitions.compactMap { keyspace -> (server: RedisURL, reply: PendingReply<String?>)? in
            let server = connections.server(of: keyspace)
            guard requestedServers.insert(server).inserted else { return nil }
            return (server, pipeline.append("INFO", in: keyspace, as: .string))
        }
        let unread = layout.otherLayout.map { keyspace in
            (tag: keyspace.tag, count: pipeline.append("XLEN", keyspace.events, in: keyspace, as: .integer))
        }
        try connections.run(pipeline)
        try readOldestEntries(of: requests)

        let now = now ?? WallClock.milliseconds
        var partitionStatuses: [PartitionStatus] = []
        for request in requests { partitionStatuses.append(try request.status(warnings: &warnings)) }
        var servers: [ServerStatus] = []
        for (server, reply) in infos {
            servers.append(ServerStatus(url: "\(server)", info: try reply.valueIfAvailable() ?? nil))
        }
        for server in servers { warnings += server.warnings }
        for partition in partitionStatuses { warnings += partition.warnings(now: now) }
        var unreadCounts: [(tag: String, count: Int)] = []
        for (tag, reply) in unread {
            let count = try reply.valueIfAvailable() ?? 0
            if count > 0 { unreadCounts.append((tag, count)) }
        }
        warnings += layoutWarnings(partitions: partitions, unreadCounts: unreadCounts)
        return StoreStatus(servers: servers, partitions: partitionStatuses, warnings: warnings)
    }

    private func readOldestEntries(of requests: [PartitionStatusRequest]) throws(QueryError) {
        var pipeline = CommandPipeline()
        for request in requests { request.appendOldest(to: &pipeline) }
        try connections.run(pipeline)
    }

    /// Returns the warnings about clients that use another number of partitions.
    ///
    /// - Parameters:
    ///   - partitions: the explicit or discovered partitions.
    ///   - unreadCounts: the numbers of entries in streams outside the explicit partitions.
    private func layoutWarnings(partitions: [Keyspace], unreadCounts: [(tag: String, count: Int)]) -> [String] {
        if partitions.count > 1, partitions.contains(layout.undivided) {
            return [
                "the undivided keyspace \(layout.undivided.tag) exists beside "
                    + "\(counted(partitions.count - 1, noun: "partition")): some programs run with another number of "
                    + "partitions. A running hypero-ingest applies the entries of both"
            ]
        }
        return unreadCounts.map { unread in
            "\(counted(unread.count, noun: "entry", plural: "entries")) of \(unread.tag):events not read with "
                + "\(counted(partitions.count, noun: "partition")): a client logs with another number of partitions. "
                + "A running hypero-ingest applies them within a minute"
        }
    }
}
