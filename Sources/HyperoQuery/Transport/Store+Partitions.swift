import HyperoRedis
import HyperoSchema

extension Store {
    /// Sends one command to each partition, and discovers the partitions by the replies if their number is not given.
    ///
    /// Discovery probes 16 partitions, then in each round trip as many as in all before, and ends when none of them is
    /// present. Absent partitions between present ones are normal, because no producer has used them yet. The server denies
    /// an account with access to only one layout the keys of the other. So during the discovery, the denial of a partition is
    /// an error only if the server denied or refused every command.
    ///
    /// - Parameters:
    ///   - probe: appends the command of a partition, and EXISTS by ``appendExistence(of:to:)`` if the value of a present
    ///     partition may be the fallback.
    ///   - fallback: the value of an absent key, or of a key that has the wrong type.
    /// - Returns: the present partitions with their values, in order.
    func probePartitions<Value: Equatable>(
        _ probe: (Keyspace, inout CommandPipeline) -> (value: PendingReply<Value>, exists: PendingReply<Int>?),
        fallback: Value, warnings: inout [String]
    ) throws(QueryError) -> [(keyspace: Keyspace, value: Value)] {
        var found: [(keyspace: Keyspace, value: Value)] = []
        var failure: QueryError?
        var isAnswered = false
        var probed = 0
        var candidates: [Keyspace]? = layout.firstCandidates
        while let keyspaces = candidates {
            var pipeline = CommandPipeline()
            let replies = keyspaces.map { probe($0, &pipeline) }
            try connections.run(pipeline)
            var foundDivided = false
            for (keyspace, (reply, exists)) in zip(keyspaces, replies) {
                isAnswered = isAnswered || reply.value != nil
                failure = failure ?? reply.denial ?? reply.refusal
                if let denial = reply.denial {
                    guard layout.explicit == nil else { throw denial }
                    continue
                }
                let value = try reply.value(or: fallback, warnings: &warnings)
                // Without permission for EXISTS, only a value proves that the partition exists.
                guard try exists?.valueIfPermitted() ?? 0 > 0 || value != fallback else { continue }
                found.append((keyspace, value))
                foundDivided = foundDivided || keyspace != layout.undivided
            }
            probed += keyspaces.count
            candidates = foundDivided ? layout.candidates(after: probed) : nil
        }
        if let failure, !isAnswered { throw failure }
        return found
    }

    /// Appends EXISTS of the cursor, the lease, the stream and the batteries, because each of them may be the first key of a
    /// partition.
    func appendExistence(of keyspace: Keyspace, to pipeline: inout CommandPipeline) -> PendingReply<Int> {
        pipeline.append(
            "EXISTS", keyspace.ingest, keyspace.lease, keyspace.events, keyspace.batteries, in: keyspace, as: .integer)
    }

    /// Returns the explicit partitions, or else the partitions that have at least one key.
    func partitions(warnings: inout [String]) throws(QueryError) -> [Keyspace] {
        if let explicit = layout.explicit { return explicit }
        return try probePartitions(
            { (appendExistence(of: $0, to: &$1), nil) }, fallback: 0, warnings: &warnings
        ).map(\.keyspace)
    }
}
