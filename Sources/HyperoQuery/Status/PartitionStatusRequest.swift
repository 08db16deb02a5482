import HyperoRedis
import HyperoSchema

/// What is asked of a partition to tell its status, and the answers.
final class PartitionStatusRequest {
    private let keyspace: Keyspace
    private let stream: PendingReply<StreamInfo>
    private let ingest: PendingReply<[(name: String, value: String)]>
    private let lease: PendingReply<String?>
    private let letters: PendingReply<Int>
    private let dead: PendingReply<(id: String, fields: [(name: String, value: String)])?>
    private let deadStream: PendingReply<StreamInfo>
    private let batteries: PendingReply<Int>
    private var oldest: PendingReply<(id: String, fields: [(name: String, value: String)])?>?

    init(_ keyspace: Keyspace, in batch: inout CommandPipeline) {
        self.keyspace = keyspace
        stream = batch.ask(keyspace, "XINFO", "STREAM", keyspace.events) { reply throws(RedisError) in
            try StreamInfo(&reply)
        }
        ingest = batch.ask(keyspace, "HGETALL", keyspace.ingest) { reply throws(RedisError) in try reply.pairs() }
        lease = batch.ask(keyspace, "GET", keyspace.lease) { reply throws(RedisError) in try reply.string() }
        letters = batch.ask(keyspace, "XLEN", keyspace.dead) { reply throws(RedisError) in try reply.integer() }
        deadStream = batch.ask(keyspace, "XINFO", "STREAM", keyspace.dead) { reply throws(RedisError) in
            try StreamInfo(&reply)
        }
        batteries = batch.ask(keyspace, "ZCARD", keyspace.batteries) { reply throws(RedisError) in
            try reply.integer()
        }
        dead = batch.ask(keyspace, "XREVRANGE", keyspace.dead, "+", "-", "COUNT", "1") { reply throws(RedisError) in
            try reply.firstEntry()
        }
    }

    /// Asks for the first entry after the cursor, when there is one.
    func askOldest(in batch: inout CommandPipeline) {
        guard case .success(let stream) = stream.result, case .success(let ingest) = ingest.result else { return }
        let cursor = ingest.first { $0.name == IngestField.cursor }.flatMap { StreamID($0.value) } ?? .zero
        guard let last = stream.lastID, cursor < last else { return }
        oldest = batch.ask(keyspace, "XRANGE", keyspace.events, "(\(cursor)", "+", "COUNT", "1") {
            reply throws(RedisError) in try reply.firstEntry()
        }
    }

    func status(_ warnings: inout [String]) throws(RedisError) -> PartitionStatus {
        let stream = try stream.valueIfGiven() ?? StreamInfo()
        var reader = HashReader(key: keyspace.ingest, try ingest.valueIfGiven() ?? [])
        func count(_ field: String) -> Int { Int(reader.integer(field) ?? 0) }
        let applied = count(IngestField.applied)
        let duplicates = count(IngestField.duplicates)
        let dead = count(IngestField.dead)
        let gaps = count(IngestField.gaps)
        let missed = count(IngestField.missed)
        let rewinds = count(IngestField.rewinds)
        let requeued = count(IngestField.requeued)
        let takeovers = count(IngestField.takeovers)
        let taken = reader.integer(IngestField.taken)
        let rewound = reader.integer(IngestField.rewound)
        let updated = reader.integer(IngestField.updated)
        warnings += reader.warnings
        let cursor = reader.fields[IngestField.cursor].flatMap { StreamID($0) }
        let place = cursor.map { StreamPosition(cursor: $0, text: reader.fields[IngestField.entries]) }
        let oldest = try oldest?.valueIfGiven() ?? nil
        let letter = try self.dead.valueIfGiven() ?? nil
        return PartitionStatus(
            tag: keyspace.tag, entries: stream.length,
            behind: stream.behind(
                cursor: cursor, entries: place?.entries, consumed: [applied, duplicates, dead, missed]
            ).map { max($0, oldest == nil ? 0 : 1) },
            waitingSince: oldest.flatMap { StreamID($0.id) }.map { Int64(clamping: $0.milliseconds) },
            applied: applied, duplicates: duplicates, gaps: gaps, missed: missed, rewinds: rewinds,
            lastRewind: rewound, takeovers: takeovers, lastTakeover: taken, dead: dead,
            deadLetters: try letters.valueIfGiven(), requeued: requeued,
            latestDeadReason: letter?.fields.last { $0.name == EventField.deadReason }?.value,
            lastApplied: updated, lastOwner: reader.fields[IngestField.owner],
            lease: try lease.valueIfGiven().map { $0.map(PartitionStatus.Lease.held(by:)) ?? .free } ?? .unknown,
            troubles: wrongTypes + fullStreams + strayCursor(cursor, stream))
    }

    /// Keys that hold something else than the ingest can go on with.
    private var wrongTypes: [String] {
        let stops = "so that nothing is applied: rename or delete the key"
        return [
            Self.wrongType(of: keyspace.events, stream, "no stream, \(stops)"),
            Self.wrongType(of: keyspace.ingest, ingest, "no hash, \(stops)"),
            Self.wrongType(of: keyspace.lease, lease, "no lease, \(stops)"),
            Self.wrongType(
                of: keyspace.dead, letters,
                "no stream, so that the ingest stops before the next entry that it cannot apply: rename or delete the key"
            ),
            Self.wrongType(
                of: keyspace.batteries, batteries,
                "no sorted set, so that declarations of batteries become dead letters: rename or delete the key, then "
                    + "hypero-ingest requeue"),
        ].compactMap(\.self)
    }

    private static func wrongType<Value>(of key: String, _ answer: PendingReply<Value>, _ what: String) -> String? {
        guard case .failure(let error) = answer.result, error.code == .wrongType else { return nil }
        return "\(key) holds \(what)"
    }

    /// Streams whose last id is the highest there is.
    private var fullStreams: [String] {
        let reason = "takes no more entries, because its last id is the highest there is"
        var sentences: [String] = []
        if case .success(let stream) = stream.result, stream.hasExhaustedIDs {
            sentences.append(
                "\(keyspace.events) \(reason), so that nothing can be logged: when all of it is applied, rename or "
                    + "delete it")
        }
        if case .success(let stream) = deadStream.result, stream.hasExhaustedIDs {
            sentences.append(
                "\(keyspace.dead) \(reason), so that the ingest stops before the next entry that it cannot apply, and may "
                    + "owe letters: hypero-ingest requeue sends again what it holds, then delete it")
        }
        return sentences
    }

    private func strayCursor(_ cursor: StreamID?, _ stream: StreamInfo) -> [String] {
        guard let cursor, case .success = self.stream.result, cursor > stream.lastID ?? .zero else { return [] }
        return [
            "the cursor of \(keyspace.tag) is beyond the end of its stream, which was deleted or set back: a running "
                + "hypero-ingest begins it anew by itself"
        ]
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
