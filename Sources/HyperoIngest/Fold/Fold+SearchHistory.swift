import HyperoSchema

// The history of searches, and the hyper-parameters of their trials.

extension Fold {
    /// Adds the changes of searches, rungs and hashes of producers.
    mutating func addSearchChanges() {
        addRungChanges()
        for (index, search) in searches.enumerated() {
            result.changes.append(contentsOf: search.changes(of: batch.searches[index], in: keyspace))
            result.posterior.searches.append(search.state)
        }
        for (producer, fields) in grants.sorted(by: { $0.key.text < $1.key.text }) {
            let key = keyspace.producer(producer)
            let (set, removed) = (fields.fields, fields.removedNames)
            if !set.isEmpty {
                result.changes.append(.setFields(key: key, set))
                // The hash of a producer that is lost may be gone.
                result.changes.append(.expire(key: key, milliseconds: Watermark.lifetime))
            }
            if !removed.isEmpty { result.changes.append(.removeFields(key: key, removed)) }
        }
    }

    /// Adds the first row of a trial to the history, with the hyper-parameters so far. Called before the row is merged.
    mutating func recordFirstRow(of subject: Int, in battery: Int, epoch: Int, fold index: Int) {
        guard experiments[index].curve.highestEpoch == nil, let trial = trial(subject, in: battery) else { return }
        let open = searches[trial.search].state.open[trial.number]
        record(
            .running, trial: trial.number, attempt: open?.attempt ?? 1,
            [IndexChange.Field(TrialField.last, Int64(epoch))] + parameters(of: index, subject: subject),
            in: trial.search)
    }

    /// Adds the end of a trial to the history.
    mutating func record(
        _ status: ExperimentStatus, trial: Int, attempt: Int, of item: DecodedBatch.Item, fold index: Int,
        in search: Int
    ) {
        guard let objective = batteries[item.subjects.battery].objective else { return }
        let results = results(of: index, subject: item.subjects.experiment, objective: objective)
        record(status, trial: trial, attempt: attempt, results, in: search)
    }

    /// Adds an entry to the history.
    mutating func record(
        _ status: ExperimentStatus, trial: Int, attempt: Int, _ fields: [IndexChange.Field], in search: Int
    ) {
        searches[search].record(
            [
                IndexChange.Field(TrialField.trial, Int64(trial)),
                IndexChange.Field(TrialField.attempt, Int64(attempt)),
                IndexChange.Field(TrialField.status, status.rawValue),
            ] + fields)
    }

    /// Returns the objective at the best epoch, the highest epoch and the hyper-parameters.
    mutating func results(
        of index: Int, subject: Int, objective: BatteryState.Objective
    ) -> [IndexChange.Field] {
        experiments[index].requireMaxima()
        let maxima = experiments[index].maxima
        var fields: [IndexChange.Field] = []
        if let cell = maxima.cells(in: result.rows).first(where: { $0.channel.hasSameBytes(as: objective.channel) }) {
            fields.append(IndexChange.Field(TrialField.value, cell.number.text))
        }
        if let epoch = maxima.epoch(in: result.rows) {
            fields.append(IndexChange.Field(TrialField.epoch, Int64(epoch)))
        }
        if let last = experiments[index].curve.highestEpoch {
            fields.append(IndexChange.Field(TrialField.last, Int64(last)))
        }
        return fields + parameters(of: index, subject: subject)
    }

    /// Returns the hyper-parameters of an event that are recorded, with their distributions: all, but of a process that has lost its
    /// trial only those that have no value yet. The results are those of the process that runs it, or has run it last.
    mutating func current(
        _ entries: [Event.Entry], _ spaces: [Event.Entry], of item: DecodedBatch.Item, in target: Target
    ) -> (entries: [Event.Entry], spaces: [Event.Entry]) {
        guard hasLostTrial(item, fold: target.experiment) else { return (entries, spaces) }
        // Read first, and folded again, if they are not known.
        guard let known = values(of: target.experiment, subject: target.subject) else { return ([], []) }
        let isNew = { (entry: Event.Entry) in known[ExactText(Prefix.param + entry.name)] == nil }
        return (entries.filter(isNew), spaces.filter(isNew))
    }

    /// Returns whether an event is of a process that has lost its trial to another one.
    private func hasLostTrial(_ item: DecodedBatch.Item, fold index: Int) -> Bool {
        guard let trial = trial(of: item), let producer = producer(of: item) else { return false }
        if let open = searches[trial.search].state.open[trial.number] {
            return open.attempt > 1 && !open.isHeld(by: producer)
        }
        let lifecycle = experiments[index].lifecycle
        return lifecycle.attempt > 1 && lifecycle.producer != nil && lifecycle.producer != producer
    }

    /// Returns the hyper-parameters of an experiment, and the distributions that differ from those of its search, with their prefixes
    /// and in the order of their names. They are read first if the experiment is older than the batch.
    private mutating func parameters(of index: Int, subject: Int) -> [IndexChange.Field] {
        (values(of: index, subject: subject) ?? [:]).map { IndexChange.Field($0.key.text, $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Returns the hyper-parameters of an experiment by the names of their fields; nil if those in Redis are not read yet.
    private mutating func values(of index: Int, subject: Int) -> [ExactText: String]? {
        var values: [ExactText: String] = [:]
        if prior.experiments[subject]?.battery != nil {
            guard let parameters = prior.parameters[subject] else {
                unreadParameters.insert(subject)
                return nil
            }
            for (name, value) in parameters { values[ExactText(name)] = value }
        }
        for field in experiments[index].fields.fields where PriorState.isParameter(field.name) {
            values[ExactText(field.name)] = field.value
        }
        return values
    }
}
