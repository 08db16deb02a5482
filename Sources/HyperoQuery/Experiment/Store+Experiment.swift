import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads all values of one experiment, and its learning curves.
    ///
    ///     let record = try store.experiment("k3v9x2mq7d-17")
    ///     print(record.maxima, record.curves["valid"] ?? [])
    ///
    /// Three round trips for a complete id: the partitions, the experiment's hash and curves, the battery and the producer. A
    /// prefix of an id needs a SCAN over all keys, 10,000 per round trip.
    ///
    /// - Parameter id: the id, or a prefix that no other id has.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` or ``QueryError/Category/ambiguous``, and of
    ///   the other categories if Redis fails.
    public func experiment(_ id: String) throws(QueryError) -> ExperimentRecord {
        var warnings: [String] = []
        guard let wanted = ExperimentID(id) else { throw QueryError(.invalidExperimentID(id)) }
        let partitions = try partitions(warnings: &warnings)
        if let record = try record(of: wanted, in: partitions, warnings: &warnings) { return record }
        let (id, keyspace) = try complete(wanted, in: partitions, warnings: &warnings)
        // nil if the experiment was deleted after SCAN found it.
        guard let record = try record(of: id, in: [keyspace], warnings: &warnings) else {
            throw try notFound(wanted, in: partitions, warnings: &warnings)
        }
        return record
    }

    /// Reads an experiment by its complete id; nil if no partition has it.
    private func record(
        of id: ExperimentID, in partitions: [Keyspace], warnings: inout [String]
    ) throws(QueryError) -> ExperimentRecord? {
        var pipeline = CommandPipeline()
        let replies = partitions.map { keyspace in
            (
                hash: pipeline.append("HGETALL", keyspace.experiment(id), in: keyspace, as: .pairs),
                rows: pipeline.append("HGETALL", keyspace.curve(of: id), in: keyspace, as: .pairs)
            )
        }
        try connections.run(pipeline)
        if let refusal = replies.first?.hash.refusal, replies.allSatisfy({ $0.hash.refusal != nil }) { throw refusal }
        for (keyspace, reply) in zip(partitions, replies) {
            let hash = try reply.hash.value(or: [], warnings: &warnings)
            let rows = try reply.rows.value(or: [], warnings: &warnings)
            guard !hash.isEmpty || !rows.isEmpty else { continue }
            return try record(of: id, in: keyspace, hash: hash, rows: rows, warnings: &warnings)
        }
        return nil
    }

    private func record(
        of id: ExperimentID, in keyspace: Keyspace, hash pairs: [(name: String, value: String)],
        rows: [(name: String, value: String)], warnings: inout [String]
    ) throws(QueryError) -> ExperimentRecord {
        var reader = HashReader(pairs, source: "experiment '\(id.text)'")
        let hash = ExperimentHash(&reader)
        let curves = LearningCurves(rows: rows, key: keyspace.curve(of: id), warnings: &warnings)
        let batteryID = hash.fields[ExperimentField.battery].flatMap { BatteryID($0) }
        if batteryID == nil { warnings.append("the experiment's battery is missing or is not a battery id") }
        var pipeline = CommandPipeline()
        var producers = ProducerTimes()
        producers.append(for: id, in: keyspace, to: &pipeline)
        producers.append(for: hash, in: keyspace, to: &pipeline)
        var formats = FormatCheck()
        formats.append(keyspace, to: &pipeline)
        let batteryHash = batteryID.map { id in
            pipeline.append(
                arguments: ["HMGET", keyspace.battery(id)] + StoredBattery.fields(channel: nil), in: keyspace,
                as: .optionalStrings)
        }
        let spaces = batteryID.map { id in
            pipeline.append("HGETALL", keyspace.space(of: id), in: keyspace, as: .pairs)
        }
        try connections.run(pipeline)
        warnings += try formats.warnings()
        let drawn = Set(hash.params.map { ExactText($0.name) })
        let distributions = try (spaces?.value(or: [], warnings: &warnings) ?? [])
            .filter { drawn.contains(ExactText($0.name)) }
            .map { NamedDistribution(name: $0.name, text: $0.value) }
            .sorted { ExactText($0.name) < ExactText($1.name) }
        let values = try batteryHash?.value(or: [], warnings: &warnings) ?? []
        let battery = batteryID.flatMap { id in
            values.isEmpty ? nil : StoredBattery(id: id, in: keyspace, values: values, warnings: &warnings)
        }
        warnings += [battery?.conflictWarning].compactMap(\.self)
        let pid = reader.integer(ExperimentField.pid).map { Int($0) }
        let attempt = reader.integer(ExperimentField.attempt).map { Int($0) }
        let started = reader.integer(ExperimentField.started)
        let lastEpoch = reader.integer(ExperimentField.epochs).map { Int($0) }
        let stated = StatedMaxima(hash.fields[ExperimentField.maxStated])
        let source: MaximaSource? = reader.choice(ExperimentField.maxSource)
        let nonfiniteCount = reader.integer(ExperimentField.nonfinite).map { Int($0) } ?? 0
        return ExperimentRecord(
            id: id.text, battery: hash.fields[ExperimentField.battery], batteryName: battery?.name,
            batteryVersion: battery?.version, batteryDescription: battery?.description, objective: battery?.objective,
            liveness: try liveness(of: hash, id: id, in: keyspace, producers: producers),
            reason: hash.fields[ExperimentField.reason], host: hash.fields[ExperimentField.host],
            pid: pid, seed: hash.fields[ExperimentField.seed], attempt: attempt, started: started,
            updated: hash.updated, lastEpoch: lastEpoch, bestEpoch: hash.bestEpoch,
            curveEpoch: source == .user
                ? nil : stated.curveEpoch(in: curves, of: battery, bestEpoch: hash.bestEpoch),
            statedChannels: stated.channels, statedEpoch: stated.epoch,
            maximaSource: hash.fields[ExperimentField.maxSource], maxima: hash.maxima, params: hash.params,
            distributions: distributions, meta: hash.meta, nonfiniteCount: nonfiniteCount, curves: curves,
            warnings: warnings + reader.warnings)
    }

    /// Returns the only experiment whose id has a prefix, and its partition.
    private func complete(
        _ prefix: ExperimentID, in partitions: [Keyspace], warnings: inout [String]
    ) throws(QueryError) -> (id: ExperimentID, keyspace: Keyspace) {
        let matches = try scan(for: prefix, in: partitions, atLeast: 6, warnings: &warnings)
        guard let match = matches.first else { throw try notFound(prefix, in: partitions, warnings: &warnings) }
        guard matches.count == 1 else {
            throw QueryError(
                .ambiguousExperiment(prefix.text, matches: matches.keys.map(\.text).sorted()), warnings: warnings)
        }
        return (match.key, match.value)
    }

    /// Returns the error for an id that was not found, or was deleted. Suggestions are selected from the ids that begin with
    /// the first half of it.
    private func notFound(
        _ id: ExperimentID, in partitions: [Keyspace], warnings: inout [String]
    ) throws(QueryError) -> QueryError {
        var pipeline = CommandPipeline()
        let deletions = partitions.map {
            pipeline.append("ZSCORE", $0.deleted, id.text, in: $0, as: .string)
        }
        try connections.run(pipeline)
        for deletion in deletions {
            guard let time = try deletion.valueIfAvailable().flatMap(\.self).flatMap({ Double($0) }) else { continue }
            return QueryError(
                .experimentDeleted(id.text, time: Int64(exactly: time.rounded()) ?? 0), warnings: warnings)
        }
        let half = id.text.prefix((id.text.utf8.count + 1) / 2)
        let similar = try ExperimentID(String(half)).map { half throws(QueryError) in
            try scan(for: half, in: partitions, atLeast: 1_000, warnings: &warnings)
        }
        let names = (similar ?? [:]).keys.map(\.text).sorted()
        return QueryError(
            .experimentNotFound(id.text, suggestion: Suggestion(for: id.text, among: names)), warnings: warnings)
    }

    /// Returns the experiments whose ids have a prefix. The scan ends early when it has found the minimum number.
    ///
    /// Uses SCAN MATCH over all keys, because a battery's list of experiments is sorted by time and would have to be
    /// read completely. An id contains no special character of a pattern.
    private func scan(
        for prefix: ExperimentID, in partitions: [Keyspace], atLeast minimum: Int, warnings: inout [String]
    ) throws(QueryError) -> [ExperimentID: Keyspace] {
        var matches: [ExperimentID: Keyspace] = [:]
        for keyspace in partitions where matches.count < minimum {
            let key = keyspace.experiment(prefix)
            let idStart = key.utf8.count - prefix.text.utf8.count
            var cursor: String? = "0"
            while let position = cursor, matches.count < minimum {
                var pipeline = CommandPipeline()
                let reply = pipeline.append(
                    "SCAN", position, "MATCH", key + "*", "COUNT", "10000", in: keyspace, as: .scan)
                try connections.run(pipeline)
                // Without SCAN it is not known whether an id with this prefix exists.
                if let refusal = reply.refusal { throw refusal }
                let found = try reply.value(or: ScanReply(cursor: "0", keys: []), warnings: &warnings)
                for key in found.keys {
                    // nil for the key of a curve, which contains a colon after the id.
                    guard let id = ExperimentID(String(decoding: key.utf8.dropFirst(idStart), as: UTF8.self)) else {
                        continue
                    }
                    matches[id] = keyspace
                }
                cursor = found.cursor == "0" ? nil : found.cursor
            }
        }
        return matches
    }
}

private struct ScanReply {
    /// The cursor of the next SCAN; 0 at the end.
    let cursor: String
    let keys: [String]
}

extension ReplyReader<ScanReply> {
    fileprivate static var scan: Self {
        Self { reply throws(RedisError) in
            _ = try reply.array()
            return ScanReply(cursor: try reply.string() ?? "0", keys: try reply.strings().compactMap(\.self))
        }
    }
}
