import HyperoRedis
import HyperoSchema
import Logging

/// The removal of experiments and batteries with their keys, by the owner of the partition.
///
/// No entry is applied meanwhile. A battery may have a million experiments, so they are removed in parts, each in a
/// transaction that renews the lease. A shutdown ends the removal between two parts. The cursor of the control stream is
/// written with the last part, so that the next owner starts the removal again.
struct Deletion {
    let keyspace: Keyspace
    let logger: RateLimitedLogger
    /// The server's clock in Unix milliseconds.
    let clock: Int64
    /// Fields of the ingest's hash, with their values, that each transaction writes.
    let fields: [String]
    /// Further fields, which the last transaction of a command writes.
    var commandFields: [String] = []
    /// The condition of a command that has not begun; nil for none.
    var condition: ControlCondition?
    /// The time of a command that is replayed; nil to derive it from the id.
    var recordedTime: Int64?
    /// The id of a command that is replayed, in the server that was archived; nil if it is the same one.
    var archivedID: StreamID?
    let isShutdownRequested: () -> Bool

    /// The number of experiments per transaction, which takes the server about 2 ms.
    static let partCount = 256

    /// Carries out a command.
    ///
    /// - Parameter id: the id of the command in the control stream. Its time is the time of the deletion.
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    func run(
        _ command: ControlEvent, id: StreamID, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        try checkTombstones(over: &connection)
        if try isOutdated(command, id: archivedID ?? id, over: &connection) {
            logger.event(
                "passed over entry \(id) of \(keyspace.control): \(command.subject) is newer than this deletion. If it is to "
                    + "be deleted, delete it again", level: .warning)
            return try skip(id, fence: &fence, over: &connection)
        }
        let time = try self.time(of: id, over: &connection)
        let progress = [IngestField.control, id.description] + commandFields
        switch command {
        case .deleteExperiment(let experiment, let battery):
            return try delete(
                experiment, in: battery, at: time, progress: progress, fence: &fence, over: &connection)
        case .deleteBattery(let battery):
            return try delete(battery, at: time, progress: progress, fence: &fence, over: &connection)
        case .thinCurve(let experiment, let limit):
            let begun = condition == nil ? [] : [IngestField.begun, id.description]
            return try thin(
                experiment, to: limit, at: time, begun: begun, progress: progress, fence: &fence, over: &connection)
        // A Rebuild carries it out.
        case .rebuild: return try skip(id, fence: &fence, over: &connection)
        }
    }

    /// Returns the time of a command: that of its id, but not after the server's clock: TIME, if the command is newer than the
    /// clock that was read before all commands.
    func time(of id: StreamID, over connection: inout RedisConnection) throws(RedisError) -> Int64 {
        if let recordedTime { return recordedTime }
        let time = Int64(clamping: id.milliseconds)
        guard time > clock else { return time }
        var reply = try connection.call("TIME")
        return min(time, try Transaction.microseconds(from: &reply) / 1_000)
    }

    /// Returns whether a command was carried out before, and its subject has come back since: HMGET battery deleted created, or
    /// HMGET experiment started.
    ///
    /// This happens if the cursor in the ingest's hash is lost while the command is still in the stream. The start of an
    /// experiment and the declaration of a battery must be a day after the command, because clocks differ.
    private func isOutdated(
        _ command: ControlEvent, id: StreamID, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        let time = Int64(clamping: id.milliseconds)
        let begun: String?
        switch command {
        case .deleteExperiment(let experiment, _), .thinCurve(let experiment, _):
            begun = try fields([ExperimentField.started], of: keyspace.experiment(experiment), over: &connection)[0]
        case .deleteBattery(let battery):
            let values = try fields(
                [BatteryField.deleted, BatteryField.created], of: keyspace.battery(battery), over: &connection)
            if let deleted = values[0].flatMap({ Int64($0) }), deleted >= time { return true }
            begun = values[1]
        case .rebuild: return false
        }
        guard let begun = begun.flatMap({ Int64($0) }) else { return false }
        return begun > time && begun.subtractingReportingOverflow(time).partialValue > Limits.maxTimeAhead
    }

