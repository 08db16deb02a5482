import HyperoCore
import HyperoRedis
import HyperoSchema

/// The one transaction that applies a batch, and the reading ahead that goes with it in one write.
///
///     HMGET …                         (with a backlog: what folding the next batch takes)
///     MULTI  TIME  changes…  XADD dead…  HSET ingest  PEXPIRE lease  TIME  EXEC
///     XTRIM events MINID ~ …          (behind what was applied before; not part of the transaction)
///     WATCH lease ingest  GET lease  HGET ingest cursor  XLEN dead
///     XREAD COUNT n BLOCK ms STREAMS events <after>         (without one: waiting for entries)
///     XINFO STREAM events             (now and then, then)
///
/// It stands under the WATCH of the write before: EXEC answers null, and nothing is applied, when the lease was taken over
/// or has expired since, and when somebody else wrote to the ingest's hash, as to set the cursor. WATCH comes before the
/// GETs, so that the next one is fenced from the moment they were looked at. A command that fails at run time leaves the
/// others applied, hence every element of EXEC's reply is looked at.
struct Transaction: ~Copyable {
    /// How the transaction ended.
    enum Ending {
        /// The batch is applied, but for what failed.
        case applied(serverTime: Duration?, failures: [Failure])
        /// Nothing was applied: what was watched has changed.
        case aborted
    }

    /// All that is known after it.
    struct Outcome {
        let ending: Ending
        /// Whether the lease is ours.
        let isOwner: Bool
        /// Whether the cursor is as the transaction left it.
        let isCursorOurs: Bool
        /// Entries that were trimmed away, or why they were not.
        let trimmed: Result<Int, RedisError>
        /// Why no dead letter can be written; nil when all is well.
        let deadProblem: RedisError?

        /// What keeps this owner from going on; nil when all is well.
        var obstacle: Pipeline.Step? {
            guard isOwner else { return .leaseLost }
            guard case .applied = ending, isCursorOurs else { return .disturbed }
            return nil
        }
    }

    /// One command inside.
    enum Command {
        /// A change of the commit, by its place there.
        case change(Int)
        /// A count of the ingest's.
        case count
        /// A dead letter of the commit, by its place there.
        case letter(Int)
        /// A dead letter that is owed, by the places of its batch and its own there.
        case owed(Int, Int)
        case cursor
        case lease

        var isLetter: Bool {
            switch self {
            case .letter, .owed: true
            case .change, .count, .cursor, .lease: false
            }
        }
    }

    /// A command of the transaction that Redis did not run.
    struct Failure {
        let command: Command
        let error: RedisError
    }

    private var writer = RESPWriter(capacity: 1 << 16)
    private var commands: [Command] = []
    private var cursor = StreamID.zero
    private var trims = false

    init() {}

    /// Writes the transaction up to EXEC.
    mutating func write(_ commit: FoldedBatch, in space: Keyspace, _ lease: Lease) throws(RedisError) {
        writer.removeAll()
        commands.removeAll(keepingCapacity: commands.capacity < 1 << 18)
        cursor = commit.cursor
        trims = false
        writer.command("MULTI")
        writer.command("TIME")
        for (place, change) in commit.folded.changes.enumerated() {
            writer.add(change, commit.folded.rows)
            commands.append(.change(place))
        }
        try writeDeadLetters(of: commit.read, commit.batch, commit.folded.deadLetters, in: space) { .letter($0) }
        for (place, owed) in commit.owed.enumerated() {
            try writeDeadLetters(of: owed.read, owed.batch, owed.letters, in: space) { .owed(place, $0) }
            count(owed.changes(in: space))
        }
        if commit.missed > 0 {
            count([.increment(key: space.ingest, field: IngestField.missed, by: commit.missed)])
        }
        if commit.isRewind { countMoment(IngestField.rewinds, at: IngestField.rewound, in: space) }
        if commit.isTakeover { countMoment(IngestField.takeovers, at: IngestField.taken, in: space) }
        writeCursor(commit, in: space, lease)
        writer.command("PEXPIRE", lease.key, String(lease.duration.wholeMilliseconds))
        commands.append(.lease)
        writer.command("TIME")
        writer.command("EXEC")
    }

    private mutating func count(_ changes: [IndexChange]) {
        for change in changes {
            writer.add(change)
            commands.append(.count)
        }
    }

    private mutating func countMoment(_ field: String, at time: String, in space: Keyspace) {
        count([
            .increment(key: space.ingest, field: field, by: 1),
            .setFields(key: space.ingest, [IndexChange.Field(time, String(WallClock.milliseconds))]),
        ])
    }

