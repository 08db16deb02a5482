package import HyperoSchema

/// The pure function from the entries of a batch and the prior state of their subjects to the changes of the indexes.
///
/// All entries of a batch for one experiment become one change of its hash, one change of its curve and a share of one
/// change per ranking. The result does not depend on how the entries are divided into batches.
package struct Fold {
    package enum Outcome {
        /// The caller must read this state and fold the batch again.
        case missing(MissingState)
        case folded(FoldResult)
    }

    private let batch: DecodedBatch
    private let prior: PriorState
    private let keyspace: Keyspace
    private var result = FoldResult()
    private var producers: [Watermark]
    private var batteries: [BatteryFold]
    /// The experiments with an applied event, in the order of their first one.
    private var experiments: [ExperimentFold] = []
    /// Indexes in `experiments`, by the experiment's index in the batch; -1 before its first applied event.
    private var foldIndexes: [Int]

    /// Folds a batch.
    ///
    /// - Parameters:
    ///   - prior: the state before the batch, as far as it is known.
    ///   - keyspace: the keys of the partition.
    package static func fold(_ batch: DecodedBatch, onto prior: PriorState, in keyspace: Keyspace) -> Outcome {
        let missing = MissingState(of: batch, given: prior)
        guard missing.isEmpty else { return .missing(missing) }
        var fold = Fold(batch, onto: prior, in: keyspace)
        for index in batch.items.indices { fold.process(index) }
        return fold.finish()
    }

    private init(_ batch: DecodedBatch, onto prior: PriorState, in keyspace: Keyspace) {
        self.batch = batch
        self.prior = prior
        self.keyspace = keyspace
        producers = prior.producers.map { $0 ?? Watermark() }
        batteries = prior.batteries.map { BatteryFold($0 ?? BatteryState()) }
        foldIndexes = Array(repeating: -1, count: prior.experiments.count)
        result.rows = batch.rows
    }

    // MARK: - Processing one entry

    private mutating func process(_ index: Int) {
        let item = batch.items[index]
        if case .rejected(let rejection) = item.content {
            return reject(index, item: item, rejection: batch.rejections[rejection])
        }
        let producer = item.subjects.producer
        if producer >= 0 {
            if let readError = producers[producer].readError { return deadLetter(index, reason: readError) }
            guard accept(seq: item.seq, of: producer, item: index, at: item.time) else { return }
        }
        if let reason = rejectionReason(for: item.subjects) { return deadLetter(index, reason: reason) }
        result.counts.applied += 1
        batteries[item.subjects.battery].touch(at: item.time)
        switch item.content {
        case .row(let epoch, let row):
            guard let objective = batteries[item.subjects.battery].objective else { return }
            let target = touch(item.subjects, objective: objective, at: item.time, isRequeued: false)
            merge(row, at: epoch, into: target, objective: objective)
        case .event(let event): apply(batch.events[event], to: item.subjects, at: item.time)
        case .rejected: break
        }
    }

    /// Adds a dead letter for an entry that cannot be decoded. The sequence number of the entry counts as applied, so
    /// that a resent entry is a duplicate and not a second dead letter.
    private mutating func reject(_ index: Int, item: DecodedBatch.Item, rejection: Rejection) {
        let producer = item.subjects.producer
        if producer >= 0, producers[producer].readError == nil {
            guard accept(seq: item.seq, of: producer, item: index, at: item.time) else { return }
        }
        deadLetter(index, reason: rejection.description)
    }

    /// Marks a producer's sequence number as applied.
    ///
    /// - Returns: false if the number was applied before; the item is then counted as a duplicate.
    private mutating func accept(seq: UInt64, of producer: Int, item index: Int, at time: Int64) -> Bool {
        switch producers[producer].accept(seq, at: time) {
        case .new(skipped: 0): break
        case .new(let skipped): result.counts.addGaps(Int(clamping: skipped))
        case .late: result.counts.addGaps(-1)
        case .duplicate:
            result.counts.duplicates += 1
            result.duplicates.append(index)
            return false
        }
        return true
    }

    private mutating func deadLetter(_ index: Int, reason: String) {
        result.counts.dead += 1
        result.deadLetters.append(FoldResult.DeadLetter(item: index, reason: reason))
    }

    /// Returns the reason why a decoded event cannot be applied; nil if it can.
    private func rejectionReason(for subjects: DecodedBatch.Subjects) -> String? {
        let (battery, experiment) = (subjects.battery, subjects.experiment)
        // An earlier event of the experiment in this batch was applied with the same battery, so both are checked.
        if experiment >= 0, foldIndexes[experiment] >= 0,
            experiments[foldIndexes[experiment]].batteryIndex == battery
        {
            return nil
        }
        if let readError = batteries[battery].prior.readError { return readError }
        guard experiment >= 0 else { return nil }
        let id = batch.batteries[battery]
        guard batteries[battery].objective != nil else {
            return "battery not found: \(id.text) was never declared in this partition"
        }
        if let readError = prior.experiments[experiment]?.readError { return readError }
        let index = foldIndexes[experiment]
        let actual = index < 0 ? prior.experiments[experiment]?.battery : experiments[index].battery
        guard let actual, actual != id else { return nil }
        return "wrong battery: \(id.text), experiment \(batch.experiments[experiment].text) belongs to \(actual.text)"
    }

    private mutating func apply(_ event: Event, to subjects: DecodedBatch.Subjects, at time: Int64) {
        let battery = subjects.battery
        if case .battery(let declaration) = event.body {
            return batteries[battery].declare(declaration, at: time)
        }
        guard subjects.experiment >= 0, let objective = batteries[battery].objective else { return }
        let target = touch(subjects, objective: objective, at: time, isRequeued: event.requeued != nil)
        switch event.body {
        case .battery: break
        case .start(let start): experiments[target.experiment].start(start)
        case .end(let status, let reason): experiments[target.experiment].end(status, reason: reason)
        case .param(let entries): set(entries, prefix: Prefix.param, of: target)
        case .meta(let entries): set(entries, prefix: Prefix.meta, of: target)
        case .epoch(let epoch, let cells): merge(result.rows.add(cells), at: epoch, into: target, objective: objective)
        case .curve(let first, let series):
            for offset in 0..<(series.map(\.numbers.count).max() ?? 0) {
                let cells = series.filter { offset < $0.numbers.count }
                    .map { CurveRow.Cell($0.channel, $0.numbers[offset]) }
                merge(result.rows.add(cells), at: first + offset, into: target, objective: objective)
            }
        case .maxima(let epoch, let cells):
            experiments[target.experiment].setUserMaxima(cells, epoch: epoch)
            for cell in cells { batteries[battery].addColumn(Prefix.max + cell.channel, at: time) }
        }
    }

    /// The experiment and the battery that an event changes. It excludes the objective, which would be retained per
    /// event.
    private struct Target {
        /// An index in ``Fold/experiments``.
        let experiment: Int
        /// An index in ``Fold/batteries``.
        let battery: Int
        /// The time of the event in Unix milliseconds.
        let time: Int64
    }

    /// Records an event of an experiment, of any kind.
    private mutating func touch(
        _ subjects: DecodedBatch.Subjects, objective: BatteryState.Objective, at time: Int64, isRequeued: Bool
    ) -> Target {
        let (subject, battery) = (subjects.experiment, subjects.battery)
        var index = foldIndexes[subject]
        if index < 0 {
            index = experiments.count
            foldIndexes[subject] = index
            experiments.append(
                ExperimentFold(
                    prior.experiments[subject] ?? ExperimentState(), batteryIndex: battery,
                    rows: prior.rows[subject] ?? [:], isComplete: prior.wholeCurves.contains(subject),
                    objective: objective,
                    in: &result.rows))
        }
        if experiments[index].battery == nil {
            batteries[battery].add(batch.experiments[subject], started: time)
        } else if isRequeued {
            batteries[battery].restore(batch.experiments[subject], started: time)
        }
        if isRequeued {
            batteries[battery].forgetColumns()
            experiments[index].isRequeued = true
        }
        experiments[index].touch(in: batch.batteries[battery], at: time)
        return Target(experiment: index, battery: battery, time: time)
    }

    private mutating func set(_ entries: [Event.Entry], prefix: String, of target: Target) {
        for entry in entries {
            let field = prefix + entry.name
            experiments[target.experiment].fields.set(field, to: entry.value)
            batteries[target.battery].addColumn(field, at: target.time)
        }
    }

    private mutating func merge(
        _ row: RowTable.Row, at epoch: Int, into target: Target, objective: BatteryState.Objective
    ) {
        let mayHaveNewChannels = experiments[target.experiment].merge(
            row, at: epoch, objective: objective, in: &result.rows)
        guard mayHaveNewChannels || experiments[target.experiment].isRequeued else { return }
        for channel in experiments[target.experiment].bestChannels(in: result.rows) {
            batteries[target.battery].addColumn(Prefix.max + channel, at: target.time)
        }
    }

    // MARK: - The outcome

    private mutating func finish() -> Outcome {
        var missing = MissingState()
        for (subject, index) in foldIndexes.enumerated() where index >= 0 && experiments[index].needsWholeCurve {
            missing.wholeCurves.insert(subject)
        }
        guard missing.isEmpty else { return .missing(missing) }
        result.posterior.experiments.reserveCapacity(foldIndexes.count)
        for (subject, index) in foldIndexes.enumerated() {
            guard index >= 0 else {
                result.posterior.experiments.append(prior.experiments[subject] ?? ExperimentState())
                continue
            }
            // Accessed in place, because a copy of an experiment would retain all its arrays.
            let battery = experiments[index].batteryIndex
            result.posterior.experiments.append(experiments[index].posterior(in: result.rows))
            experiments[index].addChanges(
                of: batch.experiments[subject], in: keyspace, to: &result.changes,
                rankings: &batteries[battery].rankings, table: result.rows)
        }
        for (index, battery) in batteries.enumerated() {
            result.changes += battery.changes(of: batch.batteries[index], in: keyspace)
            result.posterior.batteries.append(battery.posterior)
        }
        for (index, producer) in producers.enumerated() where producer != prior.producers[index] {
            result.changes += producer.changes(
                of: batch.producers[index], since: prior.producers[index] ?? Watermark(), in: keyspace)
        }
        result.posterior.producers = producers
        result.changes += result.counts.changes(in: keyspace)
        return .folded(result)
    }
}
