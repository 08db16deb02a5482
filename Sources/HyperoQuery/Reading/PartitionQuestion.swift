import HyperoRedis
import HyperoSchema

/// What is asked of a partition to tell its status, and the answers.
final class PartitionQuestion {
    private let keyspace: Keyspace
    private let stream: Answer<StreamInfo>
    private let ingest: Answer<[(name: String, value: String)]>
    private let lease: Answer<String?>
    private let dead: Answer<(id: String, fields: [(name: String, value: String)])?>
    private var oldest: Answer<(id: String, fields: [(name: String, value: String)])?>?

    init(_ keyspace: Keyspace, in batch: inout Batch) {
        self.keyspace = keyspace
        stream = batch.ask(keyspace, "XINFO", "STREAM", keyspace.events) { reply throws(RedisError) in
            // A stream that nobody has written to yet is no error.
            if let error = reply.error, error.description.contains("no such key") { return StreamInfo() }
            return try StreamInfo(&reply)
        }
        ingest = batch.ask(keyspace, "HGETALL", keyspace.ingest) { reply throws(RedisError) in try reply.pairs() }
        lease = batch.ask(keyspace, "GET", keyspace.lease) { reply throws(RedisError) in try reply.string() }
        dead = batch.ask(keyspace, "XREVRANGE", keyspace.dead, "+", "-", "COUNT", "1") { reply throws(RedisError) in
            try reply.firstEntry()
        }
    }

    /// Asks for the first entry after the cursor, when there is one.
    func askOldest(in batch: inout Batch) {
        guard case .success(let stream) = stream.result, case .success(let ingest) = ingest.result else { return }
        let cursor = ingest.first { $0.name == IngestField.cursor }.flatMap { StreamID($0.value) } ?? .zero
        guard let last = stream.lastID, cursor < last else { return }
        oldest = batch.ask(keyspace, "XRANGE", keyspace.events, "(\(cursor)", "+", "COUNT", "1") {
            reply throws(RedisError) in try reply.firstEntry()
        }
    }

    func status(_ warnings: inout [String]) throws(RedisError) -> PartitionStatus {
        let stream = try stream.value(or: StreamInfo(), &warnings)
        var reader = HashReader(key: keyspace.ingest, try ingest.value(or: [], &warnings))
        let applied = Int(reader.integer(IngestField.applied) ?? 0)
        let duplicates = Int(reader.integer(IngestField.duplicates) ?? 0)
        let dead = Int(reader.integer(IngestField.dead) ?? 0)
        let gaps = Int(reader.integer(IngestField.gaps) ?? 0)
        let updated = reader.integer(IngestField.updated)
        warnings += reader.warnings
        let cursor = reader.fields[IngestField.cursor].flatMap { StreamID($0) }
        let oldest = try oldest?.valueIfGiven() ?? nil
        let letter = try self.dead.valueIfGiven() ?? nil
        return PartitionStatus(
            tag: keyspace.tag, entries: stream.length,
            behind: stream.behind(cursor: cursor, consumed: [applied, duplicates, dead])
                .map { max($0, oldest == nil ? 0 : 1) },
            waitingSince: oldest.flatMap { StreamID($0.id) }.map { Int64(clamping: $0.milliseconds) },
            applied: applied, duplicates: duplicates, gaps: gaps, dead: dead,
            latestDeadReason: letter?.fields.first { $0.name == WireName.deadReason }?.value,
            lastApplied: updated, lastOwner: reader.fields[IngestField.owner],
            lease: try lease.valueIfGiven().map { $0.map(PartitionStatus.Lease.held(by:)) ?? .free } ?? .unknown)
    }
}

extension Reply {
    /// Takes what XRANGE answers to COUNT 1.
    fileprivate mutating func firstEntry() throws(RedisError) -> (id: String, fields: [(name: String, value: String)])?
    {
        guard let count = try array(), count > 0, try array() == 2, let id = try string() else { return nil }
        return (id, try pairs())
    }
}
