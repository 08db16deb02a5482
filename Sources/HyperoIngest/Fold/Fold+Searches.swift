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
        case .claim:
            guard let origin = event.origin else { return }
            searches[search].touch(at: item.added, lastSign: lastSign)
            grant(to: origin, in: search, of: item)
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
        // The process may have lost or given back an earlier attempt.
        if trial.attempt > 1 { setStop(nil, ofTrial: number, in: search, for: token.producer) }
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
        // The time of a producer is not after the server's. It is that of the latest sign of life if the process is silent. A
        // process that has not started the trial within a lease may not want it any more.
        if trial.time > 0, let holder = trial.runner.flatMap({ batch.index(of: $0) }),
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
        // A process that has not started the trial is no reason to give it up.
        if trial.runner != nil { trial.losses += 1 }
        let isHopeless = trial.losses >= searches[search].state.attempts || trial.attempt >= Limits.attempts.upperBound
        guard !isHopeless, !isDeleted else {
            searches[search].close(number, as: .failed)
            if !isDeleted {
                setStop("lost \(trial.losses) times", ofTrial: number, in: search, for: trial.runner)
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
                .failed, of: batch.experiments[experiment], attempt: nil, reason: "lost \(trial.losses) times",
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
        guard let trial = trial(of: item) else { return }
        searches[trial.search].touch(at: item.added, lastSign: lastSign)
        guard var open = searches[trial.search].state.open[trial.number], open.time > 0,
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
            guard !searches[search].state.isKnown(trial.number) else {
                // Redis has lost the grant of the process that has ended the trial, and it was granted again. A user who resumes the
                // experiment has no token.
                guard start.token != nil else { return .ordinary }
                setStop("the trial has ended", ofTrial: trial.number, in: search, for: producer)
                return .refused
            }
            searches[search].occupy(trial.number)
            var token = start.token
            if token == nil, let producer { token = Event.Origin(producer: producer, seq: item.seq) }
            let attempt = start.attempt ?? 1
            open = SearchState.OpenTrial(attempt: attempt, token: token, time: item.added, losses: attempt - 1)
        }
        guard var open else { return .ordinary }
        let hasToken = start.token != nil && start.token == open.token
        let attempt = start.attempt ?? (hasToken || producer == open.holder ? open.attempt : 1)
        let isOfHolder = start.token == nil && (open.isHeld(by: producer) || open.runner == nil)
        // Redis has lost the grant of a trial that runs, and the number was granted again.
        let isFirst = start.token != nil && open.runner == nil && open.time > 0
        guard attempt > open.attempt || attempt == open.attempt && (hasToken || isOfHolder || isFirst) else {
            if start.token != nil {
                setStop("superseded by attempt \(open.attempt)", ofTrial: trial.number, in: search, for: producer)
            }
            return .refused
        }
        if !hasToken {
            displace(open.token, by: start.token, from: trial.number, in: search)
            if attempt > open.attempt || isFirst {
                open.token = start.token ?? producer.map { Event.Origin(producer: $0, seq: item.seq) }
            }
        }
        open.losses += attempt - open.attempt
        (open.attempt, open.time) = (attempt, item.added)
        open.runner = producer ?? open.runner
        searches[search].set(open, at: trial.number)
        setStop(atStartOf: trial, attempt: attempt, of: item)
        return .accepted
    }

    /// Takes a number from the claim that has it, because another process runs it, and from that one another number.
    private mutating func displace(
        _ token: Event.Origin?, by starter: Event.Origin?, from number: Int, in search: Int
    ) {
        if let token, token != starter {
            if searches[search].state.open[number]?.runner == nil, starter != nil {
                // It may wait for its trial, and claims again.
                grants[token.producer, default: FieldChanges()].set(
                    ProducerField.grant + String(token.seq), to: ProducerField.lostGrant)
            } else {
                removeGrant(token)
            }
        }
        guard let starter, let other = searches[search].unstarted(of: starter, otherThan: number) else { return }
        searches[search].release(other)
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
            if attempt != nil { searches[search].refuse() }
            removeStop(of: trial, from: [producer])
            return .refused
        }
        guard attempt ?? open.attempt == open.attempt, open.isHeld(by: producer) else {
            // Another process that logs to the experiment has no attempt.
            if attempt != nil { searches[search].refuse() }
            removeStop(of: trial, from: [producer])
            return .refused
        }
        if experiments[index].stop != nil || open.attempt > 1 {
            removeStop(of: trial, from: [producer, open.runner, open.token?.producer])
        }
        guard status != .lost else {
            open.time = 0
            // The end of a process that gives the trial back has an attempt, and that of an adopter has none. Such a process is not
            // lost.
            if attempt != nil { (open.runner, open.token) = (nil, nil) }
            searches[search].set(open, at: trial.number)
            return .ordinary
        }
        removeGrant(open.token)
        searches[search].close(trial.number, as: status)
        record(status, trial: trial.number, attempt: open.attempt, of: item, fold: index, in: search)
        return .accepted
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
