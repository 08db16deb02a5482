import HyperoSchema

/// The state of one experiment while a batch is folded: the prior state and the changes by the batch.
struct ExperimentFold {
    let prior: ExperimentState
    /// The row of the maxima before the batch; empty unless the maxima came from the curve.
    let priorMaxima: RowTable.Row
    /// The index of the experiment's battery in the batch.
    let batteryIndex: Int
    private(set) var battery: BatteryID?
    private(set) var updated: Int64
    private(set) var nonfinite: Int
    /// The time of the first event in Unix milliseconds; nil if the experiment existed before the batch.
    private(set) var started: Int64?
    var fields = FieldChanges()

    private(set) var curve: CurveFold
    /// The best epoch of the curve; nil without a finite objective. Not maintained if the maxima are the user's.
    private(set) var best: CurveObjectives.Entry?
    /// The maxima that the user stated in this batch; nil unless the maxima are the user's.
    private(set) var userMaxima: UserMaxima?
    private(set) var userMaximaEpoch: Int?
    /// True if the batch applies a requeued dead letter. All maxima are then written again, because some may be missing
    /// from the hash or the rankings.
    var isRequeued = false
    /// The objectives of the whole curve; nil until they are known, which needs the best row to get worse.
    private(set) var objectives: CurveObjectives?
    /// True if the objectives of the whole curve must be read before the batch can be folded.
    private(set) var needsWholeCurve = false
    /// The epochs whose rows must be read before the batch can be folded, because they became the best.
    private(set) var unreadRows: Set<Int> = []

    /// - Parameters:
    ///   - batteryIndex: the index of the experiment's battery in the batch.
    ///   - rows: the rows that were read, by epoch.
    ///   - objectives: the objectives of the whole curve before the batch; nil if they are not known.
    ///   - table: the table to which the prior rows are added.
    init(
        _ prior: ExperimentState, batteryIndex: Int, rows: [Int: CurveRow], objectives: CurveObjectives?,
        objective: BatteryState.Objective, in table: inout RowTable
    ) {
        self.batteryIndex = batteryIndex
        self.prior = prior
        battery = prior.battery
        updated = prior.updated
        nonfinite = prior.nonfinite
        self.objectives = objectives?.objective == objective ? objectives : nil
        curve = CurveFold(highestEpoch: prior.highestEpoch)
        curve.addPrior(Self.priorRows(of: prior, read: rows, in: &table))
        guard case .curve(let epoch, _) = prior.maxima else {
            priorMaxima = RowTable.empty
            if prior.maxima == .user { userMaxima = UserMaxima() }
            return
        }
        priorMaxima = curve.row(at: epoch) ?? RowTable.empty
        best = entry(at: epoch, objective: objective, in: table)
    }

    /// Adds the rows that were read and the rows kept from earlier batches to the table, and returns them in order.
    private static func priorRows(
        of prior: ExperimentState, read rows: [Int: CurveRow], in table: inout RowTable
    ) -> [(epoch: Int, row: RowTable.Row)] {
        WorkCounter.count(rows.count)
        var found = rows.map { (epoch: $0, row: table.add($1.cells)) }
        if let last = prior.lastRow, rows[last.epoch] == nil { found.append((last.epoch, table.add(last.row))) }
        if case .curve(let epoch, let kept?) = prior.maxima, rows[epoch] == nil, epoch != prior.lastRow?.epoch {
            found.append((epoch, table.add(kept)))
        }
        if found.count > 1 { found.sort { $0.epoch < $1.epoch } }
        return found
    }

    /// Records an event of any kind.
    ///
    /// - Returns: whether the event is later than all events before it.
    mutating func touch(in battery: BatteryID, at time: Int64) -> Bool {
        if self.battery == nil {
            self.battery = battery
            started = time
            fields.set(ExperimentField.status, to: ExperimentStatus.running.rawValue)
        }
        defer { updated = max(updated, time) }
        return time > updated
    }

