import HyperoCore
package import HyperoRedis
import HyperoSchema

/// The transaction that applies a batch, and the commands that are sent with it in one write.
///
///     HMGET …                         (with a backlog: the state that the fold of the next batch needs)
///     MULTI  TIME  changes…  [XLEN dead  XADD dead…  XLEN dead]  HSET ingest  PEXPIRE lease  TIME  EXEC
///     XTRIM events MINID ~ …          (entries applied before this transaction; not part of it)
///     WATCH lease ingest  GET lease  HGET ingest cursor  XLEN dead
///     XREAD COUNT n BLOCK ms STREAMS events <after>         (without a backlog: waits for entries)
///     XINFO STREAM events             (without a backlog, at most once a second)
///
/// The transaction runs under the WATCH of the previous write. EXEC answers null, and nothing is applied, if the lease
/// was acquired by another ingest or expired since, or if another client wrote to the ingest's hash, for example to set
/// the cursor. WATCH precedes the GETs, so that the next transaction is fenced from the moment their values were read.
/// A command that fails at run time does not undo the others, so every element of EXEC's reply is checked.
package struct Transaction: ~Copyable {
    /// The result of EXEC.
    enum Ending {
        /// The batch is applied, apart from the commands that failed.
        case applied(Applied)
        /// Nothing is applied: a watched key has changed.
        case aborted
    }

    /// The results of the commands of an applied transaction.
    struct Applied {
        /// The time that the transaction took; nil if it is unknown.
        let serverTime: Duration?
        /// The server's clock at its end in Unix milliseconds.
        let clock: Int64
        let failures: [Failure]
        /// The changes of hashes that existed, by index, which found that another client had removed the hash.
        let vanished: [Int]
        /// The first error of a counter, for example because it would overflow. It does not concern an entry.
        let counterError: RedisError?
        /// The counter of missing sequence numbers after the transaction; nil if it did not change.
        let gaps: Int?
        /// The number of oldest dead letters that the server has removed, because there were too many.
        let removedDeadLetters: Int
    }

    /// A reason why the owner must not send another transaction.
    enum Obstacle {
        case leaseLost
        /// Another client wrote the cursor, or the transaction was aborted.
        case cursorChanged
        /// Another client has removed keys, and what is left of their subjects must be removed first.
        case keysVanished
    }

    /// The results of the transaction and of the commands that are sent with it.
    struct Outcome {
        let ending: Ending
        /// True if this owner holds the lease.
        let holdsLease: Bool
        /// True if the cursor is the one that the transaction wrote.
        let hasOwnCursor: Bool
        /// The number of trimmed entries, 0 without XTRIM; or the error of XTRIM.
        let trimmed: Result<Int, RedisError>
        /// The reason why dead letters cannot be written; nil if they can.
        let deadLetterError: RedisError?

        /// The reason not to send another transaction; nil if there is none.
        var obstacle: Obstacle? {
            guard holdsLease else { return .leaseLost }
            guard case .applied = ending, hasOwnCursor else { return .cursorChanged }
            return nil
        }
    }

    /// A command between MULTI and EXEC. Its indices refer to the lists of the batch.
    package enum Command {
        case change(Int)
        /// A change of a hash that exists, with the number of its fields. Redis adds fewer fields, because one of them exists
        /// too.
        case update(Int, fields: Int)
        /// A command on a counter in the hash of a key. If it fails, no entry is lost.
        case counter(key: String)
        /// The command on the counter of missing sequence numbers.
        case gaps
        /// XLEN dead, before and after the dead letters.
        case deadLetterCount
        case deadLetter(Int)
        case pendingDeadLetter(group: Int, letter: Int)
        case cursor
        case lease

        /// Returns the command that sets some fields of a hash, by the first of them.
        fileprivate static func setting(_ count: Int, from first: IndexChange.Field, change: Int) -> Command {
            first.name == ExperimentField.updated ? .update(change, fields: count) : .change(change)
        }
    }

    /// A command of an applied transaction that Redis rejected.
    package struct Failure {
        let command: Command
        let error: RedisError

        package init(_ command: Command, error: RedisError) {
            self.command = command
            self.error = error
        }

        var isCursor: Bool { if case .cursor = command { true } else { false } }

        var isDeadLetter: Bool {
            switch command {
            case .deadLetter, .pendingDeadLetter: true
            case .change, .update, .counter, .gaps, .deadLetterCount, .cursor, .lease: false
            }
        }
    }

    private let keyspace: Keyspace
    private let owner: String
    private let leaseDuration: Duration
    private let series: EntrySeries
    /// The value of ``IngestField/archived``; nil without an archive.
    var archived: String?
    private var writer = RESPWriter(capacity: 1 << 16)
    private var commands: [Command] = []
    private var cursor = StreamID.zero
    /// The value of ``IngestField/unconfirmed`` that the transaction writes; nil without entries.
    private(set) var unconfirmed: Unconfirmed?
    private var hasTrim = false
    /// The dead letters of the transaction.
    private(set) var deadLetters = DeadLetterBudget.Size(bytes: 0, letters: 0)

    init(keyspace: Keyspace, owner: String, leaseDuration: Duration, series: EntrySeries) {
        self.series = series
        self.keyspace = keyspace
        self.owner = owner
        self.leaseDuration = leaseDuration
    }
}

