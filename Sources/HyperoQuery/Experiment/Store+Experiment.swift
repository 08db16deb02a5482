import HyperoRedis
import HyperoSchema

extension Store {
    /// The allowed numbers of experiments of one query by id: 1 to 1,000.
    public static let idLimits = 1...1_000

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
        let records = try experiments(withIDs: [id])
        // An id that is not found throws.
        return records[0]
    }

    /// Reads all values of several experiments, and their learning curves.
    ///
    ///     let records = try store.experiments(withIDs: ["k3v9x2mq7d-17", "w8"])
    ///     for record in records { print(record.id, record.curves["valid"]?.last) }
    ///
    /// Costs as many round trips as one experiment, and one more per 1,000 commands: two per experiment and partition. All
    /// prefixes of ids need one SCAN over all keys together. All the curves are in memory at once.
    ///
    /// - Parameter ids: 1 to 1,000 ids, or prefixes that no other id has.
    /// - Returns: the experiments in the order of the ids. An experiment that is named twice has one element. The first
    ///   element has the warnings that concern none of the experiments alone.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` or ``QueryError/Category/ambiguous`` for the first id
    ///   without exactly one experiment, and of the other categories if there are too many ids or Redis fails.
    public func experiments(withIDs ids: [String]) throws(QueryError) -> [ExperimentRecord] {
        guard Self.idLimits.contains(ids.count) else {
            throw QueryError(
                .invalidArgument(
                    reason: "the number of experiments must be between \(Self.idLimits.lowerBound) and "
                        + "\(Self.idLimits.upperBound), not \(ids.count)"))
        }
        var wanted: [ExperimentID] = []
        for text in ids {
            guard let id = ExperimentID(text) else { throw QueryError(.invalidExperimentID(text)) }
            if !wanted.contains(id) { wanted.append(id) }
        }
        return try answer { () throws(QueryError) in try experiments(completing: wanted) }
    }

    private func experiments(completing wanted: [ExperimentID]) throws(QueryError) -> [ExperimentRecord] {
        var warnings: [String] = []
        let partitions = try partitions(warnings: &warnings)
        var stored = try storedExperiments(
            wanted.flatMap { id in partitions.map { (id, $0) } }, warnings: &warnings)
        let prefixes = wanted.filter { stored[$0] == nil }
        var completed: [ExperimentID: ExperimentID] = [:]
        if !prefixes.isEmpty {
            let found = try complete(prefixes, in: partitions, warnings: &warnings)
            for (prefix, match) in zip(prefixes, found) { completed[prefix] = match.id }
            stored.merge(
                try storedExperiments(found.map { ($0.id, $0.keyspace) }, warnings: &warnings)
            ) { first, _ in first }
        }
        var experiments: [StoredExperiment] = []
        for id in wanted {
            // nil if the experiment was deleted after SCAN found it.
            guard let experiment = stored[completed[id] ?? id] else {
                throw try notFound(id, in: partitions, warnings: &warnings)
            }
            if !experiments.contains(where: { $0.id == experiment.id }) { experiments.append(experiment) }
        }
        return try records(of: experiments, sharedWarnings: warnings)
    }

    /// Reads experiments by complete ids. Those that do not exist are left out.
    func experiments(existing ids: [ExperimentID]) throws(QueryError) -> [ExperimentRecord] {
        guard !ids.isEmpty else { return [] }
        var warnings: [String] = []
        let partitions = try partitions(warnings: &warnings)
        let stored = try storedExperiments(
            ids.flatMap { id in partitions.map { (id, $0) } }, warnings: &warnings)
        var seen: Set<ExperimentID> = []
        let found = ids.compactMap { id in seen.insert(id).inserted ? stored[id] : nil }
        return found.isEmpty ? [] : try records(of: found, sharedWarnings: warnings)
    }

    /// Reads hashes and curves by complete ids.
    ///
    /// - Returns: the experiments that exist, each from the first partition that has it.
    private func storedExperiments(
        _ places: [(id: ExperimentID, keyspace: Keyspace)], warnings: inout [String]
    ) throws(QueryError) -> [ExperimentID: StoredExperiment] {
        var pipeline = CommandPipeline()
        let replies = places.map { id, keyspace in
            (
                hash: pipeline.append("HGETALL", keyspace.experiment(id), in: keyspace, as: .pairs),
                rows: pipeline.append("HGETALL", keyspace.curve(of: id), in: keyspace, as: .pairs)
            )
        }
        try connections.run(pipeline)
        if let refusal = replies.first?.hash.refusal, replies.allSatisfy({ $0.hash.refusal != nil }) { throw refusal }
        var found: [ExperimentID: StoredExperiment] = [:]
        for ((id, keyspace), reply) in zip(places, replies) where found[id] == nil {
            let hash = try reply.hash.value(or: [], warnings: &warnings)
            let rows = try reply.rows.value(or: [], warnings: &warnings)
            guard !hash.isEmpty || !rows.isEmpty else { continue }
            var warnings: [String] = []
            let curves = LearningCurves(rows: rows, key: keyspace.curve(of: id), warnings: &warnings)
            found[id] = StoredExperiment(
                id: id, keyspace: keyspace, pairs: hash, curves: curves, warnings: warnings)
        }
        return found
    }

    /// Reads the batteries and the producers of experiments, in one round trip.
    private func records(
        of experiments: [StoredExperiment], sharedWarnings: [String]
    ) throws(QueryError) -> [ExperimentRecord] {
        var pipeline = CommandPipeline()
        var producers = ProducerTimes()
        var formats = FormatCheck()
        var checked: Set<Keyspace> = []
        var batteries: [String: StoredExperiment.BatteryReply] = [:]
        var read: [(reader: HashReader, hash: ExperimentHash)] = []
        var experimentsInSearches: [PendingReply<Int>?] = []
        for experiment in experiments {
            let keyspace = experiment.keyspace
            var reader = HashReader(experiment.pairs, source: "experiment '\(experiment.id.text)'")
            let hash = ExperimentHash(&reader)
            producers.append(for: experiment.id, in: keyspace, to: &pipeline)
            producers.append(for: hash, in: keyspace, to: &pipeline)
            experimentsInSearches.append(search(of: experiment.id, in: keyspace, to: &pipeline))
            if checked.insert(keyspace).inserted { formats.append(keyspace, to: &pipeline) }
            if let id = hash.fields[ExperimentField.battery].flatMap({ BatteryID($0) }),
                batteries[keyspace.battery(id)] == nil
            {
                batteries[keyspace.battery(id)] = StoredExperiment.BatteryReply(
                    id: id,
                    hash: pipeline.append(
                        arguments: ["HMGET", keyspace.battery(id)] + StoredBattery.fields(channel: nil), in: keyspace,
                        as: .optionalStrings),
                    space: pipeline.append("HGETALL", keyspace.space(of: id), in: keyspace, as: .pairs))
            }
            read.append((reader, hash))
        }
        try connections.run(pipeline)
        var shared = sharedWarnings
        shared += try formats.warnings()
        var records: [ExperimentRecord] = []
        for (index, (experiment, (reader, hash))) in zip(experiments, read).enumerated() {
            let isTrial = try experimentsInSearches[index]?.valueIfPermitted() ?? 0 > 0
            let id = hash.fields[ExperimentField.battery].flatMap { BatteryID($0) }
            records.append(
                try record(
                    of: experiment, trial: isTrial ? Self.trial(of: experiment.id) : nil, hash: hash, reader: reader,
                    battery: id.flatMap { batteries[experiment.keyspace.battery($0)] },
                    liveness: try liveness(
                        of: hash, id: experiment.id, in: experiment.keyspace, producers: producers),
                    warnings: records.isEmpty ? shared : []))
        }
        return records
    }

    /// Returns the search and the number of the trial that the form of an experiment's id tells; nil for another form.
    private static func trial(of id: ExperimentID) -> (search: SearchID, number: Int)? {
        var text = id.text
        return text.withUTF8 { SearchID.trial(of: $0) }
    }

    /// Appends the command that tells whether an experiment with the id of a trial is one: another client may have chosen the id.
    private func search(
        of id: ExperimentID, in keyspace: Keyspace, to pipeline: inout CommandPipeline
    ) -> PendingReply<Int>? {
        Self.trial(of: id).map { pipeline.append("EXISTS", keyspace.search($0.search), in: keyspace, as: .integer) }
    }

    private func record(
        of experiment: StoredExperiment, trial: (search: SearchID, number: Int)?, hash: ExperimentHash,
        reader: HashReader,
        battery reply: StoredExperiment.BatteryReply?, liveness: Liveness, warnings: [String]
    ) throws(QueryError) -> ExperimentRecord {
        var (warnings, reader) = (warnings + experiment.warnings, reader)
        if reply == nil { warnings.append("the experiment's battery is missing or is not a battery id") }
        let drawn = Set(hash.params.map { ExactText($0.name) })
        let distributions = try (reply?.space.value(or: [], warnings: &warnings) ?? [])
            .filter { drawn.contains(ExactText($0.name)) }
            .map { NamedDistribution(name: $0.name, text: $0.value) }
            .sorted { ExactText($0.name) < ExactText($1.name) }
        let values = try reply?.hash.value(or: [], warnings: &warnings) ?? []
        let battery = reply.flatMap { reply in
            values.isEmpty
                ? nil : StoredBattery(id: reply.id, in: experiment.keyspace, values: values, warnings: &warnings)
        }
        warnings += [battery?.conflictWarning].compactMap(\.self)
        let curves = experiment.curves
        let pid = reader.integer(ExperimentField.pid).map { Int($0) }
        let attempt = reader.integer(ExperimentField.attempt).map { Int($0) }
        let started = reader.integer(ExperimentField.started)
        let lastEpoch = reader.integer(ExperimentField.epochs).map { Int($0) }
        let thinned = hash.fields[ExperimentField.thinned].flatMap { ThinnedCurve(text: $0) }
            .flatMap { $0.removed > 0 ? $0 : nil }
        if let thinned, let created = battery?.created, let started, max(started, thinned.time) < created {
            warnings.append(
                "rows of the learning curves were removed before the battery was declared again: if its objective was another one, "
                    + "better values may be among them")
        }
        let stated = StatedMaxima(hash.fields[ExperimentField.maxStated])
        let source: MaximaSource? = reader.choice(ExperimentField.maxSource)
        let nonfiniteCount = reader.integer(ExperimentField.nonfinite).map { Int($0) } ?? 0
        return ExperimentRecord(
            id: experiment.id.text, battery: hash.fields[ExperimentField.battery], batteryName: battery?.name,
            batteryVersion: battery?.version, batteryDescription: battery?.description, objective: battery?.objective,
            direction: battery?.direction, liveness: liveness,
            reason: hash.fields[ExperimentField.reason], stop: hash.fields[ExperimentField.stop],
            host: hash.fields[ExperimentField.host],
            pid: pid, seed: hash.fields[ExperimentField.seed], search: trial?.search.text, trial: trial?.number,
            attempt: attempt, started: started,
            updated: hash.updated, lastEpoch: lastEpoch, bestEpoch: hash.bestEpoch,
            curveEpoch: source == .user
                ? nil : stated.curveEpoch(in: curves, of: battery, bestEpoch: hash.bestEpoch),
            statedChannels: stated.channels, statedEpoch: stated.epoch,
            maximaSource: hash.fields[ExperimentField.maxSource], maxima: hash.maxima, params: hash.params,
            distributions: distributions, meta: hash.meta, nonfiniteCount: nonfiniteCount,
            thinned: thinned, curves: curves, warnings: warnings + reader.warnings)
    }
}

/// An experiment's hash and curves as they were read.
private struct StoredExperiment {
    /// The pending replies about a battery.
    struct BatteryReply {
        let id: BatteryID
        let hash: PendingReply<[String?]>
        let space: PendingReply<[(name: String, value: String)]>
    }

    let id: ExperimentID
    let keyspace: Keyspace
    let pairs: [(name: String, value: String)]
    let curves: LearningCurves
    /// The warnings about the curves.
    let warnings: [String]
}
