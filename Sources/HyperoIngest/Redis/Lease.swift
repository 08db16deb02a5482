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
            if let error = set ?? get.error { throw error }
            return false
        }
        return true
    }

    /// WATCH key, GET key, and if it is ours MULTI, DEL key, EXEC: lets the next owner begin at once.
    func release(over connection: inout RedisConnection) throws(RedisError) {
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
        writer.command("EXEC")
        try connection.send(writer)
        for _ in 0..<3 { _ = try connection.receive() }
    }
}