    /// Reads fields of a hash: HMGET key field …. A key of another type has none.
    func fields(
        _ names: [String], of key: String, over connection: inout RedisConnection
    ) throws(RedisError) -> [String?] {
        var writer = RESPWriter(capacity: 256)
        writer.add("HMGET", key: key, names)
        try connection.send(writer)
        var reply = try connection.receive()
        guard let error = reply.error else { return try reply.strings(count: names.count) }
        guard error.code == .wrongType else { throw error }
        return names.map { _ in nil }
    }

    /// Returns whether a command may begin to change keys: TIME, if it has a time from which on it must not.
    ///
    /// This must follow the last WATCH. ``Deleter/remainder(of:)`` writes to the watched hash after that time, before it reports a
    /// command as expired, so that a transaction that is under way then is aborted.
    func mayBegin(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        guard let condition else { return true }
        var reply = try connection.call("TIME")
        return try Transaction.microseconds(from: &reply) / 1_000 < condition.until
    }

    /// Checks that tombstones can be written: ZRANGE deleted 0 0. What is deleted without one would come back.
    ///
    /// - Throws: an error with what to do if the key has another type.
    func checkTombstones(over connection: inout RedisConnection) throws(RedisError) {
        let reply = try connection.call("ZRANGE", keyspace.deleted, "0", "0")
        if let error = reply.error { throw error.naming(key: keyspace.deleted, expected: .sortedSet) }
    }

    /// Records that a command was passed over.
    ///
    /// - Returns: false if the state must be read again.
    func skip(_ id: StreamID, fence: inout Fence, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        try commit([IngestField.control, id.description] + commandFields, fence: &fence, over: &connection) { _ in }
    }

    /// Removes what is left of a subject whose hash another client has removed. A subject that is whole again stays.
    ///
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    func run(
        _ vanished: VanishedSubject, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        switch vanished {
        case .experiment(let experiment, let battery):
            let key = keyspace.experiment(experiment)
            guard try isHalf(key, without: ExperimentField.battery, over: &connection) else { return true }
            try checkTombstones(over: &connection)
            logger.event(
                "\(key) was removed by another client: its further events are dropped. To remove an "
                    + "experiment with all its keys, use hypero-ingest delete", level: .warning)
            return try delete(
                experiment, in: battery, at: clock, progress: [], fence: &fence, over: &connection)
        case .battery(let battery, let redeclaration, let experiments):
            let key = keyspace.battery(battery)
            guard try isHalf(key, without: BatteryField.objective, over: &connection) else { return true }
            for experiment in experiments {
                guard try restore(experiment, in: battery, fence: &fence, over: &connection) else { return false }
            }
            guard redeclaration.isEmpty else {
                let keys = [key] + redeclaration.map(\.key)
                return try commit([], keys: keys, fence: &fence, over: &connection) { writer in
                    // Half a hash may have a conflict with a declaration that no longer counts.
                    writer.command("UNLINK", key)
                    for change in redeclaration { writer.add(change) }
                }
            }
            logger.event(
                "\(key) was removed by another client: further events of the battery become dead letters "
                    + "until it is declared again. To remove a battery with all its keys, use hypero-ingest delete",
                level: .warning)
            let keys = [key, keyspace.batteries]
            return try commit([], keys: keys, fence: &fence, over: &connection) { [keyspace] writer in
                writer.command("UNLINK", key)
                writer.command("ZREM", keyspace.batteries, battery.text)
            }
        }
    }

    /// Returns whether a hash lacks a field that every whole one has: HGET key field.
    private func isHalf(
        _ key: String, without field: String, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        var reply = try connection.call("HGET", key, field)
        if let error = reply.error {
            guard error.code == .wrongType else { throw error }
            return false
        }
        return try reply.string() == nil
    }
}

