import HyperoSchema

/// The state of one experiment while a batch is folded: the prior state and the changes by the batch.
struct ExperimentFold {
    let prior: ExperimentState
    /// The rows before the batch that were read, by epoch.
    private let priorRows: [Int: CurveRow]
    /// False if the rows before the batch must be loaded before the first event is applied.
    private(set) var mayDeferRows = false
    /// True if the rows before the batch that are known are in the curve. Until then, ``best`` is the one before the batch.
    private(set) var areRowsLoaded = false
    /// The maxima before the batch; without cells if there were none. Known once the rows are loaded.
    private(set) var priorMaxima = MaximaRow(base: nil, stated: nil)
    /// The index of the experiment's battery in the batch.
    let batteryIndex: Int
    private(set) var battery: BatteryID?
    private(set) var updated: Int64
    private(set) var nonfinite: Int
    /// The time of the first event in Unix milliseconds; nil if the experiment existed before the batch.
    private(set) var started: Int64?
    private(set) var lifecycle: Lifecycle
    var fields = FieldChanges()

    private(set) var curve: CurveFold
    /// The number of channels of the widest row that is loaded.
    private(set) var widestRow = 0
    /// The best epoch of the curve; nil without a finite objective.
    private(set) var best: CurveObjectives.Entry?
    /// True if the whole curve must be read before the maxima can change.
    private var isBestUnknown = false
    /// The maxima that the user stated; nil for none.
    private(set) var stated: StatedMaxima?
    /// True if the batch has stated maxima.
    private(set) var hasStated = false
    /// True if the batch applies a requeued dead letter, or the battery's list lacks the experiment. All maxima are then written
    /// again, because some may be missing from the hash or the rankings.
    var isRequeued = false
    /// True if an event of the experiment was applied.
    private(set) var isTouched = false
    /// The objectives of the whole curve; nil until they are known, which needs the best row to get worse.
    private(set) var objectives: CurveObjectives?
    /// True if the whole curve must be read before the batch can be folded.
    private(set) var needsWholeCurve = false
    /// The epochs whose rows must be read before the batch can be folded, because they became the best.
    private(set) var unreadRows: Set<Int> = []
    /// The record of the rows that were removed from the curve; nil if it is whole.
    private(set) var thinned: ThinnedCurve?
    /// The verdict of the search's stopping rule, if it has stopped the trial.
    private(set) var stop: String?
    /// All epochs of the curve before the batch, ascending; nil unless they were read.
    private let priorEpochs: [Int]?
    /// True if the maxima may follow another objective than the battery's: the experiment is older than the declaration of its
    /// battery, for example because another client has removed the battery's hash, and it was declared again.
    let followsOldObjective: Bool

    /// - Parameters:
    ///   - batteryIndex: the index of the experiment's battery in the batch.
    ///   - rows: the rows that were read, by epoch.
    ///   - objectives: the objectives of the whole curve before the batch; nil if they are not known.
    ///   - epochs: all epochs of the curve before the batch, ascending; nil if they are not known.
    ///   - declared: the time of the battery's first declaration in Unix milliseconds.
    init(
        _ prior: ExperimentState, batteryIndex: Int, rows: [Int: CurveRow], objectives: CurveObjectives?,
        epochs: [Int]?, objective: BatteryState.Objective, declared: Int64
    ) {
        self.batteryIndex = batteryIndex
        self.prior = prior
        battery = prior.battery
        updated = prior.updated
        nonfinite = prior.nonfinite
        lifecycle = Lifecycle(prior)
        stated = prior.stated.map { StatedMaxima($0) }
        thinned = prior.thinned
        stop = prior.stop
        self.objectives = objectives?.objective == objective ? objectives : nil
        priorEpochs = epochs
        priorRows = rows
        curve = CurveFold(highestEpoch: prior.highestEpoch)
        if case .row = prior.best, let started = prior.started, started < declared {
            followsOldObjective = true
        } else {
            followsOldObjective = false
        }
        guard case .row(let epoch, let row?) = prior.best, rows.isEmpty, stated == nil, prior.isListed,
            !followsOldObjective, thinned == nil
        else { return }
        mayDeferRows = true
        let number = row.number(of: objective.channel)
        best = number.flatMap { $0.isFinite ? CurveObjectives.Entry(epoch: epoch, value: $0.value) : nil }
        widestRow = max(row.numbers.count, prior.lastRow?.row.numbers.count ?? 0)
    }

