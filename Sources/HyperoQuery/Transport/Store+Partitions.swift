import HyperoRedis
import HyperoSchema

extension Store {
    /// Sends one command to each partition, and discovers the partitions by the replies if their number is not given.
    ///
    /// Discovery probes 16 partitions, then in each round trip as many as in all before, and ends when none of them is
    /// present. Absent partitions between present ones are normal, because no producer has used them yet. The server denies
    /// an account with access to only one layout the keys of the other. So during the discovery, the denial of a partition is
    /// an error only if the server denied or refused every command. Partitions that do not answer are left out, with a warning.
    ///
    /// - Parameters:
    ///   - probe: appends the command of a partition, and EXISTS by ``appendExistence(of:to:)`` if the value of a present
    ///     partition may be the fallback.
    ///   - fallback: the value of an absent key, or of a key that has the wrong type.
    /// - Returns: the present partitions with their values, in order.
    func probePartitions<Value: Equatable>(
        _ probe: (Keyspace, inout CommandPipeline) -> (value: PendingReply<Value>, exists: Existence?),
        fallback: Value, warnings: inout [String]
    ) throws(QueryError) -> [(keyspace: Keyspace, value: Value)] {
        try probeAll(
            { keyspace, pipeline in
                let (value, exists) = probe(keyspace, &pipeline)
                return Probe(value: value, exists: exists)
            }, fallback: fallback, warnings: &warnings)
    }

    /// The commands that find out whether a partition exists, one per key: a server refuses a command with several keys while
    /// their hash slot migrates.
    struct Existence {
        let replies: [PendingReply<Int>]

        /// Returns whether one of the keys exists; false if the account must not know it.
        func isPresent() throws(QueryError) -> Bool {
            var isPresent = false
            for reply in replies { isPresent = try reply.valueIfPermitted() ?? 0 > 0 || isPresent }
            return isPresent
        }

        var isAnswered: Bool { replies.contains { $0.value != nil } }
        /// The first error if the account must not run any of the commands.
        var denial: QueryError? { isAnswered ? nil : replies.lazy.compactMap(\.denial).first }
        var refusal: QueryError? { isAnswered ? nil : replies.lazy.compactMap(\.refusal).first }
    }

    private struct Probe<Value> {
        let value: PendingReply<Value>?
        let exists: Existence?

        var isAnswered: Bool { value.map { $0.value != nil } ?? exists?.isAnswered ?? false }
        var denial: QueryError? { value == nil ? exists?.denial : value?.denial }
        var refusal: QueryError? { value == nil ? exists?.refusal : value?.refusal }
    }

    private func probeAll<Value: Equatable>(
        _ append: (Keyspace, inout CommandPipeline) -> Probe<Value>, fallback: Value, warnings: inout [String]
    ) throws(QueryError) -> [(keyspace: Keyspace, value: Value)] {
        var found: [(keyspace: Keyspace, value: Value)] = []
        var failure: QueryError?
        var isAnswered = false
        var probed: [Keyspace] = []
        var candidates: [Keyspace]? = layout.firstCandidates
        while let keyspaces = candidates {
            var pipeline = CommandPipeline()
            let answering = answering(keyspaces)
            let replies = answering.map { append($0, &pipeline) }
            try connections.run(pipeline)
            var foundDivided = false
            for (keyspace, reply) in zip(answering, replies) {
                isAnswered = isAnswered || reply.isAnswered
                failure = failure ?? reply.denial ?? reply.refusal
                if let denial = reply.denial {
                    guard layout.explicit == nil else { throw denial }
                    continue
                }
                let value = try reply.value?.value(or: fallback, warnings: &warnings) ?? fallback
                // Without permission for EXISTS, only a value proves that the partition exists.
                guard try reply.exists?.isPresent() ?? false || value != fallback else { continue }
                found.append((keyspace, value))
                foundDivided = foundDivided || keyspace != layout.undivided
            }
            probed += keyspaces
            candidates = foundDivided ? layout.candidates(after: probed.count) : nil
        }
        if let failure, !isAnswered { throw failure }
        let present = layout.explicit.map(answering) ?? found.map(\.keyspace)
        try reportLeftOut(among: probed, present: present, warnings: &warnings)
        return found
    }

    /// Returns the partitions without those that have failed during the query.
    func answering(_ keyspaces: [Keyspace]) -> [Keyspace] {
        let failures = connections.failures.partitions
        return failures.isEmpty ? keyspaces : keyspaces.filter { failures[$0] == nil }
    }

    /// Appends EXISTS of the cursor, the lease, the stream and the batteries, because each of them may be the first key of a
    /// partition.
    func appendExistence(of keyspace: Keyspace, to pipeline: inout CommandPipeline) -> Existence {
        Existence(
            replies: [keyspace.ingest, keyspace.lease, keyspace.events, keyspace.batteries].map {
                pipeline.append("EXISTS", $0, in: keyspace, as: .integer)
            })
    }

    /// Returns the explicit partitions, or else the partitions that have at least one key, without those that do not answer.
    func partitions(warnings: inout [String]) throws(QueryError) -> [Keyspace] {
        if let explicit = layout.explicit {
            let present = answering(explicit)
            try reportLeftOut(among: explicit, present: present, warnings: &warnings)
            return present
        }
        return try probeAll(
            { Probe<Int>(value: nil, exists: appendExistence(of: $0, to: &$1)) }, fallback: 0, warnings: &warnings
        ).map(\.keyspace)
    }
}
