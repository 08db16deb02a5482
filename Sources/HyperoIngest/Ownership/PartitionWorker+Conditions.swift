import HyperoRedis
import HyperoSchema
import Logging

// The commands of rules, which are carried out in time and only if their experiments are as they were.
extension PartitionWorker {
    /// The decision on a command of the control stream.
    enum Decision {
        /// Carries it out, with a condition only before the time of it.
        case carryOut(ControlCondition?)
        /// Applies entries first.
        case wait
        case pass(PassedCommands.Reason)
    }

    /// The age in milliseconds up to which entries that are newer than the command may wait while it is carried out, after those that
    /// waited at an earlier look were applied. Under load, some entry always waits.
    private static let maxWaitingAge: Int64 = 1_000

    /// Decides on a command. One with a condition waits until the entries are applied that may have brought the experiment back to
    /// life: TIME, HGET ingest begun, HMGET experiment battery status …, XREAD COUNT 1 STREAMS events cursor, XREVRANGE events + - COUNT
    /// 1 if it waits, and HGET producer time if the experiment runs.
    func decision(
        on entry: ControlReader.Entry, fence: Fence, in context: inout PipelineContext
    ) throws(RedisError) -> Decision {
        guard let condition = entry.condition, case .success(let command) = entry.command,
            let experiment = command.experiment
        else { return .carryOut(nil) }
        var writer = RESPWriter(capacity: 512)
        writer.command("TIME")
        writer.command("HGET", keyspace.ingest, IngestField.begun)
        writer.add("HMGET", key: keyspace.experiment(experiment), ExperimentStamp.fields)
        writer.addRead(after: fence.writtenCursor, count: 1, block: nil, in: keyspace)
        try context.connection.send(writer)
        var time = try context.connection.receive()
        var begun = try context.connection.receive()
        var hash = try context.connection.receive()
        let waiting = try Self.firstEntry(of: try context.connection.receive(within: XReadReply.bounds))
        let now = try Transaction.microseconds(from: &time) / 1_000
        if let error = begun.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
        if try begun.string() == entry.id.description { return .carryOut(nil) }
        guard now < condition.until else { return .pass(.expired) }
        if let error = hash.error, error.code != .wrongType { throw error }
        var state = ExperimentStamp(hash.error == nil ? try hash.strings(count: ExperimentStamp.fields.count) : [])
        // Until the stream that has begun again is applied, its entries may precede the cursor.
        if context.rewind != nil, fence.writtenCursor != .zero { return .wait }
        if let waiting,
            try mustWait(for: waiting, before: entry.id, at: now, fence: fence, over: &context.connection)
        {
            return .wait
        }
        guard let seen = condition.seen else { return .carryOut(condition) }
        if let producer = state.producer(of: experiment) {
            var time = try context.connection.call("HGET", keyspace.producer(producer), ProducerField.time)
            if let error = time.error, error.code != .wrongType { throw error }
            state.alive = time.error == nil ? try time.string() : nil
        }
        return seen == state.stamp ? .carryOut(condition) : .pass(.changed)
    }

    /// Returns whether entries must be applied before the command of a rule: unless all that waited at an earlier look are, and the
    /// others are young and newer than the command. The ids of both streams are times of one server; if its clock was set back, the
    /// first look at the command itself counts.
    private func mustWait(
        for first: StreamID, before command: StreamID, at now: Int64, fence: Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        let age = now.subtractingReportingOverflow(Int64(clamping: first.milliseconds)).partialValue
        if let awaited, awaited.last <= fence.writtenCursor, age <= Self.maxWaitingAge,
            first > command || awaited.command == command
        {
            return false
        }
        var writer = RESPWriter(capacity: 256)
        writer.command("XREVRANGE", keyspace.events, "+", "-", "COUNT", "1")
        try connection.send(writer)
        var reply = try connection.receive(within: XReadReply.bounds)
        if let error = reply.error { throw error.naming(key: keyspace.events, expected: .stream) }
        guard try reply.array() ?? 0 > 0 else { return false }
        _ = try reply.array()
        let last = try reply.string().flatMap { StreamID($0) } ?? first
        awaited = (last, command)
        // A drain ends with the commands.
        if settings.isDraining, !endsAtGoal { goal = goal.map { max($0, last) } }
        return true
    }

    /// Returns the id of the first entry of a reply to XREAD; nil if there is none. A key of another type is reported when it is
    /// read to be applied.
    private static func firstEntry(of reply: consuming Reply) throws(RedisError) -> StreamID? {
        var reply = reply
        guard reply.error == nil, try reply.array() != nil else { return nil }
        _ = try reply.array()
        _ = try reply.string()
        guard try reply.array() ?? 0 > 0 else { return nil }
        _ = try reply.array()
        return try reply.string().flatMap { StreamID($0) }
    }

    /// Records commands that were passed over, if there are any: MULTI, HINCRBY ingest expired n, HSET ingest control …, EXEC.
    ///
    /// - Returns: false if the state must be read again.
    func record(
        _ passed: inout PassedCommands, _ deletion: Deletion, fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard let ids = passed.ids else { return true }
        var fields = [IngestField.control, ids.upperBound.description]
        var unarchived = UnarchivedField(self.unarchived)
        if let first = unarchived.first {
            var runs = try passedRuns(over: &connection)
            if runs.add(ids, removingBefore: first) {
                fields += [IngestField.passed, runs.description]
            } else {
                // Those that are carried out could not be told from those that are passed over.
                unarchived.forgetPlaces(from: ids.lowerBound)
                fields += [IngestField.unarchived, unarchived.description]
            }
        }
        let (field, isChanged) = (unarchived.description, unarchived != UnarchivedField(self.unarchived))
        let count = passed.count
        let isCommitted = try deletion.commit(fields, fence: &fence, over: &connection) { [keyspace] writer in
            writer.command("HINCRBY", keyspace.ingest, IngestField.expired, String(count))
        }
        guard isCommitted else { return false }
        if isChanged {
            if restoredCommands == self.unarchived { restoredCommands = field }
            self.unarchived = field
            limitedLogger.event(
                "more than \(PassedRuns.maxRuns) runs of commands were passed over since the last one was archived. If this process is "
                    + "killed, the archive lacks the commands from \(ids.lowerBound) on, and a replay says so",
                level: .error)
        }
        for message in passed.messages(in: keyspace) { limitedLogger.event(message, level: .warning) }
        passed = PassedCommands()
        return true
    }

    /// Reads the commands that were passed over: HGET ingest passed.
    func passedRuns(over connection: inout RedisConnection) throws(RedisError) -> PassedRuns {
        var reply = try connection.call("HGET", keyspace.ingest, IngestField.passed)
        if let error = reply.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
        return PassedRuns(try reply.string() ?? "")
    }
}
