import HyperoRedis
import HyperoSchema
import Logging

/// The state of a partition in Redis, from which a new owner resumes.
struct Checkpoint {
    /// The first batch: no entries, but the position where reading starts.
    var batch: FoldedBatch
    /// The cursor in Redis. The batch has another one if reading starts again from the beginning.
    let cursor: StreamID
    /// The error of `XLEN dead`; nil if it succeeded.
    let deadLetterError: RedisError?
    /// The error of a dead letter stream that accepts no more entries; nil if it does.
    let fullStreamError: RedisError?
}

/// Reads checkpoints, and what else an owner must know before it applies entries.
struct CheckpointReader {
    let keys: Keyspace
    /// The name of this owner.
    let owner: String
    let logger: RateLimitedLogger

    /// Reads the checkpoint: HMGET ingest cursor entries owner released, XLEN dead, XINFO STREAM dead, XINFO STREAM
    /// events.
    ///
    /// - Parameter applied: the last cursor that this owner has written; nil before the first.
    func checkpoint(after applied: StreamID?, over connection: inout RedisConnection) throws(RedisError) -> Checkpoint {
        var batch = try resumption(over: &connection)
        let cursor = batch.cursor
        let dead = try connection.call("XLEN", keys.dead)
        let fullStreamError = try fullDeadLettersError(over: &connection)
        if let applied, cursor < applied {
            logger.event(
                "the cursor in \(keys.ingest) moved back from \(applied) to \(cursor): "
                    + "the entries between them are applied again", level: .warning)
            batch.isRewind = true
        }
        if case .success(let stream) = try permittedStreamInfo(of: keys.events, over: &connection) {
            check(&batch, against: stream)
        }
        return Checkpoint(
            batch: batch, cursor: cursor, deadLetterError: dead.error?.naming(key: keys.dead, expected: .stream),
            fullStreamError: fullStreamError)
    }

    /// HMGET ingest cursor entries owner released.
    private func resumption(over connection: inout RedisConnection) throws(RedisError) -> FoldedBatch {
        var reply = try connection.call(
            "HMGET", keys.ingest, IngestField.cursor, IngestField.entries, IngestField.owner, IngestField.released)
        if let error = reply.error { throw error.naming(key: keys.ingest, expected: .hash) }
        let fields = try reply.strings()
        let (cursor, entries, lastOwner, released) = (fields[0], fields[1], fields[2], fields[3])
        var batch = FoldedBatch(
            resumingAt: StreamPosition(cursor: try parseCursor(cursor), text: cursor == nil ? nil : entries))
        if let lastOwner, lastOwner != owner, lastOwner != released {
            logger.event("taking over from \(printable(lastOwner)), which did not release its lease", level: .notice)
            batch.isTakeover = true
        }
        return batch
    }

    /// Compares the position with the stream.
    private func check(_ batch: inout FoldedBatch, against stream: StreamInfo) {
        switch batch.position.check(against: stream) {
        case .missed(0): break
        case .missed(let count):
            batch.missedEntries = count
            logger.missed(count, from: keys.events)
        case .otherStream:
            // Entries that were applied before are recognized by their sequence numbers.
            logger.event("\(keys.events) is another stream than before: reading it from its beginning", level: .warning)
            batch.position = StreamPosition(id: .zero, entries: stream.lastID == nil ? 0 : nil)
            _ = batch.position.check(against: stream)
            batch.isRewind = true
        }
    }

    /// HGET ingest cursor; zero if no entry was ever applied.
    func cursor(over connection: inout RedisConnection) throws(RedisError) -> StreamID {
        var reply = try connection.call("HGET", keys.ingest, IngestField.cursor)
        if let error = reply.error { throw error.naming(key: keys.ingest, expected: .hash) }
        return try parseCursor(try reply.string())
    }

    private func parseCursor(_ text: String?) throws(RedisError) -> StreamID {
        guard let text else { return .zero }
        guard let cursor = StreamID(text) else {
            throw RedisError(
                .other,
                "cursor in \(keys.ingest) must be a stream id, not '\(printable(text))'. "
                    + "Set it to the id of the last applied entry")
        }
        return cursor
    }

