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
    /// The number of dead letters of each producer.
    private var deadCounts: [Int]
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
        deadCounts = Array(repeating: 0, count: producers.count)
        batteries = prior.batteries.map { BatteryFold($0 ?? BatteryState()) }
        foldIndexes = Array(repeating: -1, count: prior.experiments.count)
        result.rows = batch.rows
    }

    // MARK: - Processing one entry

    private mutating func process(_ index: Int) {
        WorkCounter.count(1)
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
        let gaps = producers[producer].gaps
        guard producers[producer].accept(seq, at: time) != .duplicate else {
            result.counts.duplicates += 1
            result.duplicates.append(index)
            return false
        }
        result.counts.addGaps(producers[producer].gaps - gaps)
        return true
    }

    private mutating func deadLetter(_ index: Int, reason: String) {
        result.counts.dead += 1
        let producer = batch.items[index].subjects.producer
        if producer >= 0, producers[producer].readError == nil { deadCounts[producer] += 1 }
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
            return Self.undeclared(id)
        }
        if let readError = prior.experiments[experiment]?.readError { return readError }
        let index = foldIndexes[experiment]
        let actual = index < 0 ? prior.experiments[experiment]?.battery : experiments[index].battery
        guard let actual, actual != id else { return nil }
        return Self.wrongBattery(id, of: batch.experiments[experiment], in: actual.text)
    }

    /// The reason of a dead letter whose battery was not declared.
    static func undeclared(_ battery: BatteryID) -> String {
        "battery not found: \(battery.text) was never declared in this partition"
    }

    /// The reason of a dead letter whose experiment belongs to another battery.
    static func wrongBattery(_ battery: BatteryID, of experiment: ExperimentID, in actual: String) -> String {
        "wrong battery: \(battery.text), experiment \(experiment.text) belongs to \(actual)"
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
        case .start(let start): experiments[target.experiment].start(start, isLatest: target.isLatest)
        case .end(let status, let reason): experiments[target.experiment].end(status, reason: reason)
        case .param(let entries): set(entries, prefix: Prefix.param, of: target)
        case .meta(let entries): set(entries, prefix: Prefix.meta, of: target)
        case .epoch(let epoch, let cells): merge(result.rows.add(cells), at: epoch, into: target, objective: objective)
        case .curve(let first, let series):
            Self.forEachRow(of: series) { offset, cells in
                merge(result.rows.add(cells), at: first + offset, into: target, objective: objective)
            }
        case .maxima(let epoch, let cells):
            experiments[target.experiment].setUserMaxima(cells, epoch: epoch)
            for cell in cells { batteries[battery].addColumn(Prefix.max + cell.channel, at: time) }
        }
    }

    /// Calls a function with the cells of each epoch of a `curve` event. Its cost is the count of the numbers, even if one
    /// of a thousand channels is much longer than the others.
    private static func forEachRow(
        of series: [Event.Series], _ body: (_ offset: Int, _ cells: [CurveRow.Cell]) -> Void
    ) {
        var remaining = series
        var offset = 0
        while !remaining.isEmpty {
            let end = remaining.map(\.numbers.count).min() ?? 0
            while offset < end {
                WorkCounter.count(remaining.count)
                body(offset, remaining.map { CurveRow.Cell($0.channel, $0.numbers[offset]) })
                offset += 1
            }
            WorkCounter.count(remaining.count)
            remaining.removeAll { $0.numbers.count <= offset }
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
        /// True if the event is later than all events of the experiment before it.
        let isLatest: Bool
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
                    rows: prior.rows[subject] ?? [:], objectives: prior.objectives[subject], objective: objective,
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
        let isLatest = experiments[index].touch(in: batch.batteries[battery], at: time)
        return Target(experiment: index, battery: battery, time: time, isLatest: isLatest)
    }

    private mutating func set(_ entries: [Event.Entry], prefix: String, of target: Target) {
        for entry in entries {
            WorkCounter.count(1)
            let field = prefix + entry.name
            experiments[target.experiment].fields.set(field, to: entry.value)
            batteries[target.battery].addColumn(field, at: target.time)
        }
    }

    private mutating func merge(
        _ row: RowTable.Row, at epoch: Int, into target: Target, objective: BatteryState.Objective
    ) {
        let new = experiments[target.experiment].merge(row, at: epoch, objective: objective, in: &result.rows)
        let channels: [String]
        switch (new, experiments[target.experiment].isRequeued) {
        case (.none, false): return
        case (.merged, false): channels = result.rows.channels(of: row)
        case (.all, _), (_, true): channels = experiments[target.experiment].bestChannels(in: result.rows)
        }
        WorkCounter.count(channels.count)
        for channel in channels { batteries[target.battery].addColumn(Prefix.max + channel, at: target.time) }
    }

    // MARK: - The outcome

    private mutating func finish() -> Outcome {
        var missing = MissingState()
        for (subject, index) in foldIndexes.enumerated() where index >= 0 {
            if experiments[index].needsWholeCurve {
                missing.wholeCurves[subject] = batteries[experiments[index].batteryIndex].objective
            }
            if !experiments[index].unreadRows.isEmpty { missing.rows[subject] = experiments[index].unreadRows }
        }
        guard missing.isEmpty else { return .missing(missing) }
        result.posterior.experiments.reserveCapacity(foldIndexes.count)
        result.posterior.objectives = prior.objectives
        for (subject, index) in foldIndexes.enumerated() {
            guard index >= 0 else {
                result.posterior.experiments.append(prior.experiments[subject] ?? ExperimentState())
                continue
            }
            // Accessed in place, because a copy of an experiment would retain all its arrays.
            let battery = experiments[index].batteryIndex
            result.posterior.experiments.append(experiments[index].posterior(in: result.rows))
            if experiments[index].objectives != nil || !prior.objectives.isEmpty {
                result.posterior.objectives[subject] = experiments[index].posteriorObjectives
            }
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
                of: batch.producers[index], since: prior.producers[index] ?? Watermark(), dead: deadCounts[index],
                in: keyspace)
        }
        result.posterior.producers = producers
        result.changes += result.counts.changes(in: keyspace)
        return .folded(result)
    }
}
