import HyperoRedis
import HyperoSchema

extension Tombstones {
    /// The number of members per command.
    private static let partCount = 10_000

    /// Reads the tombstones, and removes the expired ones: ZRANGE deleted start stop WITHSCORES, ZREM deleted id …
    ///
    /// - Parameter now: the server's clock in Unix milliseconds.
    init(
        in keyspace: Keyspace, now: Int64, over connection: inout RedisConnection
    ) throws(RedisError) {
        var times: [String: Int64] = [:]
        var expired: [String] = []
        var start = 0
        while true {
            var reply = try connection.call(
                "ZRANGE", keyspace.deleted, String(start), String(start + Self.partCount - 1), "WITHSCORES")
            if let error = reply.error { throw error.naming(key: keyspace.deleted, expected: .sortedSet) }
            let found = try reply.pairs()
            for (id, score) in found {
                let time = Double(score).flatMap { Int64(exactly: $0.rounded()) } ?? 0
                if Self.isExpired(time, at: now) { expired.append(id) } else { times[id] = time }
            }
            guard found.count == Self.partCount else { break }
            start += Self.partCount
        }
        for start in stride(from: 0, to: expired.count, by: Self.partCount) {
            let part = expired[start..<min(start + Self.partCount, expired.count)]
            var writer = RESPWriter()
            writer.add("ZREM", key: keyspace.deleted, part)
            try connection.send(writer)
            let reply = try connection.receive()
            if let error = reply.error { throw error }
        }
        self.init(times: times)
    }
}
