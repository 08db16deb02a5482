import HyperoSchema

// The events of searches and of their trials.

extension Fold {
    /// The number of silent trials whose state is read at once.
    private static var silentCount: Int { 1_024 }

    /// Returns the reason why an event of a search cannot be applied; nil if it can, and for any other event.
    func searchViolation(of item: DecodedBatch.Item) -> String? {
        guard case .event(let index) = item.content, let search = batch.search(of: batch.events[index]) else {
            return nil
        }
        let battery = batch.batteries[item.subjects.battery]
        guard batteries[item.subjects.battery].objective != nil else { return Self.undeclared(battery) }
        if let readError = searches[search].prior.readError { return readError }
        let id = batch.searches[search].text
        guard let actual = searches[search].state.battery else {
            if case .search = batch.events[index].body { return nil }
            return "search not found: \(id) was never declared in this partition"
        }
        guard actual == battery else {
            return "wrong battery: \(battery.text), search \(id) belongs to \(actual.text)"
        }
        guard case .enqueue(_, let entries) = batch.events[index].body else { return nil }
        return searches[search].violation(ofEnqueuing: entries)
    }

    /// Applies an event of a search.
    mutating func applySearch(_ event: Event, of item: DecodedBatch.Item) {
        guard let search = batch.search(of: event), let battery = event.battery else { return }
        switch event.body {
        case .search(let declaration): searches[search].declare(declaration, of: battery, at: item.seen)
        case .claim: if let origin = event.origin { grant(to: origin, in: search, of: item) }
        case .enqueue(_, let entries): searches[search].enqueue(entries)
        default: break
        }
    }
}

// MARK: - Grants

extension Fold {
    /// Grants a trial: one that is lost, else the next number. All numbers may be given out.
    private mutating func grant(to token: Event.Origin, in search: Int, of item: DecodedBatch.Item) {
        let now = item.added
        while let number = searches[search].firstSilent(at: now) {
            guard missingSubjects(of: number, in: search, battery: item.subjects.battery).isEmpty else {
                for number in searches[search].silent(upTo: Self.silentCount) {
                    furtherSubjects.formUnion(missingSubjects(of: number, in: search, battery: item.subjects.battery))
                }
                return
            }
            guard let trial = lost(number, in: search, of: item) else { continue }
            return grant(trial, number: number, to: token, in: search)
        }
        if let (number, trial) = searches[search].grantNext(to: token, at: now) {
            return grant(trial, number: number, to: token, in: search)
        }
        let open = searches[search].state.open.count
        grants[token.producer, default: FieldChanges()].set(
            ProducerField.none + batch.searches[search].text, to: "\(token.seq) \(open)")
    }

    private mutating func grant(
        _ trial: SearchState.OpenTrial, number: Int, to token: Event.Origin, in search: Int
    ) {
        var trial = trial
        trial.token = token
        searches[search].set(trial, at: number)
        let point = searches[search].point(of: trial).map { " " + $0 } ?? ""
        grants[token.producer, default: FieldChanges()].set(
            ProducerField.grant + String(token.seq), to: "\(number) \(trial.attempt)\(point)")
    }

    /// Removes a grant from the hash of its producer.
    private mutating func removeGrant(_ token: Event.Origin?) {
        guard let token else { return }
        grants[token.producer, default: FieldChanges()].set(ProducerField.grant + String(token.seq), to: nil)
    }

    /// Returns the producer and the experiment of a trial that the batch lacks. The caller of the fold adds them, and folds the
    /// batch again.
    private func missingSubjects(of number: Int, in search: Int, battery: Int) -> FurtherSubjects {
        var missing = FurtherSubjects()
        let experiment = batch.searches[search].experiment(ofTrial: number)
        if batch.index(of: experiment) == nil { missing.insert(experiment, in: battery) }
        if let holder = searches[search].state.open[number]?.holder, batch.index(of: holder) == nil {
            missing.insert(holder)
        }
        return missing
    }

