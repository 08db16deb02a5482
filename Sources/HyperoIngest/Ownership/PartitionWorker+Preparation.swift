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
}

extension PartitionWorker {
    /// The time between two reads of the control stream while entries are applied.
    private static let controlInterval: Duration = .seconds(1)

    private var controlReader: ControlReader { ControlReader(keyspace: keyspace, logger: limitedLogger) }

    /// Returns whether the control stream has a command: XREAD COUNT 1 STREAMS control id.
    func hasCommand(after id: StreamID, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        try controlReader.entry(after: id, over: &connection) != nil
    }

    /// Returns whether the control stream has a command. Reads the stream at most once a second.
    func isCommanded(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        guard controlRead + (rebuild == nil ? Self.controlInterval : Rebuild.slice) <= .now else { return false }
        controlRead = .now
        if rebuild != nil { return true }
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
        control = work.header.control
        controlRead = .now
        guard try runCommands(deletion, fence: &fence, over: &context.connection) else { return nil }
        // After a slice of a rebuild, entries are applied for as long.
        controlRead = .now
        // A replay applies the entries at their own time.
        let now = settings.isReplaying ? Int64(clamping: fence.writtenCursor.milliseconds) : work.clock
        return try Tombstones.removeExpired(in: keyspace, now: now, fence: &fence, over: &context.connection)
    }

    /// Carries out a rebuild until it is done or until entries wait to be applied. It goes on after the next batches.
    private func runRebuild(
        of battery: BatteryID?, id: StreamID, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Rebuild.Step {
        var current =
            if let rebuild, rebuild.command == id { rebuild } else {
                Rebuild(
                    id, of: battery, in: keyspace, logger: limitedLogger,
                    isShutdownRequested: { [shield] in shield.isShutdownRequested })
            }
        // An error in between ends it, and the next attempt starts it again.
        rebuild = nil
        while true {
            let step = try current.run(until: .now + Rebuild.slice, fence: &fence, over: &connection)
            guard step == .paused else { return step }
            guard try !hasEntries(after: fence.writtenCursor, over: &connection) else {
                rebuild = current
                return .paused
            }
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
        _ deletion: Deletion, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        let reader = controlReader
        while let entry = try reader.entry(after: control, over: &connection) {
            let isDone: Bool
            switch entry.command {
            case .success(.rebuild(let battery)):
                switch try runRebuild(of: battery, id: entry.id, fence: &fence, over: &connection) {
                case .done: isDone = true
                case .paused: return true
                case .stopped: return false
                }
            case .success(let command):
                archiver?.record(command, id: entry.id, after: fence.writtenCursor)
                isDone = try deletion.run(command, id: entry.id, fence: &fence, over: &connection)
            case .failure(let rejection):
                limitedLogger.event(
                    "invalid command: entry \(entry.id) of \(keyspace.control), \(rejection.description)", level: .error
                )
                isDone = try deletion.skip(entry.id, fence: &fence, over: &connection)
            }
            guard isDone else { return false }
            control = entry.id
        }
        try reader.trim(through: control, over: &connection)
        return true
    }
}
