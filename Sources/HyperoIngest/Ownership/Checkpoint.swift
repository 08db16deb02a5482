import HyperoRedis
import HyperoSchema
import Logging

/// The state of a partition in Redis, from which a new owner resumes.
struct Checkpoint {
    /// The first batch, which has no entries and the position at which reading starts.
    var batch: FoldedBatch
    /// The cursor in Redis. The batch has another one if reading starts again from the beginning.
    let cursor: StreamID
    /// The series of the entries after the cursor.
    let series: EntrySeries
    /// True if the series begins here.
    let isNewSeries: Bool
    /// The last transaction, if it is not known that its outcome was handled.
    let unconfirmed: Unconfirmed?
    /// The server's clock in Unix milliseconds.
    let clock: Int64
    /// The error of `XLEN dead`; nil if it succeeded.
    let deadLetterError: RedisError?
    /// The error of a dead letter stream that accepts no more entries; nil if the stream accepts entries.
    let fullStreamError: RedisError?
}

/// The reader of checkpoints and of the other state that an owner needs before it applies entries.
struct CheckpointReader {
    let keyspace: Keyspace
    /// The name of this owner.
    let owner: String
    let logger: RateLimitedLogger
    /// True for a replay, which is no takeover from the owner that a backup names.
    var isReplaying = false

    /// Reads the checkpoint: TIME, HMGET ingest cursor entries owner released unconfirmed read, XLEN dead, XINFO STREAM dead,
    /// XINFO STREAM events.
    ///
    /// - Parameters:
    ///   - applied: the last cursor that this owner has written; nil before the first.
    ///   - former: the position that this owner has reached; nil before the first.
    ///   - archived: the position of the archive; nil without one, or if it is not known.
    func checkpoint(
        after applied: StreamID?, former: ArchivePosition? = nil, archived: ArchivePosition? = nil,
        over connection: inout RedisConnection
    ) throws(RedisError) -> Checkpoint {
        var time = try connection.call("TIME")
        let clock = try Transaction.microseconds(from: &time) / 1_000
        var (batch, unconfirmed, read) = try firstBatch(over: &connection)
        let cursor = batch.cursor
        let dead = try connection.call("XLEN", keyspace.dead)
        let fullStreamError = try fullDeadLettersError(over: &connection)
        if let applied, cursor < applied {
            logger.event(
                "the cursor in \(keyspace.ingest) moved back from \(applied) to \(cursor): "
                    + "the entries between them are applied again", level: .warning)
            batch.isRewind = true
        }
        if case .success(let stream) = try permittedStreamInfo(of: keyspace.events, over: &connection) {
            check(&batch, against: stream)
        }
        var series = read?.series
        if batch.isRewind || read?.cursor != cursor || isBehind(archived, series: series, batch: batch) { series = nil }
        let newSeries = series == nil ? beginSeries(former, archived, read, clock: clock) : nil
        // The series of a deployment begins with its stream, if Redis counts the entries.
        if newSeries != nil { batch.position.read = newSeries?.former == 0 ? batch.position.entries ?? 0 : 0 }
        // The entries of a transaction that Redis has lost are applied again.
        if unconfirmed?.to != batch.cursor { unconfirmed = nil }
        return Checkpoint(
            batch: batch, cursor: cursor,
            series: series ?? newSeries ?? EntrySeries(number: 0, former: 0, formerCount: 0),
            isNewSeries: series == nil, unconfirmed: unconfirmed, clock: clock,
            deadLetterError: dead.error?.naming(key: keyspace.dead, expected: .stream),
            fullStreamError: fullStreamError)
    }

    /// Returns whether the archive has more of the series than the server, which was restored or has lost transactions.
    private func isBehind(_ archived: ArchivePosition?, series: EntrySeries?, batch: FoldedBatch) -> Bool {
        guard let archived, archived.series == series?.number else { return false }
        return archived.id > batch.cursor || archived.count > batch.position.read
    }

