import HyperoRedis
import HyperoSchema

/// The commands that read the status of one partition, and their replies.
///
/// Two round trips: the initializer appends the commands of the first, ``appendOldest(to:)`` the command of the second.
final class PartitionStatusRequest {
    let keyspace: Keyspace
    /// XINFO STREAM of the events.
    let stream: PendingReply<StreamInfo>
    /// HGETALL of the ingest's hash.
    let ingest: PendingReply<[(name: String, value: String)]>
    /// GET of the lease.
    let lease: PendingReply<String?>
    /// XLEN of the dead letters.
    let deadLetterCount: PendingReply<Int>
    /// XINFO STREAM of the dead letters.
    let deadStream: PendingReply<StreamInfo>
    /// ZCARD of the batteries, which shows whether the key is a sorted set.
    let batteryCount: PendingReply<Int>
    /// ZCARD of the deleted ids, which shows whether the key is a sorted set.
    let deletedCount: PendingReply<Int>
    /// XREVRANGE of the newest dead letter.
    private let newestDeadLetter: PendingReply<[StreamEntryReply]>
    /// XRANGE of the oldest entry that is not applied yet; nil if the cursor is at the end of the stream.
    private var oldest: PendingReply<[StreamEntryReply]>?

    init(_ keyspace: Keyspace, in pipeline: inout CommandPipeline) {
        self.keyspace = keyspace
        stream = pipeline.append("XINFO", "STREAM", keyspace.events, in: keyspace, as: .streamInfo)
        ingest = pipeline.append("HGETALL", keyspace.ingest, in: keyspace, as: .pairs)
        lease = pipeline.append("GET", keyspace.lease, in: keyspace, as: .string)
        deadLetterCount = pipeline.append("XLEN", keyspace.dead, in: keyspace, as: .integer)
        deadStream = pipeline.append("XINFO", "STREAM", keyspace.dead, in: keyspace, as: .streamInfo)
        batteryCount = pipeline.append("ZCARD", keyspace.batteries, in: keyspace, as: .integer)
        deletedCount = pipeline.append("ZCARD", keyspace.deleted, in: keyspace, as: .integer)
        newestDeadLetter = pipeline.append(
            "XREVRANGE", keyspace.dead, "+", "-", "COUNT", "1", in: keyspace, as: .streamEntries)
    }

    /// Appends the command that reads the first entry after the cursor, unless the cursor is at the end of the stream.
    func appendOldest(to pipeline: inout CommandPipeline) {
        guard let stream = stream.value, let ingest = ingest.value else { return }
        let cursor = ingest.first { $0.name == IngestField.cursor }.flatMap { StreamID($0.value) } ?? .zero
        guard let last = stream.lastID, cursor < last else { return }
        oldest = pipeline.append(
            "XRANGE", keyspace.events, "(\(cursor)", "+", "COUNT", "1", in: keyspace, as: .streamEntries)
    }

    /// Returns the status from the replies of both round trips.
    func status(warnings: inout [String]) throws(QueryError) -> PartitionStatus {
        let stream = try stream.valueIfAvailable() ?? StreamInfo()
        var reader = HashReader(try ingest.valueIfAvailable() ?? [], source: keyspace.ingest)
        func count(_ field: String) -> Int { Int(reader.integer(field) ?? 0) }
        let applied = count(IngestField.applied)
        let duplicates = count(IngestField.duplicates)
        let totalDeadLetters = count(IngestField.dead)
        let gaps = count(IngestField.gaps)
        let missed = count(IngestField.missed)
        let rewinds = count(IngestField.rewinds)
        let requeued = count(IngestField.requeued)
        let takeovers = count(IngestField.takeovers)
        let lastTakeover = reader.integer(IngestField.taken)
        let lastRewind = reader.integer(IngestField.rewound)
        let lastApplied = reader.integer(IngestField.updated)
        warnings += reader.warnings
        let cursor = reader.fields[IngestField.cursor].flatMap { StreamID($0) }
        let position = cursor.map { StreamPosition(cursor: $0, text: reader.fields[IngestField.entries]) }
        let oldest = try oldest?.valueIfAvailable()?.first
        let backlog = stream.backlog(
            after: cursor, entries: position?.entries, consumed: [applied, duplicates, totalDeadLetters, missed])
        let newestFields = try newestDeadLetter.valueIfAvailable()?.first?.fields
        return PartitionStatus(
            tag: keyspace.tag, streamLength: stream.length,
            // A crash of the server may have lost counts. An entry that was read proves a backlog of at least 1.
            backlog: backlog.map { max($0, oldest == nil ? 0 : 1) },
            waitingSince: oldest.flatMap { StreamID($0.id) }.map { Int64(clamping: $0.milliseconds) },
            applied: applied, duplicates: duplicates, gaps: gaps, missed: missed, rewinds: rewinds,
            lastRewind: lastRewind, takeovers: takeovers, lastTakeover: lastTakeover,
            totalDeadLetters: totalDeadLetters, deadLetters: try deadLetterCount.valueIfAvailable(),
            requeued: requeued, latestDeadReason: newestFields?.last { $0.name == EventField.deadReason }?.value,
            lastApplied: lastApplied, lastOwner: reader.fields[IngestField.owner],
            lease: try lease.valueIfAvailable().map { $0.map(PartitionStatus.Lease.held(by:)) ?? .free } ?? .unknown,
            problems: problems, isCursorBeyondEnd: isBeyondEnd(cursor))
    }
}
