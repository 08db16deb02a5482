import HyperoCore
import HyperoRedis
import HyperoSchema

/// The right to write a partition's indexes: a key with an expiry that holds the owner's name.
struct Lease {
    let keys: Keyspace
    /// Unique among all partitions of all processes.
    let owner: String
    let duration: Duration

    /// Acquires the lease if no ingest holds it: UNWATCH, SET lease owner NX PX ms, GET lease.
    ///
    /// - Returns: whether this owner holds the lease; true also if it has held the lease before, for example after a broken
    ///   connection.
    /// - Throws: the server's error, after all replies were read.
    func acquire(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        var writer = RESPWriter(capacity: 512)
        // The WATCH of a write that failed would abort the next transaction.
        writer.command("UNWATCH")
        writer.command("SET", keys.lease, owner, "NX", "PX", String(duration.wholeMilliseconds))
        writer.command("GET", keys.lease)
        try connection.send(writer)
        _ = try connection.receive()
        let set = try connection.receive().error
        var get = try connection.receive()
        guard get.error == nil, try get.string() == owner else {
            // An error of SET, such as OOM, is not about the key. SET NX does not detect a wrong type, GET does.
            if let error = set ?? get.error?.naming(key: keys.lease, expected: .string) { throw error }
            return false
        }
        return true
    }

    /// Releases the lease if this owner holds it: WATCH lease, GET lease, then MULTI, DEL lease, HSET ingest released
    /// owner, EXEC.
    ///
    /// The next owner starts at once, and the field tells it that this owner has not crashed.
    func release(over connection: inout RedisConnection) throws(RedisError) {
        var writer = RESPWriter(capacity: 512)
        writer.command("WATCH", keys.lease)
        writer.command("GET", keys.lease)
        try connection.send(writer)
        _ = try connection.receive()
        var get = try connection.receive()
        guard try get.string() == owner else { return }
        writer.removeAll()
        writer.command("MULTI")
        writer.command("DEL", keys.lease)
        writer.command("HSET", keys.ingest, IngestField.released, owner)
        writer.command("EXEC")
        try connection.send(writer)
        for _ in 0..<4 { _ = try connection.receive() }
    }
}