    /// Records the start of the experiment.
    ///
    /// A late start, for example of a parent process whose child has finished the experiment, must not reopen an experiment
    /// that has ended.
    ///
    /// - Parameter isLatest: true if the event is later than all events before it.
    mutating func start(_ start: Event.Start, isLatest: Bool) {
        if isLatest {
            fields.set(ExperimentField.status, to: ExperimentStatus.running.rawValue)
            fields.set(ExperimentField.reason, to: nil)
        }
        if let host = start.host { fields.set(ExperimentField.host, to: host) }
        if let pid = start.pid { fields.set(ExperimentField.pid, to: pid) }
        if let seed = start.seed { fields.set(ExperimentField.seed, to: seed) }
    }

    mutating func end(_ status: ExperimentStatus, reason: String?) {
        fields.set(ExperimentField.status, to: status.rawValue)
        fields.set(ExperimentField.reason, to: reason)
    }

    /// Sets maxima stated by the user, which replace the maxima of the curve from then on.
    mutating func setUserMaxima(_ cells: [CurveRow.Cell], epoch: Int?) {
        if userMaxima == nil { userMaxima = UserMaxima() }
        for cell in cells { userMaxima?.set(cell) }
        userMaximaEpoch = epoch ?? userMaximaEpoch
        for cell in cells where !cell.number.isFinite { nonfinite += 1 }
    }

    /// The channels that the row of the maxima may have gained.
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
        let shapeBefore = curve.merge(row, at: epoch, in: &table)
        guard userMaxima == nil else { return .none }
        let old = best
        updateBest(afterChangeAt: epoch, objective: objective, in: table)
        guard let best else { return .none }
        guard let old else { return .all }
        let shape = curve.row(at: best.epoch)?.shape
        if best.epoch == old.epoch {
            // The channels of a shape that is no index grow.
            let isUnchanged = epoch != best.epoch || shape == shapeBefore && shapeBefore >= 0
            return isUnchanged ? .none : .merged
        }
        let oldShape = old.epoch == epoch ? shapeBefore : curve.row(at: old.epoch)?.shape
        return shape == oldShape ? .none : .all
    }

    /// Returns the channels of the row of the maxima; none if the maxima are the user's.
    func bestChannels(in table: RowTable) -> [String] {
        guard userMaxima == nil else { return [] }
        return best.flatMap { curve.row(at: $0.epoch) }.map { table.channels(of: $0) } ?? []
    }
}

extension ExperimentFold {
    private mutating func updateBest(afterChangeAt epoch: Int, objective: BatteryState.Objective, in table: RowTable) {
        let changed = entry(at: epoch, objective: objective, in: table)
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
        // Its channels are needed, even if a later event makes another epoch the best.
        if let best, curve.row(at: best.epoch) == nil { unreadRows.insert(best.epoch) }
    }

    /// Returns the objectives of a curve that the batch began, so that all its rows are loaded.
    private func newObjectives(_ objective: BatteryState.Objective, in table: RowTable) -> CurveObjectives {
        CurveObjectives(
            of: objective, curve.rows.compactMap { entry(at: $0.epoch, row: $0.row, objective: objective, in: table) })
    }

    /// Returns an epoch with its objective; nil if the objective is absent or not finite, or the row is not loaded.
    private func entry(at epoch: Int, objective: BatteryState.Objective, in table: RowTable) -> CurveObjectives.Entry? {
        guard let row = curve.row(at: epoch) else { return nil }
        return entry(at: epoch, row: row, objective: objective, in: table)
    }

    private func entry(
        at epoch: Int, row: RowTable.Row, objective: BatteryState.Objective, in table: RowTable
    ) -> CurveObjectives.Entry? {
        guard let number = table.number(of: objective.channel, in: row), number.isFinite else { return nil }
        return CurveObjectives.Entry(epoch: epoch, value: number.value)
    }
}

/// The maxima that a user stated, in order of the first appearance of each channel.
///
/// A batch can state many thousand channels, too many for the linear search of a ``CurveRow``.
struct UserMaxima {
    private var interner = NameInterner()
    private var numbers: [Number] = []

    var cells: [CurveRow.Cell] { zip(interner.names, numbers).map { CurveRow.Cell($0, $1) } }

    mutating func set(_ cell: CurveRow.Cell) {
        let index = interner.intern(cell.channel)
        if index == numbers.count { numbers.append(cell.number) } else { numbers[index] = cell.number }
    }
}
