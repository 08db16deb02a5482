import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads everything of an experiment.
    ///
    ///     let record = try store.experiment("k3v9x2mq7d-17")
    ///     print(record.maxima, record.curves["valid"] ?? [])
    ///
    /// Three round trips for a whole id: the partitions, its hash and curves, its battery. The beginning of an id is
    /// looked for with SCAN, which goes through all keys, 10,000 at a time.
    ///
    /// - Parameter id: the id, or as much of its beginning as no other has.
    /// - Throws: ``QueryError`` of code ``QueryError/Code/notFound`` or ``QueryError/Code/ambiguous``, and of the other
    ///   codes when Redis cannot be asked.
    public func experiment(_ id: String) throws(QueryError) -> ExperimentRecord {
        var warnings: [String] = []
        guard let whole = ExperimentID(id) else {
            throw QueryError(
                .notFound, "there is no experiment '\(printable(id))': an id has 1 to 64 of a-z 0-9 and -")
        }
        let partitions = try partitions(&warnings)
        if let found = try read(whole, in: partitions, &warnings) { return found }
        let (place, completed) = try complete(whole, in: partitions, &warnings)
        // It may have gone since it was found.
        guard let found = try read(completed, in: [place], &warnings) else {
            throw try missing(whole, in: partitions, &warnings)
        }
        return found
    }

    /// Reads an experiment by its whole id; nil when no partition has it.
    private func read(
        _ id: ExperimentID, in partitions: [Keyspace], _ warnings: inout [String]
    ) throws(QueryError) -> ExperimentRecord? {
        var batch = CommandPipeline()
        let answers = partitions.map { place in
            [place.experiment(id), place.curve(of: id)].map { key in
                batch.ask(place, "HGETALL", key) { reply throws(RedisError) in try reply.pairs() }
            }
        }
        try session.run(batch)
        for (place, answers) in zip(partitions, answers) {
            let (hash, rows) = try session.checked { () throws(RedisError) in
                (try answers[0].value(or: [], &warnings), try answers[1].value(or: [], &warnings))
            }
            guard !hash.isEmpty || !rows.isEmpty else { continue }
            return try record(id, in: place, hash: hash, rows: rows, &warnings)
        }
        return nil
    }

    private func record(
        _ id: ExperimentID, in place: Keyspace, hash pairs: [(name: String, value: String)],
        rows: [(name: String, value: String)], _ warnings: inout [String]
    ) throws(QueryError) -> ExperimentRecord {
        var reader = HashReader(key: "the experiment '\(id.text)'", pairs)
        let hash = ExperimentHash(&reader)
        let curves = LearningCurves(rows: rows, key: place.curve(of: id), &warnings)
        let declaration = try declaration(hash.fields[ExperimentField.battery], in: place, &warnings)
        let pid = reader.integer(ExperimentField.pid).map { Int($0) }
        let started = reader.integer(ExperimentField.started)
        let updated = reader.integer(ExperimentField.updated)
        let epochs = reader.integer(ExperimentField.epochs).map { Int($0) }
        let nonfinite = reader.integer(ExperimentField.nonfinite).map { Int($0) } ?? 0
        return ExperimentRecord(
            id: id.text, battery: hash.fields[ExperimentField.battery], name: declaration?.name,
            version: declaration?.version, description: declaration?.description, objective: declaration?.objective,
            status: hash.status, reason: hash.fields[ExperimentField.reason], host: hash.fields[ExperimentField.host],
            pid: pid, seed: hash.fields[ExperimentField.seed], started: started, updated: updated, epochs: epochs,
            epoch: hash.epoch, source: hash.fields[ExperimentField.maxSource], maxima: hash.maxima,
            params: hash.params, meta: hash.meta, nonfinite: nonfinite, curves: curves,
            warnings: warnings + reader.warnings)
    }

    private func declaration(
        _ battery: String?, in place: Keyspace, _ warnings: inout [String]
    ) throws(QueryError) -> Declaration? {
        guard let id = battery.flatMap({ BatteryID($0) }) else {
            warnings.append("the experiment does not say of which battery it is")
            return nil
        }
        var batch = CommandPipeline()
        let answer = batch.ask(place, ["HMGET", place.battery(id)] + Declaration.fields) { reply throws(RedisError) in
            try reply.strings()
        }
        try session.run(batch)
        let values = try session.checked { () throws(RedisError) in try answer.value(or: [], &warnings) }
        return values.isEmpty ? nil : Declaration(id: id, in: place, values: values, &warnings)
    }

    /// The one experiment whose id begins so.
    private func complete(
        _ beginning: ExperimentID, in partitions: [Keyspace], _ warnings: inout [String]
    ) throws(QueryError) -> (Keyspace, ExperimentID) {
        let candidates = try find(beginning, in: partitions, atLeast: 6, &warnings)
        guard let only = candidates.first else { throw try missing(beginning, in: partitions, &warnings) }
        guard candidates.count == 1 else {
            let names = candidates.keys.map(\.text).sorted()
            throw QueryError(
                .ambiguous,
                "more than one experiment begins with '\(beginning.text)': "
                    + names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and more" : ""))
        }
        return (only.value, only.key)
    }

    /// Names those that begin like it, if only for half of it.
    private func missing(
        _ id: ExperimentID, in partitions: [Keyspace], _ warnings: inout [String]
    ) throws(QueryError) -> QueryError {
        let half = id.text.prefix((id.text.utf8.count + 1) / 2)
        let similar = try ExperimentID(String(half)).map { half throws(QueryError) in
            try find(half, in: partitions, atLeast: 1_000, &warnings)
        }
        return QueryError(
            .notFound,
            "no experiment's id is or begins with '\(id.text)'"
                + nearest(
                    to: id.text, among: (similar ?? [:]).keys.map(\.text).sorted(),
                    orElse: "hypero-query rank NAME lists those of a battery"))
    }

    /// Experiments whose ids begin so: all, or at least so many.
    ///
    /// SCAN MATCH and not the battery's list of experiments: that list is by time, so it would have to be read as a whole.
    /// An id holds no character that a pattern takes for something else.
    private func find(
        _ beginning: ExperimentID, in partitions: [Keyspace], atLeast enough: Int, _ warnings: inout [String]
    ) throws(QueryError) -> [ExperimentID: Keyspace] {
        var candidates: [ExperimentID: Keyspace] = [:]
        for place in partitions where candidates.count < enough {
            let key = place.experiment(beginning)
            let start = key.utf8.count - beginning.text.utf8.count
            var cursor: String? = "0"
            while let position = cursor, candidates.count < enough {
                var batch = CommandPipeline()
                let answer = batch.ask(place, "SCAN", position, "MATCH", key + "*", "COUNT", "10000") {
                    reply throws(RedisError) in
                    _ = try reply.array()
                    return (next: try reply.string() ?? "0", keys: try reply.strings().compactMap(\.self))
                }
                try session.run(batch)
                let found = try session.checked { () throws(RedisError) in
                    try answer.value(or: (next: "0", keys: []), &warnings)
                }
                for key in found.keys {
                    // A curve's key does not make an id: it holds a colon.
                    guard let id = ExperimentID(String(decoding: key.utf8.dropFirst(start), as: UTF8.self)) else {
                        continue
                    }
                    candidates[id] = place
                }
                cursor = found.next == "0" ? nil : found.next
            }
        }
        return candidates
    }
}