    /// Returns the next attempt of a trial that is lost. A trial whose producer lives is no longer silent. One without attempts
    /// left ends, and so does one that an operator has deleted.
    private mutating func lost(
        _ number: Int, in search: Int, of item: DecodedBatch.Item
    ) -> SearchState.OpenTrial? {
        guard var trial = searches[search].state.open[number],
            let experiment = batch.index(of: batch.searches[search].experiment(ofTrial: number))
        else { return nil }
        let now = item.added
        // The time of a producer is not after the server's. It is that of the latest sign of life if the process is silent.
        if trial.time > 0, let holder = trial.holder.flatMap({ batch.index(of: $0) }),
            producers[holder].time > trial.time
        {
            trial.time = min(producers[holder].time, now)
            searches[search].set(trial, at: number)
            guard now - trial.time >= searches[search].state.silence else { return nil }
        }
        // The process may not have read its grant yet. It claims again.
        if trial.runner == nil, let token = trial.token {
            grants[token.producer, default: FieldChanges()].set(
                ProducerField.grant + String(token.seq), to: ProducerField.lostGrant)
        }
        let isDeleted = hasTombstones && deletionTime(of: experiment, in: item.subjects.battery) != nil
        guard trial.attempt < searches[search].state.attempts, !isDeleted else {
            searches[search].close(number, as: .failed)
            if !isDeleted {
                setStop("lost \(trial.attempt) times", ofTrial: number, in: search, for: trial.runner)
                fail(experiment, after: trial, number: number, in: search, of: item)
            }
            return nil
        }
        trial.attempt += 1
        setStop("superseded by attempt \(trial.attempt)", ofTrial: number, in: search, for: trial.runner)
        (trial.time, trial.runner) = (now, nil)
        return trial
    }

    /// Ends the experiment of a trial that has no attempts left, if a process has begun it.
    private mutating func fail(
        _ experiment: Int, after trial: SearchState.OpenTrial, number: Int, in search: Int, of item: DecodedBatch.Item
    ) {
        let (battery, time) = (item.subjects.battery, item.added)
        var value: [IndexChange.Field] = []
        if let objective = batteries[battery].objective, prior.experiments[experiment]?.readError == nil,
            (foldIndexes[experiment] >= 0 || prior.experiments[experiment]?.battery != nil)
        {
            let subjects = DecodedBatch.Subjects(producer: -1, battery: battery, experiment: experiment)
            let index = foldIndex(of: subjects, objective: objective)
            guard experiments[index].battery == batch.batteries[battery] else { return }
            experiments[index].loadRows(objective: objective, in: &result.rows)
            experiments[index].end(
                .failed, of: batch.experiments[experiment], attempt: nil, reason: "lost \(trial.attempt) times",
                at: time,
                by: producerOfStatus(index), isAccepted: true)
            value = results(of: index, subject: experiment, objective: objective)
        }
        record(.failed, trial: number, attempt: trial.attempt, value, in: search)
    }

    private func producerOfStatus(_ index: Int) -> ProducerID? { experiments[index].lifecycle.producer }
}

// MARK: - Trials

extension Fold {
    /// The consequence of an event for the status of a trial's experiment.
    enum TrialVerdict {
        /// The usual rules decide.
        case ordinary
        /// The event is of the process that the trial was granted to last.
        case accepted
        /// The event is of a process that has lost the trial.
        case refused
    }

    /// Returns the search and the number of the trial that an entry is about; nil if it is no trial of a declared search.
    func trial(of item: DecodedBatch.Item) -> DecodedBatch.Trial? {
        trial(item.subjects.experiment, in: item.subjects.battery)
    }

    func trial(_ experiment: Int, in battery: Int) -> DecodedBatch.Trial? {
        guard hasSearches, let trial = batch.trials[experiment] else { return nil }
        // In place, because a copy of the state would retain all its lists per event.
        guard trial.number <= searches[trial.search].state.trials,
            searches[trial.search].state.battery == batch.batteries[battery]
        else { return nil }
        return trial
    }

    func producer(of item: DecodedBatch.Item) -> ProducerID? {
        item.subjects.producer < 0 ? nil : batch.producers[item.subjects.producer]
    }

    /// Records a sign of life of a trial, at most once in an eighth of its lease.
    mutating func renew(_ item: DecodedBatch.Item) {
        guard let trial = trial(of: item), var open = searches[trial.search].state.open[trial.number], open.time > 0,
            item.added - open.time >= searches[trial.search].state.lease / 8, open.isHeld(by: producer(of: item))
        else { return }
        open.time = item.added
        searches[trial.search].set(open, at: trial.number)
    }