// MARK: - Writing

extension Transaction {
    /// Writes the transaction from MULTI to EXEC, in place of an earlier one.
    ///
    /// - Parameters:
    ///   - since: a time of the server in Unix milliseconds, not after the transaction.
    ///   - room: the number of bytes of dead letters after which further ones are cut.
    mutating func write(_ batch: FoldedBatch, since: Int64, room: Int) throws(RedisError) {
        writer.removeAll()
        commands.removeAll(keepingCapacity: commands.capacity < 1 << 18)
        cursor = batch.cursor
        unconfirmed = nil
        hasTrim = false
        deadLetters = DeadLetterBudget.Size(bytes: 0, letters: 0)
        writer.command("MULTI")
        writer.command("TIME")
        let changes = batch.result.changes
        for (index, entry) in changes.entries.enumerated() {
            writer.add(entry, of: changes, rows: batch.result.rows)
            switch entry {
            case .setFields(_, let range):
                commands.append(.setting(range.count, from: changes.fields[range.lowerBound], change: index))
            case .setRows: commands.append(.change(index))
            case .other(let other): commands.append(command(for: changes.others[other], change: index))
            }
        }
        if batch.hasDeadLetters { writeDeadLetterCount() }
        try write(batch.ownDeadLetters, room: room) { .deadLetter($0) }
        for (index, group) in batch.pendingDeadLetters.groups.enumerated() {
            try write(group, room: room) { .pendingDeadLetter(group: index, letter: $0) }
            writeCounters(group.counterChanges(in: keyspace))
        }
        if batch.hasDeadLetters { writeDeadLetterCount() }
        if batch.missedEntries > 0 {
            writeCounters([.increment(key: keyspace.ingest, field: IngestField.missed, by: batch.missedEntries)])
        }
        if batch.trimmedDeadLetters > 0 {
            writeCounters([
                .increment(key: keyspace.ingest, field: IngestField.trimmed, by: batch.trimmedDeadLetters)
            ])
        }
        if batch.isRewind { writeOccurrence(count: IngestField.rewinds, time: IngestField.rewound) }
        if batch.isTakeover { writeOccurrence(count: IngestField.takeovers, time: IngestField.taken) }
        writeCursor(of: batch, since: since)
        writer.command("PEXPIRE", keyspace.lease, String(leaseDuration.wholeMilliseconds))
        commands.append(.lease)
        writer.command("TIME")
        writer.command("EXEC")
    }

    private func command(for change: IndexChange, change index: Int) -> Command {
        switch change {
        case .setFields(_, let fields): .setting(fields.count, from: fields[0], change: index)
        case .increment(_, let field, _) where field == IngestField.gaps: .gaps
        case .increment(let key, _, _): .counter(key: key)
        default: .change(index)
        }
    }

    private mutating func writeCounters(_ changes: [IndexChange]) {
        for change in changes {
            writer.add(change)
            commands.append(.counter(key: change.key))
        }
    }

