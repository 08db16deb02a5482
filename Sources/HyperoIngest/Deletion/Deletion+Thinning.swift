import HyperoRedis
import HyperoSchema
import Logging

extension Deletion {
    /// The number of rows per HDEL, which takes the server about a millisecond.
    private static let removalCount = 2_048
    /// The number of rows, and of their bytes, up to which a curve is written again. Redis then stores a short one in less
    /// memory: HDEL leaves a hash table.
    private static let (rewrittenCount, rewrittenBytes) = (1_024, 1 << 20)
    /// The number of rows per read. A row of 1,024 channels may have 300 KiB.
    private static let readCount = 32

    /// Removes rows of the curve of an experiment, and records it in the hash: HMGET experiment battery …, HMGET battery
    /// objective direction, HSCAN curve …; then UNLINK curve, HSET curve epoch row …, or HDEL curve epoch … in parts; with
    /// HSET experiment thinned …, HSET ingest control ….
    ///
    /// Each transaction leaves a curve that has the row of the maxima.
    ///
    /// - Parameters:
    ///   - begun: fields of the ingest's hash that each part but the last one writes, with their values.
    ///   - progress: those that the last part writes.
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    func thin(
        _ experiment: ExperimentID, to limit: CurveLimit, at time: Int64, begun: [String], progress: [String],
        fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard !isShutdownRequested() else { return false }
        let names = [
            ExperimentField.battery, ExperimentField.maxStated, ExperimentField.thinned, ExperimentField.maxEpoch,
        ]
        let values = try fields(names, of: keyspace.experiment(experiment), over: &connection)
        guard let battery = values[0].flatMap({ BatteryID($0) }),
            let objective = try objective(of: battery, over: &connection)
        else {
            logger.event(
                "cannot thin the curve of \(experiment.text): the experiment or its battery does not exist",
                level: .warning)
            return try commit(progress, fence: &fence, over: &connection) { _ in }
        }
        let curve = keyspace.curve(of: experiment)
        var scan = CurveScan(key: curve, reader: CurveThinning(of: objective))
        do {
            while !scan.isComplete {
                try scan.readPart(over: &connection)
                guard !isShutdownRequested() else { return false }
                guard fence.isDue else { continue }
                guard try fence.renew(over: &connection), try mayBegin(over: &connection) else { return false }
            }
        } catch {
            guard [.wrongType, .tooLarge].contains(error.code) else { throw error }
            logger.event(
                "cannot thin a curve: \(error.naming(key: curve, expected: .hash).description)", level: .error)
            return try commit(progress, fence: &fence, over: &connection) { _ in }
        }
        let epochs = scan.reader.epochs
        guard let last = epochs.last else { return try commit(progress, fence: &fence, over: &connection) { _ in } }
        let stated = values[1].flatMap { ExperimentState.StatedMaxima(text: $0) }?.epoch
        // That of the hash is another one if the battery was declared again with another objective.
        let pinned = [stated, values[3].flatMap { Int($0) }].compactMap(\.self)
        let kept = scan.reader.kept(of: epochs, limit: limit, pinned: pinned)
        let earlier = values[2].flatMap { ThinnedCurve(text: $0) }
        var record = ThinnedCurve(
            // After a resume, rows that were removed may be after the last one.
            through: max(last, earlier?.through ?? 0), removed: earlier?.removed ?? 0, best: scan.reader.best,
            limit: limit, time: time)
        let keptSet = Set(kept)
        let removed = epochs.filter { !keptSet.contains($0) }
        let thinning = Thinning(
            experiment: experiment, curve: curve, removed: removed, begun: begun, progress: progress)
        let rows = removed.isEmpty ? nil : try self.rows(kept, of: curve, over: &connection)
        guard try mayBegin(over: &connection) else { return false }
        let isDone =
            if let rows {
                try rewrite(rows, thinning, &record, fence: &fence, over: &connection)
            } else {
                try remove(thinning, &record, fence: &fence, over: &connection)
            }
        guard isDone else { return false }
        logger.event(
            "thinned the curve of experiment \(experiment.text): \(kept.count) of \(epochs.count) rows stay",
            level: .info)
        return true
    }

    /// The rows to remove from a curve.
    private struct Thinning {
        let experiment: ExperimentID
        /// The key of the curve.
        let curve: String
        /// The epochs.
        let removed: [Int]
        let begun: [String]
        let progress: [String]
    }

    /// Reads the objective of a battery: HMGET battery objective direction.
    ///
    /// - Returns: nil if the battery is not declared.
    private func objective(
        of battery: BatteryID, over connection: inout RedisConnection
    ) throws(RedisError) -> BatteryState.Objective? {
        let names = [BatteryField.objective, BatteryField.direction]
        let values = try fields(names, of: keyspace.battery(battery), over: &connection)
        return values[0].map {
            BatteryState.Objective(channel: $0, direction: values[1].flatMap { Direction(rawValue: $0) } ?? .max)
        }
    }

    /// Reads rows: HMGET curve epoch ….
    ///
    /// - Returns: the arguments of the HSET that writes them; nil if there are too many, or if they are too large.
    private func rows(
        _ epochs: [Int], of curve: String, over connection: inout RedisConnection
    ) throws(RedisError) -> [String]? {
        guard epochs.count <= Self.rewrittenCount else { return nil }
        var arguments: [String] = []
        var bytes = 0
        for start in stride(from: 0, to: epochs.count, by: Self.readCount) {
            let part = epochs[start..<min(start + Self.readCount, epochs.count)].map { String($0) }
            var writer = RESPWriter(capacity: 1_024)
            writer.add("HMGET", key: curve, part)
            try connection.send(writer)
            var reply = try connection.receive(
                within: ReplyBounds(maxTextBytes: Self.rewrittenBytes, maxTotalBytes: Self.rewrittenBytes))
            if let error = reply.error { throw error }
            guard reply.isComplete else { return nil }
            bytes += reply.byteCount
            guard bytes <= Self.rewrittenBytes else { return nil }
            for (epoch, row) in zip(part, try reply.strings(count: part.count)) {
                guard let row else { return nil }
                arguments += [epoch, row]
            }
        }
        return arguments
    }

    /// Writes a curve again, with the rows that stay.
    private func rewrite(
        _ rows: [String], _ thinning: Thinning, _ record: inout ThinnedCurve, fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        record.removed += thinning.removed.count
        let text = record.text
        return try commit(thinning.progress, fence: &fence, over: &connection) { [keyspace] writer in
            writer.command("UNLINK", thinning.curve)
            writer.add("HSET", key: thinning.curve, rows)
            writer.command("HSET", keyspace.experiment(thinning.experiment), ExperimentField.thinned, text)
        }
    }

    /// Removes the other rows in parts.
    private func remove(
        _ thinning: Thinning, _ record: inout ThinnedCurve, fence: inout Fence,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        var rest = thinning.removed[...]
        repeat {
            guard !isShutdownRequested() else { return false }
            let part = rest.prefix(Self.removalCount)
            rest = rest.dropFirst(part.count)
            record.removed += part.count
            let text = record.text
            let progress = rest.isEmpty ? thinning.progress : thinning.begun
            let isCommitted = try commit(progress, fence: &fence, over: &connection) { [keyspace] writer in
                if !part.isEmpty { writer.add("HDEL", key: thinning.curve, part.map { String($0) }) }
                writer.command("HSET", keyspace.experiment(thinning.experiment), ExperimentField.thinned, text)
            }
            guard isCommitted else { return false }
        } while !rest.isEmpty
        return true
    }
}
