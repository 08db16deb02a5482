import HyperoSchema

// The stopping of bad trials.

extension Fold {
    /// Enters a row into the rungs of its search, and judges its trial if that has not ended. Called after the row is merged.
    ///
    /// - Parameters:
    ///   - row: the row, or a part of it.
    ///   - best: the best objective before; nil without a finite one.
    mutating func judge(
        _ row: RowTable.Row, at epoch: Int, best: Double?, of target: Target, objective: BatteryState.Objective
    ) {
        guard let trial = trial(target.subject, in: target.battery),
            let rule = searches[trial.search].state.stopping
        else { return }
        let isOpen = searches[trial.search].state.open[trial.number] != nil
        if let number = result.rows.number(of: objective.channel, in: row),
            hasRungs(of: trial.search, by: rule, direction: objective.direction)
        {
            let value = number.isFinite ? number.value : nil
            let changed = rungs[trial.search]?.record(value, at: epoch, of: trial.number, best: best) ?? []
            for rung in changed { touchedRungs[trial.search]?[rung].insert(trial.number) }
            if isOpen, experiments[target.experiment].stop == nil,
                let verdict = rungs[trial.search]?.verdict(of: trial.number)
            {
                experiments[target.experiment].stop(because: verdict)
            }
        }
        guard isOpen, let reason = experiments[target.experiment].stop else { return }
        setStop(reason, ofTrial: trial.number, in: trial.search, for: producer(of: target))
    }

    /// Returns whether the rungs of a search are known and can be written. They are read first.
    private mutating func hasRungs(of search: Int, by rule: StoppingRule, direction: Direction) -> Bool {
        if let known = rungs[search] { return known.isReadable }
        guard let known = prior.rungs[search] else {
            unreadRungs[search] = Rungs(rule, direction: direction)
            return false
        }
        rungs[search] = known
        touchedRungs[search] = Array(repeating: [], count: known.epochs.count)
        return known.isReadable
    }

    /// Adds the changes of rungs.
    mutating func addRungChanges() {
        for (search, known) in rungs.sorted(by: { $0.key < $1.key }) {
            let id = batch.searches[search]
            for (index, trials) in (touchedRungs[search] ?? []).enumerated() where !trials.isEmpty {
                let scored = trials.sorted().compactMap { trial in
                    known.score(of: trial, inRung: index).map {
                        IndexChange.Scored(id.experiment(ofTrial: trial).text, score: Number.text(of: $0))
                    }
                }
                result.changes.append(
                    .addScores(key: keyspace.rung(known.epochs[index], of: id), scored, onlyNew: false))
            }
        }
        result.posterior.rungs = prior.rungs.merging(rungs) { $1 }
    }

    /// Records the distributions of hyper-parameters of a trial in its search, and those that differ there in the trial.
    mutating func set(_ spaces: [Event.Entry], of item: DecodedBatch.Item, fold index: Int) {
        guard let trial = trial(of: item) else { return }
        for space in spaces where !searches[trial.search].setSpace(space) {
            experiments[index].fields.set(Prefix.space + space.name, to: space.value)
        }
    }
}

// MARK: - The producers

extension Fold {
    /// Sets the reason for which a producer must stop a trial.
    ///
    /// - Parameters:
    ///   - reason: the reason; nil to remove one.
    ///   - producer: the producer; nil if it is not known.
    mutating func setStop(_ reason: String?, ofTrial number: Int, in search: Int, for producer: ProducerID?) {
        guard let producer else { return }
        let experiment = batch.searches[search].experiment(ofTrial: number)
        grants[producer, default: FieldChanges()].set(ProducerField.stop + experiment.text, to: reason)
    }

    /// Sets the reason to stop a trial for the producer that starts it, if the trial was judged before. A reason that concerned an
    /// earlier attempt of the same producer is removed.
    mutating func setStop(atStartOf trial: DecodedBatch.Trial, attempt: Int, of item: DecodedBatch.Item) {
        let fold = foldIndexes[item.subjects.experiment]
        let reason = fold < 0 ? nil : experiments[fold].stop
        guard reason != nil || attempt > 1 else { return }
        setStop(reason, ofTrial: trial.number, in: trial.search, for: producer(of: item))
    }

    /// Removes the reason to stop a trial from the hashes of producers.
    mutating func removeStop(of trial: DecodedBatch.Trial, from producers: Set<ProducerID?>) {
        for producer in producers { setStop(nil, ofTrial: trial.number, in: trial.search, for: producer) }
    }
}
