import HyperoRedis
import HyperoSchema

/// The one transaction that applies a batch, and the reading ahead that goes with it in one write.
///
///     MULTI  TIME  changes…  XADD dead…  HSET ingest  PEXPIRE lease  TIME  EXEC
///     XTRIM events MINID ~ …          (behind what was applied before; not part of the transaction)
///     WATCH lease  GET lease
///     XREAD COUNT n [BLOCK ms] STREAMS events <after>
///
/// It stands under the WATCH of the write before: EXEC answers null, and nothing is applied, when the lease was taken over
/// or has expired since. WATCH comes before GET, so that the next one is fenced from the moment the owner was looked at.
/// A command that fails at run time leaves the others applied, hence every element of EXEC's reply is looked at.
struct Transaction: ~Copyable {
    /// How the transaction ended.
    enum Ending {
        /// The batch is applied, but for what failed, each with its key.
        case applied(serverTime: Duration?, failures: [Failure])
        /// The lease is not ours any more: nothing was applied, or nothing may be applied after it.
        case leaseLost
    }

    /// A command of the transaction that Redis did not run.
    struct Failure {
        let key: String
        let error: RedisError
    }

    private var writer = RESPWriter(capacity: 1 << 16)
    /// The keys of the commands inside, in their order.
    private var keys: [String] = []
    private var trims = false

    init() {}

    /// Writes the transaction up to EXEC.
    mutating func write(_ commit: Commit, in space: Keyspace, _ lease: Lease) throws(RedisError) {
        writer.removeAll()
        keys.removeAll(keepingCapacity: true)
        trims = false
        writer.command("MULTI")
        writer.command("TIME")
        for change in commit.folded.changes {
            writer.add(change)
            keys.append(change.key)
        }
        try writeDeadLetters(commit, in: space)
        writer.begin(arguments: commit.isEmpty ? 6 : 8)
        writer.add("HSET" as StaticString)
        writer.add(space.ingest)
        writer.add(IngestField.cursor)
        writer.add(commit.cursor.description)
        writer.add(IngestField.owner)
        writer.add(lease.owner)
        // Renewing the lease is not applying.
        if !commit.isEmpty {
            writer.add(IngestField.updated)
            writer.add(WallClock.milliseconds)
        }
        keys.append(space.ingest)
        writer.command("PEXPIRE", lease.key, String(lease.duration.wholeMilliseconds))
        keys.append(lease.key)
        writer.command("TIME")
        writer.command("EXEC")
    }

    /// XADD dead * field value … dead.reason text dead.id id: bytes as they came, also such that are no text.
    private mutating func writeDeadLetters(_ commit: Commit, in space: Keyspace) throws(RedisError) {
        let letters = commit.folded.deadLetters
        var next = 0
        try commit.read.withFields(of: letters.map(\.item)) { place, fields in
            writer.begin(arguments: 3 + 2 * fields.count + 4)
            writer.add("XADD" as StaticString)
            writer.add(space.dead)
            writer.add("*" as StaticString)
            for field in fields {
                writer.add(UnsafeRawBufferPointer(field.name))
                writer.add(UnsafeRawBufferPointer(field.value))
            }
            writer.add(WireName.deadReason)
            writer.add(letters[next].reason)
            writer.add(WireName.deadID)
            writer.add(commit.batch.items[place].id.description)
            keys.append(space.dead)
            next += 1
        }
    }

    /// XTRIM events MINID ~ id: removes what is below the id, whole nodes at a time. Runs also when memory is short.
    mutating func writeTrim(below id: StreamID, in space: Keyspace) {
        writer.command("XTRIM", space.events, "MINID", "~", id.description)
        trims = true
    }

    /// WATCH and GET of the lease, and XREAD of what comes after an id.
    ///
    /// - Parameter block: how long XREAD waits for an entry when there is none; nil for not at all.
    mutating func writeReading(after id: StreamID, count: Int, block: Duration?, in space: Keyspace) {
        writer.command("WATCH", space.lease)
        writer.command("GET", space.lease)
        writer.begin(arguments: block == nil ? 6 : 8)
        writer.add("XREAD" as StaticString)
        writer.add("COUNT" as StaticString)
        writer.add(count)
        if let block {
            writer.add("BLOCK" as StaticString)
            // Zero would be for ever.
            writer.add(max(block.wholeMilliseconds, 1))
        }
        writer.add("STREAMS" as StaticString)
        writer.add(space.events)
        writer.add(id.description)
    }

    mutating func send(over connection: inout RedisConnection) throws(RedisError) {
        try connection.send(writer)
    }

    /// Takes the replies up to XREAD's, which is left to the caller.
    ///
    /// - Throws: why the transaction was not applied, after the replies to all commands but XREAD were taken.
    /// - Returns: the ending, and how many entries were trimmed away.
    mutating func receive(
        from connection: inout RedisConnection, owner: String
    ) throws(RedisError) -> (ending: Ending, trimmed: Int) {
        var firstError: RedisError?
        // MULTI, TIME, the commands, TIME: each +QUEUED, or why not. Then EXEC answers EXECABORT.
        for _ in 0..<keys.count + 3 {
            let reply = try connection.receive()
            firstError = firstError ?? reply.error
        }
        var ending: Ending?
        do {
            ending = try outcome(of: try connection.receive())
        } catch {
            if error.class == .broken { throw error }
            firstError = firstError ?? error
        }
        var trimmed = 0
        if trims {
            var reply = try connection.receive()
            if reply.error == nil { trimmed = try reply.integer() }
        }
        let watch = try connection.receive()
        firstError = firstError ?? watch.error
        var get = try connection.receive()
        if let error = firstError ?? get.error { throw error }
        guard let ending, try get.string() == owner else { return (.leaseLost, trimmed) }
        return (ending, trimmed)
    }

    /// The one place where commands that failed inside an applied transaction come to light.
    private func outcome(of reply: consuming Reply) throws(RedisError) -> Ending {
        var reply = reply
        guard let count = try reply.array() else { return .leaseLost }
        guard count == keys.count + 2 else { throw RedisError(.broken, "Redis answered EXEC with \(count) elements") }
        let began = try Self.microseconds(&reply)
        var failures: [Failure] = []
        for key in keys {
            if let error = reply.error { failures.append(Failure(key: key, error: error)) }
            try reply.skip()
        }
        let ended = try Self.microseconds(&reply)
        // Later servers stop the clock inside a transaction; then the time is not known.
        return .applied(serverTime: ended > began ? .microseconds(ended - began) : nil, failures: failures)
    }

    /// The reply of TIME: seconds and microseconds.
    private static func microseconds(_ reply: inout Reply) throws(RedisError) -> Int64 {
        _ = try reply.array()
        let seconds = try reply.string().flatMap { Int64($0) } ?? 0
        let microseconds = try reply.string().flatMap { Int64($0) } ?? 0
        return seconds &* 1_000_000 &+ microseconds
    }
}