    /// Adds the rows that were read and the rows kept from earlier batches to the curve, unless they are in it.
    ///
    /// A row of a new epoch that is not the best needs none of them, and nearly all rows are such.
    mutating func loadRows(objective: BatteryState.Objective, in table: inout RowTable) {
        guard !areRowsLoaded else { return }
        areRowsLoaded = true
        WorkCounter.count(priorRows.count)
        var found = priorRows.map { (epoch: $0, row: table.add($1.cells)) }
        if case .row(let epoch, let kept?) = prior.best, priorRows[epoch] == nil, epoch != prior.lastRow?.epoch {
            found.append((epoch, table.add(kept)))
        }
        if let last = prior.lastRow, priorRows[last.epoch] == nil { found.append((last.epoch, table.add(last.row))) }
        if found.count > 1 { found.sort { $0.epoch < $1.epoch } }
        curve.addPrior(found)
        widestRow = found.reduce(widestRow) { max($0, table.count(of: $1.row)) }
        if followsOldObjective, case .row(let epoch, _) = prior.best {
            best = objectives?.best
            isBestUnknown = objectives == nil
            priorMaxima = MaximaRow(base: curve.row(at: epoch).map { (epoch, $0) }, stated: stated)
            return
        }
        switch prior.best {
        case .none: best = nil
        case .row(let epoch, _): best = Self.entry(at: epoch, of: curve, objective: objective, in: table)
        case .unknown:
            best = objectives?.best
            isBestUnknown = objectives == nil
        }
        priorMaxima = MaximaRow(base: Self.base(of: curve, best: best, stated: stated), stated: stated)
    }

    /// Records an event of any kind.
    ///
    /// - Parameter seen: the time at which the process was known to live, in Unix milliseconds.
    mutating func touch(in battery: BatteryID, at seen: Int64) {
        if self.battery == nil {
            self.battery = battery
            started = seen
        }
        updated = max(updated, seen)
        isTouched = true
    }

    /// Writes all maxima again, because the battery's list lacks the experiment.
    mutating func restore() {
        isRequeued = true
        requireBest()
    }

    /// Searches the maxima in the whole curve, because they may follow another objective.
    mutating func searchMaxima() {
        if case .row(let epoch, _) = prior.best, curve.row(at: epoch) == nil { unreadRows.insert(epoch) }
        requireBest()
    }

    /// The row of the highest epoch; nil if it is not loaded.
    var lastRow: RowTable.Row? { curve.highestEpoch.flatMap { curve.row(at: $0) } }

    /// Records the start of the experiment.
    ///
    /// - Parameter isLatest: the finding of a trial's search; nil without one (``Lifecycle``).
    /// - Returns: true if the maxima may have changed, because rows were withdrawn.
    mutating func start(
        _ start: Event.Start, of id: ExperimentID, at time: Int64, by producer: ProducerID?, isLatest: Bool?,
        objective: BatteryState.Objective, in table: RowTable
    ) -> Bool {
        guard lifecycle.start(start, of: id, at: time, by: producer, isLatest: isLatest, fields: &fields),
            let from = start.from
        else { return false }
        return withdraw(from: from, objective: objective, in: table)
    }

    /// Records the end of the experiment.
    ///
    /// - Parameter isAccepted: true if the search of a trial has found that the process may end it.
    mutating func end(
        _ status: ExperimentStatus, of id: ExperimentID, attempt: Int?, reason: String?, at time: Int64,
        by producer: ProducerID?, isAccepted: Bool
    ) {
        lifecycle.end(
            status, of: id, attempt: attempt, reason: reason, at: time, by: producer, isAccepted: isAccepted,
            fields: &fields)
    }

    /// Records the verdict of the search's stopping rule.
    mutating func stop(because reason: String) {
        stop = reason
        fields.set(ExperimentField.stop, to: reason)
    }

    /// Asks for the rows of the maxima that were not read yet.
    mutating func requireMaxima() {
        if case .row(let epoch, _) = prior.best, curve.row(at: epoch) == nil, !curve.isChanged {
            unreadRows.insert(epoch)
        }
        if let epoch = stated?.epoch, let highest = prior.highestEpoch, epoch <= highest, curve.row(at: epoch) == nil {
            unreadRows.insert(epoch)
        }
        requireBest()
    }

