import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

/// The state that decides what an owner must do before it applies entries.
struct PreparatoryWork {
    let header: PartitionHeader
    /// The server's clock in Unix milliseconds.
    let clock: Int64
    /// True if all dead letters of the last transaction are written. Its entries are then not looked at again, because the
    /// keys of deleted experiments are missing.
    let isConfirmed: Bool
    /// The last entry that is applied.
    let position: ArchivePosition
}

extension PartitionWorker {
    /// The time between two reads of the control stream while entries are applied.
    private static let controlInterval: Duration = .seconds(1)

    private var controlReader: ControlReader { ControlReader(keyspace: keyspace, logger: limitedLogger) }

    /// Returns whether the control stream has a command: XREAD COUNT 1 STREAMS control id.
    func hasCommand(after id: StreamID, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        try controlReader.entry(after: id, over: &connection) != nil
    }

    /// Returns whether commands are to be carried out before further entries: the control stream has one, or a rebuild goes on.
    /// Reads the stream at most once a second.
    ///
    /// A rebuild goes on once entries were applied for as long as its last slice took, or if none wait. The first transaction of a
    /// pipeline applies none, and those that it has read would be read again.
    ///
    /// - Parameter slots: the batches of the pipeline after a step.
    func isCommanded(
        after slots: PipelineSlots, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard rebuild == nil else {
            return slots.isCaughtUp || slots.hasAppliedChanges && controlRead + rebuildSlice <= .now
        }
        guard controlRead + Self.controlInterval <= .now else { return false }
        // They can be removed from the control stream.
        if !unarchived.isEmpty, archiver?.hasWrittenCommands == true { return true }
        controlRead = .now
        var reader = controlReader
        reader.reportsDenial = true
        return try reader.entry(after: control, over: &connection) != nil
    }

    /// Does everything that precedes the application of entries: migrates the keys of an older format, removes what is left of
    /// subjects whose keys another client has removed, and carries out the commands in the control stream. Then removes the
    /// expired tombstones.
    ///
    /// - Parameter fence: the fence of the first transaction. It watches again after other transactions.
    /// - Returns: whether the partition has tombstones; nil if the state must be read again, or if a shutdown is requested.
    func prepare(
        _ work: PreparatoryWork, fence: inout Fence, in context: inout PipelineContext
    ) throws(RedisError) -> Bool? {
        // A shutdown ends the work between two transactions and not within one.
        shield.isShielded = true
        defer { shield.isShielded = false }
        let isShutdownRequested = { [shield] in shield.isShutdownRequested }
        if work.header.format == nil {
            let migration = Migration(
                keyspace: keyspace, logger: limitedLogger, clock: work.clock, isShutdownRequested: isShutdownRequested)
            guard try migration.run(fence: &fence, over: &context.connection) else { return nil }
        }
        let deletion = Deletion(
            keyspace: keyspace, logger: limitedLogger, clock: work.clock,
            fields: work.isConfirmed ? [IngestField.unconfirmed, ""] : [], isShutdownRequested: isShutdownRequested)
        while let vanished = context.vanished.last {
            guard try deletion.run(vanished, fence: &fence, over: &context.connection) else { return nil }
            context.vanished.removeLast()
        }
        controlRead = .now
        guard try runCommands(work, deletion, fence: &fence, in: &context) else { return nil }
        // After a slice of a rebuild, entries are applied for as long.
        controlRead = .now
        // A replay applies the entries at their own time.
        let now = settings.isReplaying ? Int64(clamping: fence.writtenCursor.milliseconds) : work.clock
        return try Tombstones.removeExpired(in: keyspace, now: now, fence: &fence, over: &context.connection)
    }

