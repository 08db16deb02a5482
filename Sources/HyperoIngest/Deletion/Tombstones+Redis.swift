import HyperoRedis
import HyperoSchema

extension Tombstones {
    /// The number of members per command.
    private static let partCount = 10_000

    /// Removes the expired tombstones: ZRANGE deleted 0 n WITHSCORES, then ZREM deleted id … in fenced transactions.
    ///
    /// The list is in the order of time, so that only the expired ones are read, and some others.
    ///
    /// - Parameter now: the server's clock in Unix milliseconds.
    /// - Returns: whether there are others; nil if the state must be read again.
    static func removeExpired(
        in keyspace: Keyspace, now: Int64, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool? {
        while true {
            var reply = try connection.call("ZRANGE", keyspace.deleted, "0", String(partCount - 1), "WITHSCORES")
            if let error = reply.error { throw error.naming(key: keyspace.deleted, expected: .sortedSet) }
            let found = try reply.pairs()
            let expired = found.prefix { isExpired(time(ofScore: $0.value), at: now) }
            if !expired.isEmpty {
                let errors = try fence.commit(over: &connection) { writer in
                    writer.add("ZREM", key: keyspace.deleted, expired.map(\.name))
                }
                guard let errors else { return nil }
                if let error = errors.first?.error { throw error.naming(key: keyspace.deleted, expected: .sortedSet) }
            }
            guard expired.count == found.count else { return true }
            guard found.count == partCount else { return false }
            if fence.isDue, try !fence.renew(over: &connection) { return nil }
        }
    }

    /// Returns the time of a deletion in Unix milliseconds; 0 for a score that is none.
    static func time(ofScore score: String) -> Int64 {
        Double(score).flatMap { Int64(exactly: $0.rounded()) } ?? 0
    }
}