// MARK: - Experiments

extension Deletion {
    /// Removes an experiment: HGETALL experiment, ZRANGE columns … or SCAN …, then UNLINK experiment curve, ZREM experiments id, ZREM
    /// rank:<channel> id for each channel, ZREM rung:<epoch> id for each rung of its search, ZADD deleted time id, HSET ingest control ….
    ///
    /// - Parameter battery: the battery of an experiment whose hash may be gone; nil if it is not known.
    private func delete(
        _ experiment: ExperimentID, in battery: BatteryID?, at time: Int64, progress: [String], fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard !isShutdownRequested() else { return false }
        var hash = try connection.hash(at: keyspace.experiment(experiment))
        var battery = battery
        var channels: Set<ExactText> = []
        // Every whole hash has a battery and a status.
        var (hasBattery, hasStatus) = (false, false)
        if let error = hash.error {
            guard error.code == .wrongType else { throw error }
        } else if hash.isComplete {
            for (name, value) in try hash.pairs() {
                if name == ExperimentField.battery, let found = BatteryID(value) {
                    (battery, hasBattery) = (found, true)
                }
                if name == ExperimentField.status { hasStatus = true }
                if let channel = name.dropping(prefix: Prefix.max) { channels.insert(ExactText(channel)) }
            }
        } else {
            var reply = try connection.call("HGET", keyspace.experiment(experiment), ExperimentField.battery)
            battery = try reply.string().flatMap { BatteryID($0) } ?? battery
        }
        var rankings: [String] = []
        if let battery {
            let isWhole = hasBattery && hasStatus
            guard let found = try self.rankings(of: battery, isWhole: isWhole, fence: &fence, over: &connection) else {
                return false
            }
            let known = Set(channels.map { ExactText(keyspace.rank(of: battery, by: $0.text)) })
            rankings = known.union(found.lazy.map { ExactText($0) }).map(\.text)
        }
        let rungs = try self.rungs(of: experiment, over: &connection)
        let indexes = (battery.map { [keyspace.experiments(of: $0)] } ?? []) + rankings + rungs
        guard try mayBegin(over: &connection) else { return false }
        let keys = [keyspace.experiment(experiment)] + indexes + [keyspace.deleted]
        let isCommitted = try commit(progress, keys: keys, fence: &fence, over: &connection) { [keyspace] writer in
            writer.command("UNLINK", keyspace.experiment(experiment), keyspace.curve(of: experiment))
            for index in indexes { writer.command("ZREM", index, experiment.text) }
            writer.command("ZADD", keyspace.deleted, String(time), experiment.text)
        }
        if isCommitted, !progress.isEmpty { logger.event("deleted experiment \(experiment.text)", level: .notice) }
        return isCommitted
    }
}

// MARK: - Batteries

extension Deletion {
    /// Removes a battery: first from all lists, then the experiments of its list in parts, then those that its list lacks.
    private func delete(
        _ battery: BatteryID, at time: Int64, progress: [String], fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard !isShutdownRequested(), let keys = try keys(of: battery, fence: &fence, over: &connection) else {
            return false
        }
        let list = keyspace.experiments(of: battery)
        let others = keys.filter { $0 != list }
        let indexes = [keyspace.batteries]
        let isCommitted = try commit([], keys: indexes, fence: &fence, over: &connection) { [keyspace] writer in
            writer.command("ZREM", keyspace.batteries, battery.text)
            writer.add("UNLINK", others)
            writer.command("ZADD", keyspace.deleted, String(time), battery.text)
        }
        guard isCommitted else { return false }
        var count = 0
        while true {
            guard !isShutdownRequested() else { return false }
            let members = try listedExperiments(of: battery, over: &connection)
            let part = try part(of: members, in: battery, over: &connection) { $0 == nil || $0 == battery.text }
            count += members.count
            let isLast = members.count < Self.partCount
            let isCommitted = try commit([], fence: &fence, over: &connection) { writer in
                write(part, at: time, to: &writer)
                if isLast { writer.command("UNLINK", list) } else { writer.add("ZREM", key: list, members) }
            }
            guard isCommitted else { return false }
            if isLast { break }
        }
        guard let unlisted = try deleteUnlisted(of: battery, at: time, fence: &fence, over: &connection),
            try commit(progress, fence: &fence, over: &connection, { _ in })
        else { return false }
        logger.event(
            "deleted battery \(battery.text) with \(count + unlisted) experiment\(count + unlisted == 1 ? "" : "s")",
            level: .notice)
        return true
    }