    /// Sets maxima stated by the user, which replace those of the curve channel by channel.
    ///
    /// - Returns: true if the other channels have the values of another epoch now.
    mutating func state(_ cells: [CurveRow.Cell], epoch: Int?) -> Bool {
        requireBest()
        let oldBase = baseEpoch
        hasStated = true
        if stated == nil { stated = StatedMaxima() }
        stated?.set(cells, epoch: epoch)
        for cell in cells where !cell.number.isFinite { nonfinite += 1 }
        return baseEpoch != oldBase
    }

    /// Returns the number of channels with stated maxima after some would be stated.
    func statedCount(afterStating cells: [CurveRow.Cell]) -> Int {
        (stated?.count ?? 0) + cells.count { stated?.contains($0.channel) != true }
    }

    /// The channels that the maxima may have gained.
    enum NewChannels {
        case none
        /// The channels of the row that was merged.
        case merged
        /// All channels of the row of the maxima, which is another one now.
        case all
    }

    /// Merges a row, or a part of a row, into the curve and updates the best epoch.
    mutating func merge(
        _ row: RowTable.Row, at epoch: Int, objective: BatteryState.Objective, in table: inout RowTable
    ) -> NewChannels {
        WorkCounter.count(table.count(of: row))
        for number in table.numbers(of: row) where !number.isFinite { nonfinite += 1 }
        if !areRowsLoaded {
            let new = Self.entry(at: epoch, row: row, objective: objective, in: table)
            if let best, epoch > curve.highestEpoch ?? -1, new.map({ !objective.isBetter($0, than: best) }) ?? true {
                curve.append(row, at: epoch)
                widestRow = max(widestRow, table.count(of: row))
                objectives?.set(new?.value, at: epoch)
                return .none
            }
            loadRows(objective: objective, in: &table)
        }
        requireBest()
        let oldBase = baseEpoch
        let shapeBefore = curve.merge(row, at: epoch, in: &table)
        let merged = shapeBefore == RowTable.empty.shape ? row : curve.row(at: epoch) ?? row
        widestRow = max(widestRow, table.count(of: merged))
        updateBest(afterChangeAt: epoch, objective: objective, in: table)
        guard let base = baseEpoch else { return .none }
        guard let oldBase else { return .all }
        let shape = curve.row(at: base)?.shape
        if base == oldBase {
            // The channels of a shape that is no index grow.
            let isUnchanged = epoch != base || shape == shapeBefore && shapeBefore >= 0
            return isUnchanged ? .none : .merged
        }
        let oldShape = oldBase == epoch ? shapeBefore : curve.row(at: oldBase)?.shape
        return shape == oldShape ? .none : .all
    }

    /// Returns whether rows or maxima of an epoch are of a process whose rows a later one has withdrawn.
    ///
    /// - Parameters:
    ///   - id: the experiment. Like the producer, it is looked up only if the experiment was resumed, because few are.
    func isWithdrawn(
        epoch: Int, of id: @autoclosure () -> ExperimentID, at time: Int64,
        by producer: @autoclosure () -> ProducerID?
    ) -> Bool {
        guard !lifecycle.resumptions.entries.isEmpty else { return false }
        return lifecycle.resumptions.withdraws(epoch: epoch, at: time, by: producer(), of: id())
    }

    /// Returns the number of channels of an epoch's row after a merge with a row; 0 if the row adds no channel.
    func channelCount(afterMerging row: RowTable.Row, at epoch: Int, in table: RowTable) -> Int {
        let count = table.count(of: row)
        guard let prior = curve.row(at: epoch), prior.shape != -1 else { return count }
        WorkCounter.count(count)
        let newCount = table.channels(of: row).count { table.number(of: $0, in: prior) == nil }
        return newCount == 0 ? 0 : table.count(of: prior) + newCount
    }

    /// The maxima after the events so far.
    var maxima: MaximaRow {
        MaximaRow(base: Self.base(of: curve, best: best, stated: stated), stated: stated)
    }
}

extension ExperimentFold {
    /// The epoch of the row that holds the maxima of the channels that the user did not state: the epoch that the user
    /// stated if it has a row, else the best one.
    private var baseEpoch: Int? { Self.baseEpoch(of: curve, best: best, stated: stated) }

