import HyperoRedis
import HyperoSchema
import Logging

/// The migration of the keys of the first format to the second one, by the owner of the partition.
///
/// It writes what the fold would have written: the maxima that the user stated apart from those of the curve, and the
/// columns of all channels of curves. Times far in the future are set to now, because they would be the latest for good.
/// The experiments are migrated in parts, each in a transaction that renews the lease. A shutdown ends the migration
/// between two parts, and the next owner starts it again: it changes nothing twice.
struct Migration {
    let keyspace: Keyspace
    let logger: RateLimitedLogger
    /// The server's clock in Unix milliseconds.
    let clock: Int64
    let isShutdownRequested: () -> Bool

    /// The number of experiments per transaction.
    private static let partCount = 500

    /// Migrates all keys and writes the format: ZRANGE batteries 0 -1, and for each battery HMGET battery objective … and its
    /// experiments, then HSET ingest format.
    ///
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    func run(fence: inout Fence, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        var list = try connection.call("ZRANGE", keyspace.batteries, "0", "-1")
        if let error = list.error, error.code != .wrongType { throw error }
        let batteries = list.error == nil ? try list.strings().compactMap { $0.flatMap { BatteryID($0) } } : []
        var count = 0
        for battery in batteries {
            guard let migrated = try migrate(battery, fence: &fence, over: &connection) else { return false }
            count += migrated
        }
        let errors = try fence.commit(over: &connection) { [keyspace] writer in
            writer.command("HSET", keyspace.ingest, IngestField.format, String(PartitionHeader.currentFormat))
        }
        guard errors != nil else { return false }
        if count > 0 {
            logger.event(
                "migrated \(count) experiment\(count == 1 ? "" : "s") to format \(PartitionHeader.currentFormat) of the keys",
                level: .notice)
        }
        return true
    }

    /// Migrates a battery and its experiments.
    ///
    /// - Returns: the number of experiments; nil if the state must be read again, or if a shutdown is requested.
    private func migrate(
        _ battery: BatteryID, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Int? {
        var writer = RESPWriter(capacity: 256)
        writer.add("HMGET", key: keyspace.battery(battery), BatteryState.fields)
        try connection.send(writer)
        var hash = try connection.receive()
        if let error = hash.error {
            guard error.code == .wrongType else { throw error }
            return 0
        }
        let state = BatteryState(values: try hash.strings(count: BatteryState.fields.count))
        // The HSET of a battery without a hash would create half of one.
        guard let objective = state.objective else { return 0 }
        var part = ExperimentMigration(battery: battery, objective: objective, keyspace: keyspace, clock: clock)
        if isAhead(state.updated) {
            part.changes.append(
                .setFields(key: keyspace.battery(battery), [IndexChange.Field(BatteryField.updated, String(clock))]))
        }
        var count = 0
        while true {
            guard !isShutdownRequested() else { return nil }
            var list = try connection.call(
                "ZRANGE", keyspace.experiments(of: battery), String(count), String(count + Self.partCount - 1),
                "WITHSCORES")
            if let error = list.error, error.code != .wrongType { throw error }
            let found = list.error == nil ? try list.pairs() : []
            try part.read(found, over: &connection)
            repeat {
                guard !isShutdownRequested() else { return nil }
                // The whole curves of many experiments may take longer than the lease, and so may a single one.
                let isRead = try part.readStated(
                    while: { !isShutdownRequested() && !fence.isDue }, over: &connection,
                    pause: { connection throws(RedisError) in
                        guard !isShutdownRequested() else { return false }
                        return fence.isDue ? try fence.renew(over: &connection) : true
                    })
                guard isRead, try commit(&part.changes, fence: &fence, over: &connection) else { return nil }
            } while !part.stated.isEmpty
            count += found.count
            guard found.count == Self.partCount else { return count }
        }
    }

    /// Writes changes, or renews the lease if there are none.
    ///
    /// - Returns: false if the state must be read again.
    private func commit(
        _ changes: inout [IndexChange], fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard !changes.isEmpty else {
            guard fence.isDue else { return true }
            return try fence.renew(over: &connection)
        }
        let errors = try fence.commit(over: &connection) { writer in
            for change in changes { writer.add(change) }
        }
        guard let errors else { return false }
        for (_, error) in errors { logger.event("cannot migrate completely: \(error.description)", level: .error) }
        changes = []
        return true
    }

    private func isAhead(_ time: Int64) -> Bool { time > clock + Limits.maxTimeAhead }
}
