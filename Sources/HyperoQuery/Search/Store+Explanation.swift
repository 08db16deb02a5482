import HyperoRedis
import HyperoSchema
import HyperoSearch

extension Store {
    /// Explains the hyper-parameters of a trial of a search, and computes them again.
    ///
    ///     let explanation = try store.explanation(ofTrial: "s3f09c1aa-41")
    ///     print(explanation.isConsistent)
    ///
    /// Reads the history of the search up to the entry that the sampler knew last, in pages.
    ///
    /// - Parameter id: the id of the trial's experiment.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the trial does not exist, and of the other categories if
    ///   Redis fails.
    public func explanation(ofTrial id: String) throws(QueryError) -> TrialExplanation {
        try answer { () throws(QueryError) in try explain(id) }
    }

    private func explain(_ text: String) throws(QueryError) -> TrialExplanation {
        guard let id = ExperimentID(text) else { throw QueryError(.invalidExperimentID(text)) }
        var bytes = text
        guard let (searchID, number) = bytes.withUTF8({ SearchID.trial(of: $0) }) else {
            throw QueryError(.notATrial(text))
        }
        var warnings: [String] = []
        let partitions = try partitions(warnings: &warnings)
        var pipeline = CommandPipeline()
        let replies = partitions.map { keyspace in
            (
                keyspace, hash: pipeline.append("HGETALL", keyspace.experiment(id), in: keyspace, as: .pairs),
                history: pipeline.append("XLEN", keyspace.trials(of: searchID), in: keyspace, as: .count)
            )
        }
        try connections.run(pipeline)
        for (keyspace, reply, length) in replies {
            let fields = try reply.value(or: [], warnings: &warnings)
            guard !fields.isEmpty else { continue }
            var reader = HashReader(fields, source: "experiment '\(id.text)'")
            let hash = ExperimentHash(&reader)
            warnings += reader.warnings
            let searches = try storedSearches([(searchID, keyspace)], warnings: &warnings)
            guard let search = searches.first else { throw try unknownSearch(searchID, warnings: warnings) }
            // About as many entries are kept, but never fewer.
            let isTrimmed = try length.valueIfAvailable() ?? 0 >= Limits.trialHistory
            return try explanation(
                of: number, id, in: search, hash: hash, isTrimmed: isTrimmed, warnings: &warnings)
        }
        throw try notFound(id, in: partitions, warnings: &warnings)
    }

    private func explanation(
        of number: Int, _ id: ExperimentID, in search: StoredSearch, hash: ExperimentHash, isTrimmed: Bool,
        warnings: inout [String]
    ) throws(QueryError) -> TrialExplanation {
        let (spaces, direction) = try spaces(of: search, warnings: &warnings)
        var distributions = spaces
        for (name, text) in hash.fields {
            if let name = name.text.dropping(prefix: Prefix.space) {
                distributions[ExactText(name)] = Distribution(text: text)
            }
        }
        var asof = hash.fields[ExperimentField.asof]
        if let text = asof, StreamID(text) == nil {
            warnings.append("experiment '\(id.text)': asof must be the id of an entry, not '\(printable(text))'")
            asof = nil
        }
        var history: SearchHistory?
        if search.sampler == ExplainedTrial.tpe, let last = asof.flatMap({ StreamID($0) }) {
            var past = SearchHistory(direction: direction)
            var found = StreamID.zero
            if last > .zero {
                try readHistory(of: search, through: last, warnings: &warnings) { entries in
                    found = entries.last.flatMap { StreamID($0.id) } ?? found
                    for entry in entries {
                        if let trial = PastTrial(entry: entry.fields, spaces: spaces) { past.record(trial) }
                    }
                }
            }
            // Else it was written again, by a replay or after a loss of data, or the entry is removed.
            if found == last { history = past }
        }
        let trial = ExplainedTrial(number, of: search, hash: hash, distributions: distributions, history: history)
        let parameters = trial.parameters
        // What a sampler has known is not known any more.
        let isUnsure = isTrimmed && search.sampler == ExplainedTrial.tpe
        for parameter in parameters where parameter.isEqual == false {
            warnings.append(
                "\(id.text): \(printable(parameter.name)) is \(printable(parameter.value)), but its history leads to "
                    + "\(printable(parameter.computed ?? "another value"))"
                    + (isUnsure ? ". Entries of the history are removed, which may be the cause" : ""))
        }
        return TrialExplanation(
            experiment: id.text, search: search.id.text, searchName: search.name, battery: search.battery?.text,
            trial: number, attempt: trial.attempt, seed: search.seed, sampler: search.sampler, asof: asof,
            endedCount: history?.endedCount, counts: trial.counts, isTrimmed: isUnsure, parameters: parameters,
            warnings: warnings)
    }

    /// Returns the distributions of a search by name, and the direction of its objective. A search without distributions has those of
    /// its battery.
    private func spaces(
        of search: StoredSearch, warnings: inout [String]
    ) throws(QueryError) -> (spaces: [ExactText: Distribution], direction: Direction) {
        guard let battery = search.battery else {
            return (search.spaces.compactMapValues { Distribution(text: $0) }, .max)
        }
        let keyspace = search.keyspace
        var pipeline = CommandPipeline()
        let values = pipeline.append(
            "HMGET", keyspace.battery(battery), BatteryField.direction, in: keyspace, as: .optionalStrings)
        let space = pipeline.append("HGETALL", keyspace.space(of: battery), in: keyspace, as: .pairs)
        try connections.run(pipeline)
        let direction = try values.value(or: [], warnings: &warnings).first.flatMap(\.self).flatMap {
            Direction(rawValue: $0)
        }
        var spaces = search.spaces
        if spaces.isEmpty {
            for (name, text) in try space.value(or: [], warnings: &warnings) { spaces[ExactText(name)] = text }
        }
        return (spaces.compactMapValues { Distribution(text: $0) }, direction ?? .max)
    }
}