    private mutating func writeCursor(_ commit: FoldedBatch, in space: Keyspace, _ lease: Lease) {
        let knowsEntries = commit.place.entries != nil
        writer.begin(arguments: 6 + (knowsEntries ? 2 : 0) + (commit.isEmpty ? 0 : 2))
        writer.add("HSET" as StaticString)
        writer.add(space.ingest)
        writer.add(IngestField.cursor)
        writer.add(commit.cursor.description)
        writer.add(IngestField.owner)
        writer.add(lease.owner)
        if knowsEntries {
            writer.add(IngestField.entries)
            writer.add(commit.place.description)
        }
        // Renewing the lease is not applying.
        if !commit.isEmpty {
            writer.add(IngestField.updated)
            writer.add(WallClock.milliseconds)
        }
        commands.append(.cursor)
    }

    private mutating func writeDeadLetters(
        of read: XReadReply, _ batch: DecodedBatch, _ letters: [FoldResult.DeadLetter], in space: Keyspace,
        as command: (Int) -> Command
    ) throws(RedisError) {
        var next = 0
        try read.withFields(of: letters.map(\.item)) { place, fields, count in
            writer.addDeadLetter(
                to: space.dead, fields, of: count, reason: letters[next].reason, id: batch.items[place].id)
            commands.append(command(next))
            next += 1
        }
    }

    /// XTRIM events MINID ~ id: removes what is below the id, whole nodes at a time. Runs also when memory is short.
    mutating func writeTrim(below id: StreamID, in space: Keyspace) {
        writer.command("XTRIM", space.events, "MINID", "~", id.description)
        trims = true
    }

    /// WATCH of what may not change, and what it is now.
    mutating func writeLook(in space: Keyspace) {
        writer.command("WATCH", space.lease, space.ingest)
        writer.command("GET", space.lease)
        writer.command("HGET", space.ingest, IngestField.cursor)
        writer.command("XLEN", space.dead)
    }

    /// XREAD of what comes after an id, and XINFO.
    ///
    /// - Parameters:
    ///   - block: how long XREAD waits for an entry when there is none.
    ///   - looks: whether to ask XINFO.
    mutating func writeReading(after id: StreamID, count: Int, block: Duration, looks: Bool, in space: Keyspace) {
        writer.reading(after: id, count: count, block: block, in: space)
        if looks { writer.command("XINFO", "STREAM", space.events) }
    }

    mutating func send(over connection: inout RedisConnection) throws(RedisError) {
        try connection.send(writer)
    }

    /// Takes the replies from MULTI's on, up to that of a waiting XREAD, which is left to the caller.
    ///
    /// - Throws: why the transaction was not applied, after the replies to all commands before XREAD were taken.
    mutating func receive(
        from connection: inout RedisConnection, owner: String, in space: Keyspace
    ) throws(RedisError) -> Outcome {
        var firstError: RedisError?
        // MULTI, TIME, the commands, TIME: each +QUEUED, or why not. Then EXEC answers EXECABORT.
        for _ in 0..<commands.count + 3 {
            let reply = try connection.receive()
            firstError = firstError ?? reply.error
        }
        var ending: Ending?
        do {
            ending = try outcome(of: try connection.receive())
        } catch {
            if error.category == .connection { throw error }
            firstError = firstError ?? error
        }
        var trimmed = Result<Int, RedisError>.success(0)
        if trims {
            var reply = try connection.receive()
            trimmed = if let error = reply.error { .failure(error) } else { .success(try reply.integer()) }
        }
        let watch = try connection.receive()
        var lease = try connection.receive()
        let held = lease.error == nil ? try lease.string() : nil
        var hash = try connection.receive()
        let found = hash.error == nil ? try hash.string() : nil
        let dead = try connection.receive()
        let unreadable =
            lease.error?.of(space.lease, holds: "no lease") ?? hash.error?.of(space.ingest, holds: "no hash")
        if let error = firstError ?? watch.error ?? unreadable { throw error }
        return Outcome(
            ending: ending ?? .aborted, isOwner: held == owner, isCursorOurs: found == cursor.description,
            trimmed: trimmed, deadProblem: dead.error?.of(space.dead, holds: "no stream"))
    }

    /// The one place where commands that failed inside an applied transaction come to light.
    private func outcome(of reply: consuming Reply) throws(RedisError) -> Ending {
        var reply = reply
        guard let count = try reply.array() else { return .aborted }
        guard count == commands.count + 2 else {
            throw RedisError(.connection, "Redis answered EXEC with \(count) elements")
        }
        let began = try Self.microseconds(&reply)
        var failures: [Failure] = []
        for command in commands {
            if let error = reply.error { failures.append(Failure(command: command, error: error)) }
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