    /// Records the start of a trial. One that is not known as granted occupies its number: Redis has lost the grant.
    mutating func startTrial(_ start: Event.Start, of item: DecodedBatch.Item) -> TrialVerdict {
        guard let trial = trial(of: item) else { return .ordinary }
        removeGrant(start.token)
        let (search, producer) = (trial.search, producer(of: item))
        var open = searches[search].state.open[trial.number]
        if open == nil {
            guard !searches[search].state.isKnown(trial.number) else { return .ordinary }
            searches[search].occupy(trial.number)
            var token = start.token
            if token == nil, let producer { token = Event.Origin(producer: producer, seq: item.seq) }
            open = SearchState.OpenTrial(attempt: start.attempt ?? 1, token: token, time: item.added)
        }
        guard var open else { return .ordinary }
        let hasToken = start.token != nil && start.token == open.token
        let attempt = start.attempt ?? (hasToken || producer == open.holder ? open.attempt : 1)
        let isOfHolder = start.token == nil && (open.isHeld(by: producer) || open.runner == nil)
        guard attempt > open.attempt || attempt == open.attempt && (hasToken || isOfHolder) else { return .refused }
        if !hasToken { removeGrant(open.token) }
        if attempt > open.attempt {
            open.token = start.token ?? producer.map { Event.Origin(producer: $0, seq: item.seq) }
        }
        (open.attempt, open.time) = (attempt, item.added)
        open.runner = producer ?? open.runner
        searches[search].set(open, at: trial.number)
        setStop(atStartOf: trial, attempt: attempt, of: item)
        return .accepted
    }

    /// Records the end of a trial. A trial whose process is known to be lost is granted again.
    mutating func endTrial(
        _ status: ExperimentStatus, attempt: Int?, of item: DecodedBatch.Item, fold index: Int
    ) -> TrialVerdict {
        guard let trial = trial(of: item) else { return .ordinary }
        let (search, producer) = (trial.search, producer(of: item))
        guard var open = searches[search].state.open[trial.number] else {
            if !searches[search].state.isKnown(trial.number) {
                guard status != .lost else { return .ordinary }
                searches[search].occupy(trial.number)
                searches[search].close(trial.number, as: status)
                record(status, trial: trial.number, attempt: attempt ?? 1, of: item, fold: index, in: search)
                return .accepted
            }
            let lifecycle = experiments[index].lifecycle
            let isOther = producer != nil && lifecycle.producer != nil && producer != lifecycle.producer
            let isEarlier = attempt.map { $0 < lifecycle.attempt } ?? false
            guard lifecycle.status != .running || isOther || isEarlier else { return .ordinary }
            searches[search].refuse()
            removeStop(of: trial, from: [producer])
            return .refused
        }
        guard attempt ?? open.attempt == open.attempt, open.isHeld(by: producer) else {
            searches[search].refuse()
            removeStop(of: trial, from: [producer])
            return .refused
        }
        if experiments[index].stop != nil || open.attempt > 1 {
            removeStop(of: trial, from: [producer, open.runner, open.token?.producer])
        }
        guard status != .lost else {
            open.time = 0
            searches[search].set(open, at: trial.number)
            return .ordinary
        }
        removeGrant(open.token)
        searches[search].close(trial.number, as: status)
        record(status, trial: trial.number, attempt: open.attempt, of: item, fold: index, in: search)
        return .accepted
    }
}

// MARK: - History

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

    private mutating func record(
        _ status: ExperimentStatus, trial: Int, attempt: Int, of item: DecodedBatch.Item, fold index: Int,
        in search: Int
    ) {
        guard let objective = batteries[item.subjects.battery].objective else { return }
        let results = results(of: index, subject: item.subjects.experiment, objective: objective)
        record(status, trial: trial, attempt: attempt, results, in: search)
    }

    private mutating func record(
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
    private mutating func results(
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

    /// Returns the hyper-parameters of an experiment, and the distributions that differ from those of its search, with their prefixes
    /// and in the order of their names. They are read first if the experiment is older than the batch.
    private mutating func parameters(of index: Int, subject: Int) -> [IndexChange.Field] {
        var values: [ExactText: String] = [:]
        if prior.experiments[subject]?.battery != nil {
            if let parameters = prior.parameters[subject] {
                for (name, value) in parameters { values[ExactText(name)] = value }
            } else {
                unreadParameters.insert(subject)
            }
        }
        for field in experiments[index].fields.fields where PriorState.isParameter(field.name) {
            values[ExactText(field.name)] = field.value
        }
        return values.map { IndexChange.Field($0.key.text, $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}

extension DecodedBatch {
    /// Returns the index of a producer; nil if the batch does not contain it.
    fileprivate func index(of producer: ProducerID) -> Int? {
        var text = producer.text
        return text.withUTF8 { producerInterner.index(of: $0) }
    }

    /// Returns the index of an experiment; nil if the batch does not contain it.
    fileprivate func index(of experiment: ExperimentID) -> Int? {
        var text = experiment.text
        return text.withUTF8 { experimentInterner.index(of: $0) }
    }
}