    /// Carries out a rebuild until it is done or until entries wait to be applied. It goes on after the next batches.
    private func runRebuild(
        of battery: BatteryID?, id: StreamID, fence: inout Fence, in context: inout PipelineContext
    ) throws(RedisError) -> Rebuild.Step {
        var current =
            if let rebuild, rebuild.command == id { rebuild } else {
                Rebuild(
                    id, of: battery, in: keyspace, logger: limitedLogger, former: rebuildAttempts.numbers(of: id),
                    searchCount: rebuildSearchCount,
                    isShutdownRequested: { [shield] in shield.isShutdownRequested })
            }
        // An error in between ends it, and the next attempt starts it again.
        rebuild = nil
        if let error = rebuildAttempts.lastError(of: id) {
            return try current.giveUp(after: error, fence: &fence, over: &context.connection) ? .done : .stopped
        }
        do {
            while true {
                let step = try current.run(until: .now + rebuildSlice, fence: &fence, over: &context.connection)
                context.vanished += current.vanished
                current.vanished = []
                rebuildAttempts.record(current)
                switch step {
                case .done: return .done
                case .stopped:
                    // Another client has written to the ingest's hash, or a shutdown is requested. No owner has changed anything.
                    if fence.isHeld { rebuild = current }
                    return .stopped
                case .paused: break
                }
                // What is left of removed subjects is removed by the next preparation.
                let isInterrupted =
                    if context.vanished.isEmpty {
                        try hasEntries(after: fence.writtenCursor, over: &context.connection)
                    } else { true }
                guard !isInterrupted else {
                    rebuild = current
                    return .paused
                }
            }
        } catch {
            rebuildAttempts.record(current, endedAt: error)
            throw error
        }
    }

    /// Returns whether the stream has entries that are not applied: XREAD COUNT 1 STREAMS events id.
    private func hasEntries(
        after id: StreamID, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        var writer = RESPWriter(capacity: 256)
        writer.addRead(after: id, count: 1, block: nil, in: keyspace)
        try connection.send(writer)
        let reply = try connection.receive(within: XReadReply.bounds)
        return reply.error == nil && !reply.isNull
    }

    /// Carries out all commands in the control stream, and removes them and those that a former owner has left.
    ///
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    private func runCommands(
        _ work: PreparatoryWork, _ deletion: Deletion, fence: inout Fence, in context: inout PipelineContext
    ) throws(RedisError) -> Bool {
        let reader = controlReader
        var passed = PassedCommands()
        commands: while let entry = try reader.entry(after: control, over: &context.connection) {
            let decision = try decision(on: entry, fence: fence, in: &context)
            if case .wait = decision { break commands }
            if case .pass(let reason) = decision {
                passed.add(entry, because: reason)
                control = entry.id
                if !fence.isDue { continue }
            }
            guard try record(&passed, deletion, fence: &fence, over: &context.connection) else { return false }
            if case .pass = decision { continue }
            let isDone: Bool
            switch entry.command {
            case .success(.rebuild(let battery)):
                switch try runRebuild(of: battery, id: entry.id, fence: &fence, in: &context) {
                case .done: isDone = true
                case .paused: return true
                case .stopped: return false
                }
            case .success(let command):
                var deletion = deletion
                let done = CommandsField(count: commands.count + 1, last: entry.id)
                let field = fieldValue(carryingOut: done, work)
                deletion.commandFields =
                    [IngestField.commands, done.description] + (field.map { [IngestField.unarchived, $0] } ?? [])
                // The mark by which an ingest without an archive leaves the command to the next one with it.
                deletion.commandFields += archiver?.fieldValue.map { [IngestField.archived, $0] } ?? []
                if case .carryOut(let condition) = decision { deletion.condition = condition }
                if settings.isReplaying {
                    (deletion.recordedTime, deletion.archivedID) = (entry.recordedTime, entry.archivedID)
                }
                let time = try deletion.time(of: entry.id, over: &context.connection)
                deletion.recordedTime = time
                isDone = try deletion.run(command, id: entry.id, fence: &fence, over: &context.connection)
                if isDone { commands = done }
                if isDone, let field {
                    archiver?.record(command, id: entry.id, number: done.count, time: time)
                    (unarchived, restoredCommands) = (field, field)
                }
            case .failure(let rejection):
                limitedLogger.event(
                    "invalid command: entry \(entry.id) of \(keyspace.control), \(rejection.description)", level: .error
                )
                isDone = try deletion.skip(entry.id, fence: &fence, over: &context.connection)
            }
            guard isDone else { return false }
            control = entry.id
        }
        guard try record(&passed, deletion, fence: &fence, over: &context.connection) else { return false }
        if !unarchived.isEmpty, archiver?.waitForCommands() ?? !keepsCommands(work) {
            let isCommitted = try deletion.commit(
                [IngestField.unarchived, ""], fence: &fence, over: &context.connection, { _ in })
            guard isCommitted else { return false }
            (unarchived, restoredCommands) = ("", "")
        }
        try reader.trim(through: control, keeping: UnarchivedField(unarchived).first, over: &context.connection)
        return true
    }
}