    /// Writes XLEN dead. XADD does not tell how many of the oldest dead letters it has removed.
    private mutating func writeDeadLetterCount() {
        writer.command("XLEN", keyspace.dead)
        commands.append(.deadLetterCount)
    }

    /// Writes an occurrence: increments its counter and sets its time to now.
    ///
    /// - Parameters:
    ///   - count: the field of the counter.
    ///   - time: the field of the latest time in Unix milliseconds.
    private mutating func writeOccurrence(count: String, time: String) {
        writeCounters([
            .increment(key: keyspace.ingest, field: count, by: 1),
            .setFields(key: keyspace.ingest, [IndexChange.Field(time, String(WallClock.milliseconds))]),
        ])
    }

    private mutating func writeCursor(of batch: FoldedBatch, since: Int64) {
        let knowsEntries = batch.position.entries != nil
        // The transaction is sent only when the outcome of the one before it is known. But until the pending dead letters
        // of the one before are written, its value stays.
        let writesUnconfirmed = batch.pendingDeadLetters.isEmpty
        writer.begin(
            arguments: 8 + (archived == nil ? 0 : 2) + (knowsEntries ? 2 : 0) + (writesUnconfirmed ? 2 : 0)
                + (batch.batch.isEmpty ? 0 : 2) + (batch.partitions == nil ? 0 : 2))
        writer.add("HSET" as StaticString)
        writer.add(keyspace.ingest)
        writer.add(IngestField.cursor)
        writer.add(batch.cursor.description)
        writer.add(IngestField.read)
        writer.add(ReadField(cursor: batch.cursor, count: batch.position.read, series: series).description)
        if let archived {
            writer.add(IngestField.archived)
            writer.add(archived)
        }
        writer.add(IngestField.owner)
        writer.add(owner)
        if let partitions = batch.partitions {
            writer.add(IngestField.partitions)
            writer.add(String(partitions))
        }
        if knowsEntries {
            writer.add(IngestField.entries)
            writer.add(batch.position.description)
        }
        if writesUnconfirmed {
            writer.add(IngestField.unconfirmed)
            unconfirmed = Unconfirmed(of: batch, since: since)
            writer.add(unconfirmed?.description ?? "")
        }
        // A transaction that only renews the lease does not update the indexes.
        if !batch.batch.isEmpty {
            writer.add(IngestField.updated)
            writer.add(WallClock.milliseconds)
        }
        commands.append(.cursor)
    }

    private mutating func write(
        _ group: PendingDeadLetters.Group, room: Int, as command: (_ letter: Int) -> Command
    ) throws(RedisError) {
        var next = 0
        try group.reply.withFields(ofEntries: group.letters.map(\.item)) { index, fields, count in
            let start = writer.count
            writer.addDeadLetter(
                to: keyspace.dead, fields: fields, declaredCount: count, reason: group.letters[next].reason,
                id: group.batch.items[index].id, room: room - deadLetters.bytes)
            deadLetters += DeadLetterBudget.Size(bytes: writer.count - start, letters: 1)
            commands.append(command(next))
            next += 1
        }
    }

    /// Writes XTRIM events MINID ~ id, which removes entries below the id, whole nodes at a time. Redis runs it even if
    /// it is out of memory.
    mutating func writeTrim(below id: StreamID) {
        writer.command("XTRIM", keyspace.events, "MINID", "~", id.description)
        hasTrim = true
    }

    /// Writes the WATCH that fences the next transaction, and the reads of the watched values.
    mutating func writeFence() {
        writer.command("WATCH", keyspace.lease, keyspace.ingest)
        writer.command("GET", keyspace.lease)
        writer.command("HGET", keyspace.ingest, IngestField.cursor)
        writer.command("XLEN", keyspace.dead)
    }

    mutating func write(_ read: BlockingRead) {
        read.write(to: &writer, in: keyspace)
    }
}

// MARK: - Sending and receiving

extension Transaction {
    func send(over connection: inout RedisConnection) throws(RedisError) {
        try connection.send(writer)
    }

