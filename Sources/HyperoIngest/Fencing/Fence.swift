import HyperoCore
import HyperoRedis
import HyperoSchema

/// The fence of the next transaction: WATCH of the lease and of the ingest's hash, which contains the cursor.
///
/// A transaction of a former owner is aborted, because one of the two keys has changed.
struct Fence {
    let lease: Lease
    /// The time after which the lease is renewed while other work goes on.
    private let renewalInterval: Duration
    /// The time at which the WATCH was sent.
    private(set) var since: MonotonicTime
    /// The cursor in Redis, as this owner read or wrote it last.
    var writtenCursor: StreamID
    /// True if this owner held the lease and the cursor was unchanged when the last WATCH was sent. A transaction that was aborted all
    /// the same can be repeated: another client has written to another field of the ingest's hash.
    private(set) var isHeld = true

    /// - Parameter renewalInterval: the time between two renewals during other work; nil for a third of the lease's
    ///   duration, at most a second.
    init(lease: Lease, since: MonotonicTime, writtenCursor: StreamID, renewalInterval: Duration? = nil) {
        self.lease = lease
        self.renewalInterval = renewalInterval ?? min(lease.duration / 3, .seconds(1))
        self.since = since
        self.writtenCursor = writtenCursor
    }

    /// True if half of the lease's duration has passed since the WATCH, so that the lease may expire before the next
    /// transaction is applied.
    var isStale: Bool { since + lease.duration / 2 < .now }

    /// True if the lease must be renewed although other work goes on.
    var isDue: Bool { since + renewalInterval < .now }

    /// Records that a WATCH is sent now. The WATCH follows a transaction, and fences the transaction after that one.
    mutating func restart() {
        since = .now
    }

    /// Renews a stale fence, for example after a very large entry was read: acquires the lease, then PEXPIRE lease ms,
    /// WATCH lease ingest, GET lease, HGET ingest cursor.
    ///
    /// If the cursor is unchanged, no other ingest has applied an entry, even if the lease expired meanwhile.
    ///
    /// - Returns: whether this owner holds the lease and the cursor is unchanged.
    mutating func renew(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        guard try lease.acquire(over: &connection) else {
            isHeld = false
            return false
        }
        let keyspace = lease.keyspace
        restart()
        var writer = RESPWriter(capacity: 512)
        // If another ingest has acquired the lease meanwhile, PEXPIRE extends that lease, which is harmless.
        writer.command("PEXPIRE", keyspace.lease, String(lease.duration.wholeMilliseconds))
        writeWatch(to: &writer)
        try connection.send(writer)
        let expire = try connection.receive()
        let isUnchanged = try receiveWatch(from: &connection)
        if let error = expire.error { throw error }
        return isUnchanged
    }

    /// Runs commands in a transaction outside of the pipeline, and fences the next one: MULTI, the commands, PEXPIRE lease ms,
    /// EXEC, WATCH lease ingest, GET lease, HGET ingest cursor.
    ///
    /// - Parameter write: writes the commands.
    /// - Returns: the commands that failed, counted from 0, with their errors; nil if nothing was applied, or if the next
    ///   transaction must not be.
    /// - Throws: the error that kept the transaction from being applied.
    mutating func commit(
        over connection: inout RedisConnection, _ write: (inout RESPWriter) -> Void
    ) throws(RedisError) -> [(command: Int, error: RedisError)]? {
        try commit(over: &connection, read: { _, reply throws(RedisError) in try reply.skip() }, write)
    }

    /// Runs commands that reply integers in a transaction, as ``commit(over:_:)`` does.
    ///
    /// - Parameter results: replaced by the replies, nil for those of commands that failed.
    mutating func commit(
        over connection: inout RedisConnection, results: inout [Int?], _ write: (inout RESPWriter) -> Void
    ) throws(RedisError) -> [(command: Int, error: RedisError)]? {
        var numbers: [Int?] = []
        defer { results = numbers }
        return try commit(
            over: &connection,
            read: { hasFailed, reply throws(RedisError) in
                if hasFailed { try reply.skip() }
                numbers.append(hasFailed ? nil : try reply.integer())
            }, write)
    }

    private mutating func commit(
        over connection: inout RedisConnection,
        read: (_ hasFailed: Bool, inout Reply) throws(RedisError) -> Void, _ write: (inout RESPWriter) -> Void
    ) throws(RedisError) -> [(command: Int, error: RedisError)]? {
        var writer = RESPWriter()
        writer.command("MULTI")
        write(&writer)
        writer.command("PEXPIRE", lease.keyspace.lease, String(lease.duration.wholeMilliseconds))
        let queued = writer.commands
        writer.command("EXEC")
        restart()
        writeWatch(to: &writer)
        try connection.send(writer)
        var firstError: RedisError?
        for _ in 0..<queued { firstError = try connection.receive().error ?? firstError }
        var exec = try connection.receive()
        var errors: [(command: Int, error: RedisError)]?
        if let error = exec.error {
            firstError = firstError ?? error
        } else if let count = try exec.array() {
            errors = []
            for command in 0..<count {
                let error = exec.error
                if let error { errors?.append((command, error)) }
                try read(error != nil, &exec)
            }
        }
        let isUnchanged = try receiveWatch(from: &connection)
        if let firstError { throw firstError }
        return isUnchanged ? errors : nil
    }

    private func writeWatch(to writer: inout RESPWriter) {
        let keyspace = lease.keyspace
        writer.command("WATCH", keyspace.lease, keyspace.ingest)
        writer.command("GET", keyspace.lease)
        writer.command("HGET", keyspace.ingest, IngestField.cursor)
    }

    /// Reads the replies to the WATCH and the reads of the watched values.
    ///
    /// - Returns: whether this owner holds the lease and the cursor is unchanged.
    private mutating func receiveWatch(from connection: inout RedisConnection) throws(RedisError) -> Bool {
        isHeld = false
        let watch = try connection.receive()
        var get = try connection.receive()
        let owner = get.error == nil ? try get.string() : nil
        var hash = try connection.receive()
        let cursor = hash.error == nil ? try hash.string() : nil
        if let error = watch.error ?? get.error ?? hash.error { throw error }
        isHeld = owner == lease.owner && StreamID(cursor ?? "0-0") == writtenCursor
        return isHeld
    }
}
