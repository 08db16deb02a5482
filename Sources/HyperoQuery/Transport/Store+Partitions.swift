import HyperoRedis
import HyperoSchema

extension Store {
    /// Asks every partition the same, and looks for the partitions on the way when nobody said how many there are.
    ///
    /// Partitions are looked for 16 at a time, in one round trip, until none of 16 has an answer. A partition without one
    /// between others is nothing special: no producer has come to it yet. An account that may read one layout only is
    /// denied the other, which is no error as long as something is found.
    func askEverywhere<Value>(
        _ ask: (inout CommandPipeline, Keyspace) -> PendingReply<Value>, isThere: (Value) -> Bool,
        _ warnings: inout [String],
        fallback: Value
    ) throws(QueryError) -> [(keyspace: Keyspace, value: Value)] {
        var found: [(keyspace: Keyspace, value: Value)] = []
        var denial: RedisError?
        var asked = 0
        var candidates: [Keyspace]? = layout.first
        while let keyspaces = candidates {
            var batch = CommandPipeline()
            let answers = keyspaces.map { ask(&batch, $0) }
            try session.run(batch)
            var isLastThere = false
            for (keyspace, answer) in zip(keyspaces, answers) {
                if case .failure(let error) = answer.result, error.category == .denied {
                    denial = denial ?? error
                    continue
                }
                let value = try session.checked { () throws(RedisError) in try answer.value(or: fallback, &warnings) }
                let isHere = isThere(value)
                if isHere { found.append((keyspace, value)) }
                isLastThere = isLastThere || isHere && keyspace != layout.undivided
            }
            asked += keyspaces.count
            candidates = isLastThere ? layout.next(after: asked) : nil
        }
        if let denial, found.isEmpty { throw QueryError(denial, at: session.home) }
        return found
    }

    /// The partitions that hold anything, or those that were named.
    ///
    /// EXISTS of the lease, the cursor, the stream and the batteries: a partition may have any of them first.
    func partitions(_ warnings: inout [String]) throws(QueryError) -> [Keyspace] {
        if let given = layout.given { return given }
        return try askEverywhere(
            { batch, keyspace in
                batch.ask(
                    keyspace, "EXISTS", keyspace.ingest, keyspace.lease, keyspace.events, keyspace.batteries
                ) { reply throws(RedisError) in try reply.integer() }
            }, isThere: { $0 > 0 }, &warnings, fallback: 0
        ).map(\.keyspace)
    }
}