    /// Returns whether everything up to the goal of a drain is applied. An empty stream needs no lease.
    ///
    /// XINFO STREAM events for the last entry, HGET ingest cursor for what is applied.
    ///
    /// - Parameter goal: the last entry of the stream when it was read first, which is set here.
    func isDrained(to goal: inout StreamID?, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        let stream: StreamInfo
        switch try permittedStreamInfo(of: keys.events, over: &connection) {
        case .success(let info): stream = info
        case .failure(let error):
            throw RedisError(
                error.code,
                "permission denied: XINFO STREAM \(keys.events). A drain needs it to find the last entry to apply")
        }
        guard stream.length > 0 else { return true }
        goal = goal ?? stream.lastEntryID
        guard let goal else { return true }
        let cursor = try cursor(over: &connection)
        // After the end of the stream it is the cursor of another stream.
        guard cursor >= goal, cursor <= stream.lastID ?? cursor else { return false }
        // The owner that applied the entries may have dead letters that it cannot write.
        if let error = try fullDeadLettersError(over: &connection) { throw error }
        return true
    }

    /// XINFO STREAM dead: the error if the stream accepts no more entries; nil if it does, or without permission for XINFO.
    private func fullDeadLettersError(over connection: inout RedisConnection) throws(RedisError) -> RedisError? {
        switch try connection.streamInfo(of: keys.dead) {
        case .success(let stream) where stream.hasExhaustedIDs:
            return RedisError(
                .other,
                "\(keys.dead) accepts no more entries: its last id is the highest possible. "
                    + "Requeue its entries, then delete it")
        case .success: return nil
        // XLEN fails for the same reason.
        case .failure(let error) where error.category == .refused || error.category == .denied: return nil
        case .failure(let error): throw error
        }
    }

    /// - Returns: the stream's state, or a permission error. Other errors are thrown.
    private func permittedStreamInfo(
        of key: String, over connection: inout RedisConnection
    ) throws(RedisError) -> Result<StreamInfo, RedisError> {
        let result = try connection.streamInfo(of: key)
        if case .failure(let error) = result, error.category != .denied { throw error }
        return result
    }

    /// Finds the newest entry with a number of entries between it and the cursor; nil if there are fewer.
    ///
    /// XLEN events, then XREVRANGE events cursor - COUNT n until enough entries are passed.
    ///
    /// Without this entry, an ingest that never runs for long, such as a drain, would never trim. Redis answers whole
    /// entries, although only their ids are needed. So they are read once per connection, a few at first, and not at all
    /// if there is nothing to trim. Reading ends early if entries are very large: then trimming starts with the entries
    /// that are applied next.
    ///
    /// - Parameter retain: the number of entries.
    func surplus(
        before cursor: StreamID, retain: Int, over connection: inout RedisConnection
    ) throws(RedisError) -> StreamID? {
        var length = try connection.call("XLEN", keys.events)
        guard try length.integer() > retain, cursor != .zero else { return nil }
        var id = cursor
        var remaining = retain + 1
        var batchSize = 1
        var bytes = 0
        while bytes < Self.surplusBytes {
            let requested = min(remaining, batchSize)
            var writer = RESPWriter(capacity: 256)
            writer.command("XREVRANGE", keys.events, id.description, "-", "COUNT", "\(requested)")
            try connection.send(writer)
            var reply = try connection.receive(within: XReadReply.bounds)
            bytes += reply.byteCount
            // The ids of a truncated reply are incomplete.
            guard reply.isComplete else { return nil }
            let count = try reply.array() ?? 0
            for _ in 0..<count {
                _ = try reply.array()
                id = StreamID(try reply.string() ?? "") ?? id
                try reply.skip()
            }
            remaining -= count
            if remaining == 0 { return id }
            guard count == requested, let next = id.previous else { return nil }
            id = next
            batchSize = min(batchSize * 2, 1_000)
        }
        return nil
    }

    /// The bytes read at most to find the surplus.
    private static let surplusBytes = 64 << 20
}
