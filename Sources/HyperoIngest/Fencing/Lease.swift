import HyperoCore
import HyperoRedis
import HyperoSchema

/// The right to write a partition's indexes: a key with an expiry that holds the owner's name.
struct Lease {
    let keyspace: Keyspace
    /// Unique among all partitions of all processes.
    let owner: String
    let duration: Duration

    /// Acquires the lease if no ingest holds it: UNWATCH, SET lease owner NX PX ms, GET lease.
    ///
    /// - Returns: whether this owner holds the lease; true also if it has held the lease before, for example after a
    ///   broken connection.
    /// - Throws: the server's error, after all replies were read.
    func acquire(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        var writer = RESPWriter(capacity: 512)
        // A WATCH that remains from a failed write would abort the next transaction.
        writer.command("UNWATCH")
        writer.command("SET", keyspace.lease, owner, "NX", "PX", String(duration.wholeMilliseconds))
        writer.command("GET", keyspace.lease)
        try connection.send(writer)
        _ = try connection.receive()
        let set = try connection.receive().error
        var get = try connection.receive()
        guard get.error == nil, try get.string() == owner else {
            // An error of SET, such as OOM, does not concern the type of the key: only GET checks the type.
            if let error = set ?? get.error?.naming(key: keyspace.lease, expected: .string) { throw error }
            return false
        }
        return true
    }

    /// Releases the lease if this owner holds it: WATCH lease, GET lease, HGET ingest owner, then MULTI, DEL lease, HSET
    /// ingest released owner, EXEC.
    ///
    /// The next owner can then start at once. The field `released` shows it that this owner has not crashed.
    ///
    /// - Parameter isConfirmed: true if the outcome of this owner's last transaction is known and handled. The field
    ///   `unconfirmed` is then emptied, unless another owner wrote it: this one has not found out the outcome of that
    ///   owner's transaction yet.
    func release(isConfirmed: Bool, over connection: inout RedisConnection) throws(RedisError) {
        var writer = RESPWriter(capacity: 512)
        writer.command("WATCH", keyspace.lease)
        writer.command("GET", keyspace.lease)
        writer.command("HGET", keyspace.ingest, IngestField.owner)
        try connection.send(writer)
        _ = try connection.receive()
        var get = try connection.receive()
        let foundOwner = get.error == nil ? try get.string() : nil
        var hash = try connection.receive()
        let lastOwner = hash.error == nil ? try hash.string() : nil
        if let error = get.error { throw error }
        guard foundOwner == owner else { return }
        writer.removeAll()
        writer.command("MULTI")
        writer.command("DEL", keyspace.lease)
        if isConfirmed, lastOwner == owner {
            writer.command("HSET", keyspace.ingest, IngestField.released, owner, IngestField.unconfirmed, "")
        } else {
            writer.command("HSET", keyspace.ingest, IngestField.released, owner)
        }
        writer.command("EXEC")
        try connection.send(writer)
        for _ in 0..<4 { _ = try connection.receive() }
    }
}
