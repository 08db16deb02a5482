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
    /// ZCARD of the batteries, which also shows whether the key is a sorted set.
    let batteryCount: PendingReply<Int>
    /// ZCARD of the deleted ids, for the same reason.
    let deletedCount: PendingReply<Int>
    /// XINFO STREAM of the operators' commands.
    let controlStream: PendingReply<StreamInfo>
    /// XREVRANGE of the newest dead letter.
    let newestDeadLetter: PendingReply<[StreamEntryReply]>
    /// XRANGE of the oldest entry that is not applied yet; nil if the cursor is at the end of the stream.
    private(set) var oldest: PendingReply<[StreamEntryReply]>?
    /// XRANGE of the first commands that are not carried out yet; nil if there are none.
    private(set) var commands: PendingReply<[StreamEntryReply]>?

    /// The number of commands to read. They are counted by the length of the stream, unless carried out ones are left in it.
    private static let maxCommands = 100

    init(_ keyspace: Keyspace, in pipeline: inout CommandPipeline) {
        self.keyspace = keyspace
        stream = pipeline.append("XINFO", "STREAM", keyspace.events, in: keyspace, as: .streamInfo)
        ingest = pipeline.append("HGETALL", keyspace.ingest, in: keyspace, as: .pairs)
        lease = pipeline.append("GET", keyspace.lease, in: keyspace, as: .string)
        deadLetterCount = pipeline.append("XLEN", keyspace.dead, in: keyspace, as: .integer)
        deadStream = pipeline.append("XINFO", "STREAM", keyspace.dead, in: keyspace, as: .streamInfo)
        batteryCount = pipeline.append("ZCARD", keyspace.batteries, in: keyspace, as: .integer)
        deletedCount = pipeline.append("ZCARD", keyspace.deleted, in: keyspace, as: .integer)
        controlStream = pipeline.append("XINFO", "STREAM", keyspace.control, in: keyspace, as: .streamInfo)
        newestDeadLetter = pipeline.append(
            "XREVRANGE", keyspace.dead, "+", "-", "COUNT", "1", in: keyspace, as: .streamEntries)
    }

    /// Appends the commands that read the first entries after the cursors of the events and of the operators' commands, unless
    /// a cursor is at the end of its stream.
    func appendOldest(to pipeline: inout CommandPipeline) {
        guard let ingest = ingest.value else { return }
        func first(
            _ count: Int, of stream: PendingReply<StreamInfo>, key: String, after field: String,
            startsOver: Bool = false
        ) -> PendingReply<[StreamEntryReply]>? {
            var cursor = ingest.first { $0.name == field }.flatMap { StreamID($0.value) } ?? .zero
            guard let last = stream.value?.lastID else { return nil }
            // The ingest reads another stream than before from its beginning.
            if startsOver, cursor > last { cursor = .zero }
            guard cursor < last else { return nil }
            return pipeline.append(
                "XRANGE", key, "(\(cursor)", "+", "COUNT", "\(count)", in: keyspace, as: .streamEntries)
        }
        oldest = first(1, of: stream, key: keyspace.events, after: IngestField.cursor)
        commands = first(
            Self.maxCommands, of: controlStream, key: keyspace.control, after: IngestField.control, startsOver: true)
    }

    /// Returns the number of operators' commands that are not carried out yet, and the time of the oldest one. The number is nil
    /// if the account must not read them.
    private func waitingCommands() throws(QueryError) -> (count: Int?, since: Int64?) {
        guard controlStream.denial == nil, ingest.denial == nil, commands?.denial == nil else { return (nil, nil) }
        let first = try commands?.valueIfAvailable() ?? []
        guard let oldest = first.first.flatMap({ StreamID($0.id) }), let stream = controlStream.value else {
            return (0, nil)
        }
        return (
            stream.firstEntryID == oldest ? max(stream.length, first.count) : first.count,
            Int64(clamping: oldest.milliseconds)
        )
    }

    /// Returns the status from the replies of both round trips.
    func status(warnings: inout [String]) throws(QueryError) -> PartitionStatus {
        let isHashKnown = ingest.denial == nil
        var reader = HashReader(try ingest.valueIfPermitted() ?? [], source: keyspace.ingest)
        func count(_ field: String) -> Int? { isHashKnown ? Int(reader.integer(field) ?? 0) : nil }
        let applied = count(IngestField.applied)
        let duplicates = count(IngestField.duplicates)
        let totalDeadLetters = count(IngestField.dead)
        let deleted = count(IngestField.deleted)
        let format = reader.integer(IngestField.format).map { Int($0) }
        let deploymentSize = reader.integer(IngestField.partitions).map { Int($0) }
        let gaps = count(IngestField.gaps)
        let missed = count(IngestField.missed)
        let rewinds = count(IngestField.rewinds)
        let requeued = count(IngestField.requeued)
        let trimmed = count(IngestField.trimmed)
        let takeovers = count(IngestField.takeovers)
        let lastTakeover = reader.integer(IngestField.taken)
        let lastRewind = reader.integer(IngestField.rewound)
        let lastApplied = reader.integer(IngestField.updated)
        warnings += reader.warnings
        let cursor = reader.fields[IngestField.cursor].flatMap { StreamID($0) }
        let position = cursor.map { StreamPosition(cursor: $0, text: reader.fields[IngestField.entries]) }
        let oldest = try oldest?.valueIfPermitted()?.first
        // A key that is absent or of another type is an empty stream.
        let stream = stream.denial == nil ? try stream.valueIfAvailable() ?? StreamInfo() : nil
        let backlog =
            isHashKnown
            ? stream?.backlog(
                after: cursor, entries: position?.entries,
                consumed: [applied, duplicates, totalDeadLetters, deleted, missed].compactMap(\.self)) : nil
        let waiting = try waitingCommands()
        let newestFields = try newestDeadLetter.valueIfPermitted()?.first?.fields
        var status = PartitionStatus(
            tag: keyspace.tag, streamLength: stream?.length,
            // A crash of the server may have lost counts. An entry that was read proves a backlog of at least 1.
            backlog: backlog.map { max($0, oldest == nil ? 0 : 1) },
            waitingSince: oldest.flatMap { StreamID($0.id) }.map { Int64(clamping: $0.milliseconds) },
            applied: applied, duplicates: duplicates, deleted: deleted, gaps: gaps, missed: missed, rewinds: rewinds,
            lastRewind: lastRewind, takeovers: takeovers, lastTakeover: lastTakeover,
            totalDeadLetters: totalDeadLetters, deadLetters: try deadLetterCount.valueIfPermitted(),
            requeued: requeued, trimmedDeadLetters: trimmed,
            latestDeadReason: newestFields?.last { $0.name == EventField.deadReason }?.value,
            lastApplied: lastApplied, lastOwner: reader.fields[IngestField.owner],
            lease: try lease.valueIfPermitted().map { $0.map(PartitionStatus.Lease.held(by:)) ?? .free } ?? .unknown,
            waitingCommands: waiting.count, commandsWaitingSince: waiting.since, format: format,
            deploymentSize: deploymentSize, batteries: try batteryCount.valueIfPermitted(), problems: problems,
            deniedCommands: deniedCommands,
            isHashKnown: isHashKnown,
            isCursorBeyondEnd: isBeyondEnd(cursor))
        if let read = reader.fields[IngestField.read].flatMap({ ReadField($0) }),
            let archived = reader.fields[IngestField.archived].flatMap({ ArchivedField($0) })
        {
            (status.unarchivedEntries, status.archivedTime) = (archived.unarchived(of: read), archived.time)
        }
        return status
    }
}