    /// Some experiments of a battery.
    struct Part {
        /// The experiments.
        var all: [ExperimentID] = []
        /// The experiments that have not ended. Their processes may log further events.
        var unended: [ExperimentID] = []
    }

    /// Writes the commands that remove experiments: UNLINK experiment curve …, ZADD deleted time id ….
    func write(_ part: Part, at time: Int64, to writer: inout RESPWriter) {
        if !part.all.isEmpty {
            writer.add("UNLINK", part.all.flatMap { [keyspace.experiment($0), keyspace.curve(of: $0)] })
        }
        if !part.unended.isEmpty {
            writer.add("ZADD", key: keyspace.deleted, part.unended.flatMap { [String(time), $0.text] })
        }
    }

    /// Reads the first members of the list of a battery: ZRANGE experiments 0 n. A key of another type lists none.
    private func listedExperiments(
        of battery: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> [String] {
        var list = try connection.call(
            "ZRANGE", keyspace.experiments(of: battery), "0", String(Self.partCount - 1))
        if let error = list.error {
            guard error.code == .wrongType else { throw error }
            return []
        }
        return try list.strings().compactMap { $0 }
    }

    /// Selects the experiments of a battery: HMGET experiment battery status ….
    ///
    /// - Parameter belongs: returns whether an experiment with this battery in its hash, nil for none, is one of them.
    func part(
        of members: [String], in battery: BatteryID, over connection: inout RedisConnection,
        where belongs: (String?) -> Bool
    ) throws(RedisError) -> Part {
        var part = Part()
        let ids = members.compactMap { ExperimentID($0) }
        var writer = RESPWriter()
        for id in ids {
            writer.command("HMGET", keyspace.experiment(id), ExperimentField.battery, ExperimentField.status)
        }
        try connection.send(writer)
        var firstError: RedisError?
        for id in ids {
            var reply = try connection.receive()
            if let error = reply.error {
                if error.code != .wrongType { firstError = firstError ?? error }
                if belongs(nil) { part.all.append(id) }
                continue
            }
            let values = try reply.strings(count: 2)
            guard belongs(values[0]) else { continue }
            part.all.append(id)
            let status = values[1].flatMap { ExperimentStatus(rawValue: $0) }
            if status == .running || status == .lost || status == nil { part.unended.append(id) }
        }
        if let firstError { throw firstError }
        return part
    }

    /// Runs commands in a fenced transaction that also writes some fields of the ingest's hash.
    ///
    /// - Parameter keys: the keys of the first commands, which errors name.
    /// - Returns: false if the state must be read again.
    func commit(
        _ progress: [String], keys: [String] = [], fence: inout Fence, over connection: inout RedisConnection,
        _ write: (inout RESPWriter) -> Void
    ) throws(RedisError) -> Bool {
        let fields = fields + progress
        let errors = try fence.commit(over: &connection) { [keyspace] writer in
            write(&writer)
            if !fields.isEmpty { writer.add("HSET", key: keyspace.ingest, fields) }
        }
        guard let errors else { return false }
        // A key of another type, which is no index. It may have been renamed in place of one that comes back.
        for (command, error) in errors {
            let named = command < keys.count ? error.naming(key: keys[command], expected: .sortedSet) : error
            logger.event("cannot delete completely: \(named.description), then delete again", level: .error)
        }
        return true
    }
}
