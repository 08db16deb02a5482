import HyperoCore
import HyperoRedis
import HyperoSchema

/// The fence of the next transaction: WATCH of the lease and of the ingest's hash with the cursor.
///
/// A transaction of a former owner is aborted, because one of the two keys has changed.
struct Fence {
    let lease: Lease
    /// When the WATCH was sent.
    private(set) var since: MonotonicTime
    /// The cursor in Redis, as this owner read or wrote it last.
    var writtenCursor: StreamID

    init(lease: Lease, since: MonotonicTime, writtenCursor: StreamID) {
        self.lease = lease
        self.since = since
        self.writtenCursor = writtenCursor
    }

    /// True if the lease may expire before the next transaction is applied.
    var isStale: Bool { since + lease.duration / 2 < .now }

    /// Records that a WATCH is sent now, for the transaction after the one that is sent with it.
    mutating func restart() {
        since = .now
    }

    /// Renews a stale fence, for example after a very large entry was read: acquires the lease, then PEXPIRE lease ms,
    /// WATCH lease ingest, GET lease, HGET ingest cursor.
    ///
    /// Even if the lease expired, no other ingest has applied anything if the cursor is unchanged.
    ///
    /// - Returns: whether this owner holds the lease and the cursor is unchanged.
    func renew(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        guard try lease.acquire(over: &connection) else { return false }
        let keys = lease.keys
        var writer = RESPWriter(capacity: 512)
        // If another ingest has acquired the lease meanwhile, its lease is extended, which is harmless.
        writer.command("PEXPIRE", keys.lease, String(lease.duration.wholeMilliseconds))
        writer.command("WATCH", keys.lease, keys.ingest)
        writer.command("GET", keys.lease)
        writer.command("HGET", keys.ingest, IngestField.cursor)
        try connection.send(writer)
        let expire = try connection.receive()
        let watch = try connection.receive()
        var get = try connection.receive()
        let owner = get.error == nil ? try get.string() : nil
        var hash = try connection.receive()
        let cursor = hash.error == nil ? try hash.string() : nil
        if let error = expire.error ?? watch.error ?? get.error ?? hash.error { throw error }
        return owner == lease.owner && StreamID(cursor ?? "0-0") == writtenCursor
    }
}
