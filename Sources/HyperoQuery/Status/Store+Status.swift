import HyperoCore
import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads the state of the servers and of the ingest.
    ///
    ///     for warning in try store.status().warnings { print(warning) }
    ///
    /// Three round trips: the partitions, the state of all partitions and servers, and the oldest entry of each backlog. Of several
    /// servers, the primary is read from if it answers.
    ///
    /// - Parameters:
    ///   - now: the time from which ages are measured, in Unix milliseconds; nil for the present.
    ///   - bounds: the bounds of the entries that wait.
    /// - Throws: ``QueryError`` if Redis fails. Values that the account must not read are nil, and a warning names the commands,
    ///   except for INFO and CLIENT LIST.
    public func status(now: Int64? = nil, bounds: StatusBounds = StatusBounds()) throws(QueryError) -> StoreStatus {
        try answer { () throws(QueryError) in try readStatus(now: now, bounds: bounds) }
    }

    private func readStatus(now: Int64?, bounds: StatusBounds) throws(QueryError) -> StoreStatus {
        connections.preferPrimary()
        var warnings: [String] = []
        var partitions = try partitions(warnings: &warnings)
        if partitions.isEmpty { partitions = [layout.undivided] }
        var pipeline = CommandPipeline()
        let requests = partitions.map { PartitionStatusRequest($0, in: &pipeline) }
        var serverRequest = ServerStatusRequest()
        // No command of explicit partitions was answered before, so that their servers are not known.
        if layout.explicit == nil { serverRequest.append(for: partitions, of: connections, to: &pipeline) }
        let others = answering(layout.otherLayout).map { PartitionStatusRequest($0, in: &pipeline) }
        try connections.run(pipeline)
        if let refusal = requests.first?.refusal, requests.allSatisfy({ $0.refusal != nil }) { throw refusal }
        try readRest(of: requests + others, in: partitions, &serverRequest)

        let now = now ?? WallClock.milliseconds
        var partitionStatuses: [PartitionStatus] = []
        for request in requests { partitionStatuses.append(try request.status(warnings: &warnings)) }
        let servers = try serverRequest.statuses()
        for server in servers { warnings += server.warnings(isOneOfSeveral: connections.seed.namesSeveral) }
        warnings += connections.seed.unknownHosts()
        if let warning = IndependentPrimaries(of: connections.seed).warning { warnings.append(warning) }
        let former = formerPartitions(among: partitionStatuses)
        let ingests = try serverRequest.ingests(database: connections.seed.database)
        for index in partitionStatuses.indices {
            let isFormer = former.contains(partitionStatuses[index].tag)
            partitionStatuses[index].isAtRest =
                isFormer && partitionStatuses[index].backlog == 0 && partitionStatuses[index].waitingCommands == 0
            if let ingests, partitionStatuses[index].lease != .unknown {
                let (tag, owner) = (partitionStatuses[index].tag, partitionStatuses[index].lease.owner)
                partitionStatuses[index].standbys = ingests.standbys(of: tag, owner: owner)
                partitionStatuses[index].isOwnerGone = owner.map { ingests.isGone($0, of: tag) } ?? false
            }
            warnings += partitionStatuses[index].warnings(now: now, bounds: bounds, isFormer: isFormer)
        }
        // The malformed values of other partitions are reported by a status of those.
        var ignored: [String] = []
        var otherStatuses: [PartitionStatus] = []
        for request in others { otherStatuses.append(try request.status(warnings: &ignored)) }
        warnings += layoutWarnings(partitionStatuses, former: former, others: otherStatuses)
        partitionStatuses += leftOutPartitions.filter(\.isKnown).map { PartitionStatus(leftOut: $0) }
        // The number of digits orders {hypero:2} before {hypero:10}.
        partitionStatuses.sort { ($0.tag.utf8.count, $0.tag) < ($1.tag.utf8.count, $1.tag) }
        return StoreStatus(servers: servers, partitions: partitionStatuses, warnings: warnings)
    }

    /// Reads the oldest entry of each backlog, and the state of the servers that have not been asked.
    private func readRest(
        of requests: [PartitionStatusRequest], in partitions: [Keyspace], _ servers: inout ServerStatusRequest
    ) throws(QueryError) {
        var pipeline = CommandPipeline()
        for request in requests { request.appendOldest(to: &pipeline) }
        servers.append(for: answering(partitions), of: connections, to: &pipeline)
        try connections.run(pipeline)
    }

    /// Returns the tags of the partitions of an earlier number of partitions: an ingest owns none of them, and owns one of
    /// the others. The owner of a partition writes its number of partitions there.
    private func formerPartitions(among partitions: [PartitionStatus]) -> Set<String> {
        if let size = partitions.filter(\.lease.isHeld).compactMap(\.deploymentSize).max() {
            // Any client can write the number, so it is checked.
            let present = try? Keyspace.all(namespace: layout.namespace, partitions: size)
            let tags = Set((present ?? []).map(\.tag))
            let former = partitions.filter { !$0.lease.isHeld && $0.lease != .unknown && !tags.contains($0.tag) }
            if !tags.isEmpty { return Set(former.map(\.tag)) }
        }
        let undivided = partitions.filter { $0.tag == layout.undivided.tag }
        let divided = partitions.filter { $0.tag != layout.undivided.tag }
        func isOwned(_ partitions: [PartitionStatus]) -> Bool { partitions.contains { $0.lease.isHeld } }
        if isOwned(divided), !isOwned(undivided) { return Set(undivided.map(\.tag)) }
        if isOwned(undivided), !isOwned(divided) { return Set(divided.map(\.tag)) }
        return []
    }

    /// Returns the warnings about clients that use another number of partitions.
    ///
    /// - Parameters:
    ///   - partitions: the explicit or discovered partitions.
    ///   - former: the tags of those that belong to an earlier number of partitions.
    ///   - others: the partitions of another number, if the number is explicit.
    private func layoutWarnings(
        _ partitions: [PartitionStatus], former: Set<String>, others: [PartitionStatus]
    ) -> [String] {
        if former.isEmpty, partitions.count > 1, partitions.contains(where: { $0.tag == layout.undivided.tag }) {
            return [
                "\(layout.undivided.tag), the keys of a deployment with one partition, exists beside "
                    + "\(partitions[1].tag)\(partitions.count > 2 ? " and others" : ""), the keys of one with several: some "
                    + "programs run with another number of partitions. A running hypero-ingest applies the entries of both"
            ]
        }
        let unread = partitions.filter { former.contains($0.tag) } + others
        return unread.filter { $0.backlog ?? $0.streamLength ?? 0 > 0 }.map { partition in
            let entries = partition.backlog.map { counted($0, noun: "entry", plural: "entries") } ?? "entries"
            return "\(entries) of \(partition.tag):events not applied yet: a client logs with another number of "
                + "partitions. A running hypero-ingest applies them within a minute"
        }
    }
}