    private func beginSeries(
        _ former: ArchivePosition?, _ archived: ArchivePosition?, _ read: ReadField?, clock: Int64
    ) -> EntrySeries {
        let stored = read.map { ArchivePosition(series: $0.series.number, id: $0.cursor, count: $0.count) }
        let known = [former, archived, stored].compactMap(\.self)
        // Of several positions in one series, the last one counts.
        let last = known.max { ($0.series, $0.count) < ($1.series, $1.count) }
        let above = last.map { $0.series < .max ? $0.series + 1 : .max } ?? 1
        return EntrySeries(
            number: max(UInt64(clamping: clock), above), former: last?.series ?? 0, formerCount: last?.count ?? 0)
    }

    /// Reads the first batch of an owner, and the last transaction of the owner before: HMGET ingest cursor entries owner
    /// released unconfirmed read.
    private func firstBatch(
        over connection: inout RedisConnection
    ) throws(RedisError) -> (FoldedBatch, Unconfirmed?, ReadField?) {
        var reply = try connection.call(
            "HMGET", keyspace.ingest, IngestField.cursor, IngestField.entries, IngestField.owner, IngestField.released,
            IngestField.unconfirmed, IngestField.read)
        if let error = reply.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
        let fields = try reply.strings(count: 6)
        let (cursor, entries, lastOwner, released) = (fields[0], fields[1], fields[2], fields[3])
        var batch = FoldedBatch(
            resumingAt: StreamPosition(cursor: try parseCursor(cursor), text: cursor == nil ? nil : entries))
        if let lastOwner, lastOwner != owner, lastOwner != released, !isReplaying {
            logger.event("taking over from \(printable(lastOwner)), which did not release its lease", level: .notice)
            batch.isTakeover = true
        }
        let read = fields[5].flatMap { ReadField($0) }
        batch.position.read = read?.count ?? 0
        return (batch, fields[4].flatMap { Unconfirmed($0) }, read)
    }

    /// Compares the position of a batch with the stream, and records missed entries or a rewind in the batch.
    private func check(_ batch: inout FoldedBatch, against stream: StreamInfo) {
        switch batch.position.check(against: stream) {
        case .missed(0): break
        case .missed(let count):
            batch.missedEntries = count
            logger.missed(count, from: keyspace.events)
        case .otherStream:
            // Entries that were applied before are recognized by their sequence numbers.
            logger.event(
                "\(keyspace.events) is another stream than before: reading it from its beginning", level: .warning)
            batch.position = StreamPosition(id: .zero, entries: stream.lastID == nil ? 0 : nil)
            _ = batch.position.check(against: stream)
            batch.isRewind = true
        }
    }

    /// Reads the cursor by HMGET ingest cursor unconfirmed; zero if no entry was ever applied.
    ///
    /// - Returns: the cursor, and the last transaction if it is not known that its outcome was handled.
    func cursor(over connection: inout RedisConnection) throws(RedisError) -> (StreamID, Unconfirmed?) {
        var reply = try connection.call("HMGET", keyspace.ingest, IngestField.cursor, IngestField.unconfirmed)
        if let error = reply.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
        let fields = try reply.strings(count: 2)
        let cursor = try parseCursor(fields[0])
        let unconfirmed = fields[1].flatMap { Unconfirmed($0) }
        return (cursor, unconfirmed?.to == cursor ? unconfirmed : nil)
    }

    private func parseCursor(_ text: String?) throws(RedisError) -> StreamID {
        guard let text else { return .zero }
        guard let cursor = StreamID(text) else {
            throw RedisError(
                .other,
                "cursor in \(keyspace.ingest) must be a stream id, not '\(printable(text))'. "
                    + "Set it to the id of the last applied entry")
        }
        return cursor
    }

