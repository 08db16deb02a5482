import HyperoCore
import HyperoRedis
import HyperoSchema

/// The right to write a partition's indexes: a key with an expiry that holds the owner's name.
struct Lease {
    let keyspace: Keyspace
    /// Unique among all partitions of all processes.
    let owner: String
    var duration: Duration

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
        let holder = get.error == nil ? try get.string() : nil
        guard holder == owner else {
            // A server that is out of memory refuses SET also if another ingest holds the lease.
            if holder != nil, set?.code == .outOfMemory { return false }
            // An error of SET, such as OOM, does not concern the type of the key: only GET checks the type.
            if let error = set ?? get.error?.naming(key: keyspace.lease, expected: .string) { throw error }
            return false
        }
        return true
    }

    /// Returns whether this ingest may free memory of a server that is out of memory: it holds the lease, or no ingest does. UNWATCH,
    /// SET lease owner NX PX ms, GET lease, then PEXPIRE lease ms if it holds the lease.
    ///
    /// Such a server refuses SET and every transaction, so that a free lease can be acquired only after memory was freed. If
    /// several ingests find it free at the same time, they remove the same entries: XTRIM names those that stay.
    ///
    /// - Returns: false also if the server accepts SET again.
    func mayFreeMemory(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        var writer = RESPWriter(capacity: 512)
        writer.command("UNWATCH")
        writer.command("SET", keyspace.lease, owner, "NX", "PX", String(duration.wholeMilliseconds))
        writer.command("GET", keyspace.lease)
        try connection.send(writer)
        _ = try connection.receive()
        let set = try connection.receive().error
        var get = try connection.receive()
        if let error = get.error { throw error }
        let holder = try get.string()
        guard set?.code == .outOfMemory, holder == nil || holder == owner else { return false }
        guard holder == owner else { return true }
        var expire = try connection.call("PEXPIRE", keyspace.lease, String(duration.wholeMilliseconds))
        if let error = expire.error { throw error }
        return try expire.integer() == 1
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