    /// Reads the replies from MULTI to XLEN. The replies to XREAD and XINFO are left to the caller.
    ///
    /// - Throws: the error of a command outside the transaction, or the error that kept the transaction from being
    ///   applied. The replies to all commands before XREAD are read first, unless the connection fails.
    func receive(from connection: inout RedisConnection) throws(RedisError) -> Outcome {
        var firstError = try connection.receive().error
        // TIME, the commands, TIME. After an error, EXEC answers EXECABORT.
        let queueError = try connection.receiveQueued(commands.count + 2)
        firstError = firstError ?? queueError
        var ending: Ending?
        do {
            ending = try self.ending(from: try connection.receive())
        } catch {
            if error.category == .connection { throw error }
            firstError = firstError ?? error
        }
        var trimmed = Result<Int, RedisError>.success(0)
        if hasTrim {
            var reply = try connection.receive()
            trimmed = if let error = reply.error { .failure(error) } else { .success(try reply.integer()) }
        }
        let watch = try connection.receive()
        var lease = try connection.receive()
        let foundOwner = lease.error == nil ? try lease.string() : nil
        var hash = try connection.receive()
        let foundCursor = hash.error == nil ? try hash.string() : nil
        let dead = try connection.receive()
        let unreadable =
            lease.error?.naming(key: keyspace.lease, expected: .string)
            ?? hash.error?.naming(key: keyspace.ingest, expected: .hash)
        if let error = firstError ?? watch.error ?? unreadable { throw error }
        return Outcome(
            ending: ending ?? .aborted, holdsLease: foundOwner == owner,
            hasOwnCursor: foundCursor == cursor.description, trimmed: trimmed,
            deadLetterError: dead.error?.naming(key: keyspace.dead, expected: .stream))
    }

    /// Reads the reply to EXEC, the only reply with the errors of commands that failed inside an applied transaction.
    private func ending(from reply: consuming Reply) throws(RedisError) -> Ending {
        var reply = reply
        guard let count = try reply.array() else { return .aborted }
        guard count == commands.count + 2 else {
            throw RedisError(
                .connection, "invalid reply to EXEC: \(count) elements for \(commands.count + 2) commands")
        }
        let start = try Self.microseconds(from: &reply)
        var failures: [Failure] = []
        var counterError: RedisError?
        var vanished: [Int] = []
        var gaps: Int?
        var (lengths, writtenLetters): ([Int], Int) = ([], 0)
        for command in commands {
            if let error = reply.error {
                switch command {
                case .counter(let key): counterError = counterError ?? error.naming(key: key, expected: .hash)
                case .gaps: counterError = counterError ?? error.naming(key: keyspace.ingest, expected: .hash)
                case .deadLetterCount: break
                default: failures.append(Failure(command, error: error))
                }
                try reply.skip()
                continue
            }
            switch command {
            case .update(let index, let fields): if try reply.integer() == fields { vanished.append(index) }
            case .gaps: gaps = try reply.integer()
            case .deadLetterCount: lengths.append(try reply.integer())
            case .deadLetter, .pendingDeadLetter:
                writtenLetters += 1
                try reply.skip()
            case .change, .counter, .cursor, .lease: try reply.skip()
            }
        }
        let end = try Self.microseconds(from: &reply)
        // Later versions of Redis freeze the clock in a transaction. Then the server time is unknown.
        return .applied(
            Applied(
                serverTime: end > start ? .microseconds(end - start) : nil, clock: end / 1_000, failures: failures,
                vanished: vanished, counterError: counterError, gaps: gaps,
                removedDeadLetters: lengths.count == 2 ? max(lengths[0] + writtenLetters - lengths[1], 0) : 0))
    }

    /// Reads the reply to TIME: seconds and microseconds.
    static func microseconds(from reply: inout Reply) throws(RedisError) -> Int64 {
        _ = try reply.array()
        let seconds = try reply.string().flatMap { Int64($0) } ?? 0
        let microseconds = try reply.string().flatMap { Int64($0) } ?? 0
        return seconds &* 1_000_000 &+ microseconds
    }
}