    /// Returns whether all entries up to the goal of a drain are applied: XINFO STREAM events, HMGET ingest cursor
    /// unconfirmed, XINFO STREAM dead.
    ///
    /// - Parameter goal: the last entry of the stream at the first call. That call sets the goal.
    func isDrained(to goal: inout StreamID?, over connection: inout RedisConnection) throws(RedisError) -> Bool {
        let stream: StreamInfo
        switch try permittedStreamInfo(of: keyspace.events, over: &connection) {
        case .success(let info): stream = info
        case .failure(let error):
            throw RedisError(
                error.code,
                "permission denied: XINFO STREAM \(keyspace.events). A drain needs it to find the last entry to apply")
        }
        // The drain of an empty stream needs no lease.
        guard stream.length > 0 else { return true }
        goal = goal ?? stream.lastEntryID
        guard let goal else { return true }
        let (cursor, unconfirmed) = try cursor(over: &connection)
        // The dead letters of a killed owner may be missing.
        guard unconfirmed == nil else { return false }
        // A cursor beyond the end of the stream belongs to another stream.
        guard cursor >= goal, cursor <= stream.lastID ?? cursor else { return false }
        // The owner that applied the entries may have dead letters that it cannot write.
        if let error = try fullDeadLettersError(over: &connection) { throw error }
        return true
    }

    /// Returns the error of a dead letter stream that accepts no more entries: XINFO STREAM dead.
    ///
    /// - Returns: nil if the stream accepts entries, or if XINFO was refused or denied.
    private func fullDeadLettersError(over connection: inout RedisConnection) throws(RedisError) -> RedisError? {
        switch try connection.streamInfo(of: keyspace.dead) {
        case .success(let stream) where stream.hasExhaustedIDs:
            return RedisError(
                .other,
                "\(keyspace.dead) accepts no more entries: its last id is the highest possible. "
                    + "Requeue its entries, then delete it")
        case .success: return nil
        // XLEN fails for the same reason, unless only XINFO is denied. Then the error of XADD reports a full stream.
        case .failure(let error) where error.category == .refused || error.category == .denied: return nil
        case .failure(let error): throw error
        }
    }

    /// Reads the state of a stream by XINFO STREAM.
    ///
    /// - Returns: the state, or the error if the account has no permission. Other errors are thrown.
    private func permittedStreamInfo(
        of key: String, over connection: inout RedisConnection
    ) throws(RedisError) -> Result<StreamInfo, RedisError> {
        let result = try connection.streamInfo(of: key)
        if case .failure(let error) = result, error.category != .denied { throw error }
        return result
    }

    /// Finds the newest applied entry that need not be retained; nil if the stream has no such entry.
    ///
    /// XLEN events, then XREVRANGE events id - COUNT n until the entries to be retained are skipped.
    ///
    /// Without this entry, an ingest that never runs for long, such as a drain, would never trim. Redis replies with
    /// whole entries, although only their ids are needed. Therefore the search runs once per connection, starts with
    /// few entries, and reads none if there is nothing to trim. If the entries are very large, the search gives up, and
    /// trimming starts with the entries that are applied next.
    ///
    /// - Parameter retain: the number of applied entries to retain.
    func surplus(
        before cursor: StreamID, retain: Int, over connection: inout RedisConnection
    ) throws(RedisError) -> StreamID? {
        var length = try connection.call("XLEN", keyspace.events)
        guard try length.integer() > retain, cursor != .zero else { return nil }
        var id = cursor
        var remaining = retain + 1
        var maxCount = 1
        var bytes = 0
        while bytes < Self.maxSurplusBytes {
            let requested = min(remaining, maxCount)
            var writer = RESPWriter(capacity: 256)
            writer.command("XREVRANGE", keyspace.events, id.description, "-", "COUNT", "\(requested)")
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
            maxCount = min(maxCount * 2, 1_000)
        }
        return nil
    }

    /// The number of bytes after which the search for the surplus gives up.
    private static let maxSurplusBytes = 64 << 20
}
