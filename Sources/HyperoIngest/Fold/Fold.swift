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

    let batch: DecodedBatch
    let prior: PriorState
    let keyspace: Keyspace
    var result = FoldResult()
    var producers: [Watermark]
    /// The number of dead letters of each producer.
    private var deadCounts: [Int]
    /// The number of dropped events of deleted subjects of each producer.
    var deletedCounts: [Int]
    var batteries: [BatteryFold]
    /// The experiments with an applied event, in the order of their first one.
    var experiments: [ExperimentFold] = []
    /// Indexes in `experiments`, by the experiment's index in the batch; -1 before its first applied event.
    var foldIndexes: [Int]
    /// True if the partition has tombstones. Without one, they cost an event nothing.
    let hasTombstones: Bool
    /// True if rows were removed from the curve of an experiment of the batch.
    let hasThinned: Bool
    /// The times at which batteries were deleted in Unix milliseconds, by index in the batch; nil for the others. Empty
    /// without tombstones.
    var deletedBatteries: [Int64?] = []
    /// The times at which experiments were deleted, like ``deletedBatteries``.
    var deletedExperiments: [Int64?] = []
    /// The experiments of which this batch has dropped an event because of a battery, with the time of the battery's deletion.
    var withheld: [DecodedBatch.Naming: Int64] = [:]
    /// True if the batch names searches, or experiments that may be trials. Otherwise searches cost an event nothing.
    let hasSearches: Bool
    var searches: [SearchFold]
    /// The changes of grants and of reasons to stop in the hashes of producers.
    var grants: [ProducerID: FieldChanges] = [:]
    /// The time of the sign of life of the current entry's producer before the entry, in Unix milliseconds; 0 for none.
    private(set) var lastSign: Int64 = 0
    /// The subjects without which a claim cannot be applied.
    var furtherSubjects = FurtherSubjects()
    /// The rungs of the searches of which a trial has a row in the batch, by search index.
    var rungs: [Int: Rungs] = [:]
    /// The trials whose scores have changed, per rung, by search index.
    var touchedRungs: [Int: [Set<Int>]] = [:]
    /// The searches whose rungs must be read, by index.
    var unreadRungs: [Int: Rungs] = [:]
    /// The experiments whose hyper-parameters must be read.
    var unreadParameters: Set<Int> = []

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
        deletedCounts = deadCounts
        batteries = prior.batteries.map { BatteryFold($0 ?? BatteryState()) }
        foldIndexes = Array(repeating: -1, count: prior.experiments.count)
        experiments.reserveCapacity(prior.experiments.count)
        hasSearches = !batch.searches.isEmpty
        searches = batch.searches.indices.map { SearchFold(prior.search($0) ?? SearchState()) }
        result.rows = batch.rows
        hasThinned = prior.experiments.contains { $0?.isThinned == true }
        hasTombstones = !prior.tombstones.isEmpty
        guard hasTombstones else { return }
        // A battery and an experiment may have the same id, and only one of them was deleted: what exists was not.
        deletedBatteries = zip(batch.batteries, prior.batteries).map { id, state in
            state?.objective == nil ? prior.tombstones.time(of: id) : nil
        }
        deletedExperiments = zip(batch.experiments, prior.experiments).map { id, state in
            state?.battery == nil ? prior.tombstones.time(of: id) : nil
        }
    }

    // MARK: - Processing one entry

    private mutating func process(_ index: Int) {
        WorkCounter.count(1)
        let item = batch.items[index]
        if case .rejected(let rejection) = item.content {
            return reject(index, item: item, rejection: batch.rejections[rejection])
        }
        let producer = item.subjects.producer
        if case .alive = item.content {
            if let readError = producers[producer].readError { return deadLetter(index, reason: readError) }
            // Sent when it is made: the time of Redis tells more than the clock of a host.
            producers[producer].touch(at: item.added < Limits.earliestTime ? item.time : item.added)
            result.counts.applied += 1
            return
        }
        lastSign = 0
        if producer >= 0 {
            if let readError = producers[producer].readError { return deadLetter(index, reason: readError) }
            lastSign = producers[producer].time
            guard accept(seq: item.seq, of: producer, item: index, at: item.seen) else { return }
        }
        if hasTombstones, drop(item, at: index) { return }
        if item.time < batteries[item.subjects.battery].deleted, isGhost(item) { return skip(index) }
        var reason = rejectionReason(for: item.subjects) ?? widthViolation(of: item) ?? thinningViolation(of: item)
        if hasSearches, reason == nil { reason = searchViolation(of: item) }
        if let reason { return deadLetter(index, reason: reason) }
        result.counts.applied += 1
        batteries[item.subjects.battery].touch(at: item.seen)
        if hasSearches { renew(item) }
        switch item.content {
        case .row(let epoch, let row):
            guard let objective = batteries[item.subjects.battery].objective else { return }
            let target = touch(item, objective: objective, isRequeued: false)
            merge(row, at: epoch, into: target, objective: objective)
        case .event(let event): apply(batch.events[event], of: item)
        case .rejected, .alive: break
        }
    }

    /// Adds a dead letter for an entry that cannot be decoded. The sequence number of the entry counts as applied, so
    /// that a resent entry is a duplicate and not a second dead letter.
    private mutating func reject(_ index: Int, item: DecodedBatch.Item, rejection: Rejection) {
        let producer = item.subjects.producer
        if producer >= 0, producers[producer].readError == nil {
            guard accept(seq: item.seq, of: producer, item: index, at: item.seen) else { return }
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
            result.skipped.append(index)
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

    private mutating func apply(_ event: Event, of item: DecodedBatch.Item) {
        let (subjects, time, battery) = (item.subjects, item.time, item.subjects.battery)
        if case .battery(let declaration) = event.body {
            // The time that experiments have as their start: the two are compared.
            return batteries[battery].declare(declaration, at: item.seen)
        }
        if event.body.search != nil { return applySearch(event, of: item) }
        guard subjects.experiment >= 0, let objective = batteries[battery].objective else { return }
        let target = touch(item, objective: objective, isRequeued: event.requeued != nil)
        experiments[target.experiment].loadRows(objective: objective, in: &result.rows)
        switch event.body {
        case .battery, .search, .claim, .enqueue: break
        case .start(let start):
            let verdict = startTrial(start, of: item)
            let mayChangeMaxima = experiments[target.experiment].start(
                start, of: id(of: target), at: time, by: producer(of: target),
                isLatest: verdict == .ordinary ? nil : verdict == .accepted, objective: objective, in: result.rows)
            if mayChangeMaxima { addMaximaColumns(of: target) }
        case .end(let status, let reason, let attempt):
            let verdict = endTrial(status, attempt: attempt, of: item, fold: target.experiment)
            guard verdict != .refused else { return }
            experiments[target.experiment].end(
                status, of: id(of: target), attempt: attempt, reason: reason, at: time, by: producer(of: target),
                isAccepted: verdict == .accepted)
        case .param(let entries, let spaces):
            let (entries, spaces) = hasSearches ? current(entries, spaces, of: item, in: target) : (entries, spaces)
            set(entries, prefix: Prefix.param, of: target)
            for space in spaces { batteries[battery].setSpace(space) }
            if hasSearches, !spaces.isEmpty { set(spaces, of: item, fold: target.experiment) }
        case .meta(let entries): set(entries, prefix: Prefix.meta, of: target)
        case .epoch(let epoch, let cells): merge(result.rows.add(cells), at: epoch, into: target, objective: objective)
        case .curve(let first, let series):
            series.forEachRow { offset, cells in
                merge(result.rows.add(cells), at: first + offset, into: target, objective: objective)
            }
        case .maxima(let epoch, let cells): state(cells, epoch: epoch, of: target)
        case .alive: break
        }
    }

    /// The experiment and the battery that an event changes. It excludes the objective, which would be retained per
    /// event.
    struct Target {
        /// An index in ``Fold/experiments``.
        let experiment: Int
        /// An index in ``DecodedBatch/experiments``.
        let subject: Int
        /// An index in ``Fold/batteries``.
        let battery: Int
        /// An index in ``DecodedBatch/producers``; -1 for none.
        let producer: Int
        /// The time of the event in Unix milliseconds.
        let time: Int64
    }

    func id(of target: Target) -> ExperimentID { batch.experiments[target.subject] }

    func producer(of target: Target) -> ProducerID? {
        target.producer < 0 ? nil : batch.producers[target.producer]
    }

    /// Returns the index in ``Fold/experiments`` of an experiment, whose fold begins if it has none.
    mutating func foldIndex(
        of subjects: DecodedBatch.Subjects, objective: BatteryState.Objective
    ) -> Int {
        let subject = subjects.experiment
        guard foldIndexes[subject] < 0 else { return foldIndexes[subject] }
        foldIndexes[subject] = experiments.count
        let state = prior.experiments[subject] ?? ExperimentState()
        experiments.append(
            ExperimentFold(
                state, batteryIndex: subjects.battery, rows: prior.rows[subject] ?? [:],
                objectives: prior.objectives[subject], epochs: prior.epochs[subject], objective: objective,
                declared: batteries[subjects.battery].created))
        let index = experiments.count - 1
        if !experiments[index].mayDeferRows { experiments[index].loadRows(objective: objective, in: &result.rows) }
        return index
    }

    /// Records an event of an experiment, of any kind.
    private mutating func touch(
        _ item: DecodedBatch.Item, objective: BatteryState.Objective, isRequeued: Bool
    ) -> Target {
        let (subject, battery, time) = (item.subjects.experiment, item.subjects.battery, item.time)
        let index = foldIndex(of: item.subjects, objective: objective)
        if experiments[index].battery == nil {
            batteries[battery].add(batch.experiments[subject], started: item.seen)
        } else if !experiments[index].prior.isListed, !experiments[index].isTouched {
            restore(index, subject: subject, at: time)
        } else if isRequeued {
            batteries[battery].restore(batch.experiments[subject], started: item.seen)
        }
        if experiments[index].followsOldObjective, !experiments[index].isTouched { searchMaxima(of: index, at: time) }
        if isRequeued {
            batteries[battery].forgetColumns()
            experiments[index].isRequeued = true
        }
        experiments[index].touch(in: batch.batteries[battery], at: item.seen)
        return Target(
            experiment: index, subject: subject, battery: battery, producer: item.subjects.producer, time: time)
    }

    /// Restores an experiment to the indexes of its battery.
    private mutating func restore(_ index: Int, subject: Int, at time: Int64) {
        let battery = experiments[index].batteryIndex
        let found = prior.unlisted[subject]
        batteries[battery].restore(batch.experiments[subject], started: found?.started ?? time)
        for column in found?.columns ?? [] { batteries[battery].addColumn(column, at: time) }
        if let row = experiments[index].lastRow {
            for channel in result.rows.channels(of: row) {
                batteries[battery].addColumn(Prefix.curve + channel, at: time)
            }
        }
        experiments[index].restore()
    }

    /// Searches the maxima of an experiment again.
    private mutating func searchMaxima(of index: Int, at time: Int64) {
        experiments[index].searchMaxima()
        for channel in experiments[index].maxima.channels(in: result.rows) {
            batteries[experiments[index].batteryIndex].addColumn(Prefix.max + channel, at: time)
        }
    }

    private mutating func set(_ entries: [Event.Entry], prefix: String, of target: Target) {
        for entry in entries {
            WorkCounter.count(1)
            let field = prefix + entry.name
            experiments[target.experiment].fields.set(field, to: entry.value)
            batteries[target.battery].addColumn(field, at: target.time)
        }
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
        missing.subjects = furtherSubjects
        missing.parameters = unreadParameters.sorted()
        missing.rungs = unreadRungs
        guard missing.isEmpty else { return .missing(missing) }
        result.posterior.experiments.reserveCapacity(foldIndexes.count)
        result.changes.reserveCapacity(experiments: experiments.count)
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
                result.posterior.objectives[subject] = experiments[index].objectives
            }
            experiments[index].addChanges(
                of: batch.experiments[subject], in: keyspace, to: &result.changes,
                rankings: &batteries[battery].rankings, table: result.rows)
        }
        for (index, battery) in batteries.enumerated() {
            result.changes.append(contentsOf: battery.changes(of: batch.batteries[index], in: keyspace))
            result.posterior.batteries.append(battery.posterior)
        }
        for index in producers.indices where producers[index] != prior.producers[index] {
            producers[index].addChanges(
                of: batch.producers[index], since: prior.producers[index] ?? Watermark(), dead: deadCounts[index],
                deleted: deletedCounts[index], in: keyspace, to: &result.changes)
        }
        result.posterior.producers = producers
        if hasSearches { addSearchChanges() }
        addTombstones()
        result.changes.append(contentsOf: result.counts.changes(in: keyspace))
        return .folded(result)
    }
}
