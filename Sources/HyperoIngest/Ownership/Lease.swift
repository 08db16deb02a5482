import HyperoCore
import HyperoRedis
import HyperoSchema

/// Who may write a partition's indexes: a key with an expiry that holds the owner's name.
struct Lease {
    let key: String
    /// Unique to a partition of a process.
    let owner: String
    let duration: Duration

    /// UNWATCH, SET key owner NX PX ms, GET key: takes the lease when nobody has it.
    ///
    /// - Returns: whether it is ours now; also when it still was, as after a broken connection.
    /// - Throws: the server's error, after all replies were taken.
    func take(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        var writer = RESPWriter(capacity: 512)
        // A WATCH that an error left behind would abort the next transaction.
        writer.command("UNWATCH")
        writer.command("SET", key, owner, "NX", "PX", String(duration.wholeMilliseconds))
        writer.command("GET", key)
        try connection.send(writer)
        _ = try connection.receive()
        let set = try connection.receive().error
        var get = try connection.receive()
        guard get.error == nil, try get.string() == owner else {
            // What keeps it from being written, as OOM, is not about the key; SET NX says nothing of a wrong type.
            if let error = set ?? get.error?.of(key, holds: "no lease") { throw error }
            return false
        }
        return true
    }

    /// Puts the fence up anew for an owner that was slow, as after reading a very large entry: PEXPIRE key ms, WATCH key
    /// ingest, GET key, HGET ingest cursor.
    ///
    /// Nobody applied anything meanwhile when the cursor is the one that this owner wrote last, even if the lease expired.
    ///
    /// - Returns: whether the lease is ours and the cursor is that one.
    func renew(
        over connection: inout RedisConnection, cursor: StreamID, in space: Keyspace
    ) throws(RedisError) -> Bool {
        guard try take(over: &connection) else { return false }
        var writer = RESPWriter(capacity: 512)
        // If it is somebody else's by now, theirs gets longer, which does no harm.
        writer.command("PEXPIRE", key, String(duration.wholeMilliseconds))
        writer.command("WATCH", key, space.ingest)
        writer.command("GET", key)
        writer.command("HGET", space.ingest, IngestField.cursor)
        try connection.send(writer)
        let expire = try connection.receive()
        let watch = try connection.receive()
        var get = try connection.receive()
        let held = get.error == nil ? try get.string() : nil
        var hash = try connection.receive()
        let found = hash.error == nil ? try hash.string() : nil
        if let error = expire.error ?? watch.error ?? get.error ?? hash.error { throw error }
        return held == owner && StreamID(found ?? "0-0") == cursor
    }

    /// WATCH key, GET key, and if it is ours MULTI, DEL key, HSET ingest released owner, EXEC: lets the next owner begin at
    /// once, and know that this one did not just vanish.
    func release(over connection: inout RedisConnection, in space: Keyspace) throws(RedisError) {
        var writer = RESPWriter(capacity: 512)
        writer.command("WATCH", key)
        writer.command("GET", key)
        try connection.send(writer)
        _ = try connection.receive()
        var get = try connection.receive()
        guard try get.string() == owner else { return }
        writer.removeAll()
        writer.command("MULTI")
        writer.command("DEL", key)
        writer.command("HSET", space.ingest, IngestField.released, owner)
        writer.command("EXEC")
        try connection.send(writer)
        for _ in 0..<4 { _ = try connection.receive() }
    }
}