    private static func baseEpoch(of curve: CurveFold, best: CurveObjectives.Entry?, stated: StatedMaxima?) -> Int? {
        if let epoch = stated?.epoch, let row = curve.row(at: epoch), row != RowTable.empty { return epoch }
        return best?.epoch
    }

    private static func base(
        of curve: CurveFold, best: CurveObjectives.Entry?, stated: StatedMaxima?
    ) -> (epoch: Int, row: RowTable.Row)? {
        baseEpoch(of: curve, best: best, stated: stated).flatMap { epoch in
            curve.row(at: epoch).map { (epoch, $0) }
        }
    }

    private mutating func updateBest(afterChangeAt epoch: Int, objective: BatteryState.Objective, in table: RowTable) {
        let changed = Self.entry(at: epoch, of: curve, objective: objective, in: table)
        objectives?.set(changed?.value, at: epoch)
        guard let best else {
            best = changed
            return
        }
        if let changed, changed == best || objective.isBetter(changed, than: best) {
            self.best = changed
        } else if epoch == best.epoch {
            searchBest(objective: objective, in: table)
        }
    }

    /// Searches the whole curve for the best epoch, after the best row got worse.
    private mutating func searchBest(objective: BatteryState.Objective, in table: RowTable) {
        guard prior.highestEpoch == nil || objectives != nil else {
            needsWholeCurve = true
            return
        }
        let known = objectives ?? newObjectives(objective, in: table)
        objectives = known
        best = known.best
        requireRowOfBest()
    }

    /// Asks for the best epoch before the batch, with its row.
    private mutating func requireBest() {
        let isUnknown = if case .unknown = prior.best { true } else { false }
        guard isUnknown || followsOldObjective else { return }
        if isBestUnknown { needsWholeCurve = true } else { requireRowOfBest() }
    }

    /// Asks for the row of the best epoch. Its channels are needed, even if a later event makes another epoch the best.
    private mutating func requireRowOfBest() {
        if let best, curve.row(at: best.epoch) == nil { unreadRows.insert(best.epoch) }
    }

    /// Removes the rows of an epoch and all later ones.
    ///
    /// - Returns: true if there were any.
    private mutating func withdraw(from epoch: Int, objective: BatteryState.Objective, in table: RowTable) -> Bool {
        var mayChangeMaxima = false
        if let statedEpoch = stated?.epoch, statedEpoch >= epoch {
            requireBest()
            (stated, hasStated, mayChangeMaxima) = (nil, true, true)
        }
        guard let highest = curve.highestEpoch, highest >= epoch else { return mayChangeMaxima }
        let hasPriorRows = prior.highestEpoch.map { $0 >= epoch } ?? false
        guard !hasPriorRows || priorEpochs != nil else {
            needsWholeCurve = true
            return false
        }
        objectives = objectives ?? (prior.highestEpoch == nil ? newObjectives(objective, in: table) : nil)
        requireBest()
        objectives?.removeAll(from: epoch)
        curve.withdraw(from: epoch, priorEpochs: hasPriorRows ? priorEpochs : nil)
        if let best, best.epoch >= epoch { searchBest(objective: objective, in: table) }
        // The rows that follow are of the process that resumes, and complete.
        if let thinned, thinned.through >= epoch {
            self.thinned?.through = epoch - 1
            if epoch == 0 { self.thinned = nil }
        }
        return true
    }

    /// Returns the objectives of a curve that the batch began, so that all its rows are loaded.
    private func newObjectives(_ objective: BatteryState.Objective, in table: RowTable) -> CurveObjectives {
        CurveObjectives(
            of: objective,
            curve.rows.compactMap { Self.entry(at: $0.epoch, row: $0.row, objective: objective, in: table) })
    }

    /// Returns an epoch with its objective; nil if the objective is absent or not finite, or the row is not loaded.
    private static func entry(
        at epoch: Int, of curve: CurveFold, objective: BatteryState.Objective, in table: RowTable
    ) -> CurveObjectives.Entry? {
        guard let row = curve.row(at: epoch) else { return nil }
        return entry(at: epoch, row: row, objective: objective, in: table)
    }

    static func entry(
        at epoch: Int, row: RowTable.Row, objective: BatteryState.Objective, in table: RowTable
    ) -> CurveObjectives.Entry? {
        guard let number = table.number(of: objective.channel, in: row), number.isFinite else { return nil }
        return CurveObjectives.Entry(epoch: epoch, value: number.value)
    }
}
