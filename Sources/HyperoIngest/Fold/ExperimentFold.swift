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
    private(set) var best: BestEpochs.Entry?
    /// The epochs by objective; nil until the best row gets worse.
    private var bestEpochs: BestEpochs?
    /// The maxima that the user stated in this batch; nil unless the maxima are the user's.
    private(set) var userMaxima: CurveRow?
    private(set) var userMaximaEpoch: Int?
    /// True if the batch applies a requeued dead letter. All maxima are then written again, because some may be missing
    /// from the hash or the rankings.
    var isRequeued = false
    /// True if the whole curve must be read before the batch can be folded.
    private(set) var needsWholeCurve = false

    /// - Parameters:
    ///   - batteryIndex: the index of the experiment's battery in the batch.
    ///   - rows: the rows that were read, by epoch.
    ///   - isComplete: true if `rows` is the whole curve.
    ///   - table: the table to which the prior rows are added.
    init(
        _ prior: ExperimentState, batteryIndex: Int, rows: [Int: CurveRow], isComplete: Bool,
        objective: BatteryState.Objective,
        in table: inout RowTable
    ) {
        self.batteryIndex = batteryIndex
        self.prior = prior
        battery = prior.battery
        updated = prior.updated
        nonfinite = prior.nonfinite
        curve = CurveFold(highestEpoch: prior.highestEpoch, isComplete: isComplete)
        for (epoch, row) in rows { curve.addPrior(table.add(row.cells), at: epoch) }
        if let last = prior.lastRow, curve.row(at: last.epoch) == nil {
            curve.addPrior(table.add(last.row), at: last.epoch)
        }
        guard case .curve(let epoch, let kept) = prior.maxima else {
            priorMaxima = RowTable.empty
            if prior.maxima == .user { userMaxima = CurveRow() }
            return
        }
        if let kept, curve.row(at: epoch) == nil { curve.addPrior(table.add(kept), at: epoch) }
        priorMaxima = curve.row(at: epoch) ?? RowTable.empty
        best = entry(at: epoch, objective: objective, in: table)
    }

    /// Records an event of any kind.
    mutating func touch(in battery: BatteryID, at time: Int64) {
        if self.battery == nil {
            self.battery = battery
            started = time
            fields.set(ExperimentField.status, to: ExperimentStatus.running.rawValue)
        }
        updated = max(updated, time)
    }

    mutating func start(_ start: Event.Start) {
        fields.set(ExperimentField.status, to: ExperimentStatus.running.rawValue)
        fields.set(ExperimentField.reason, to: nil)
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
        var maxima = userMaxima ?? CurveRow()
        for cell in cells { maxima.set(cell) }
        userMaxima = maxima
        userMaximaEpoch = epoch ?? userMaximaEpoch
        for cell in cells where !cell.number.isFinite { nonfinite += 1 }
    }

    /// Merges a row, or a part of a row, into the curve and updates the best epoch.
    ///
    /// - Returns: whether the row of the maxima may have channels that it lacked before.
    mutating func merge(
        _ row: RowTable.Row, at epoch: Int, objective: BatteryState.Objective, in table: inout RowTable
    ) -> Bool {
        for number in table.numbers(of: row) where !number.isFinite { nonfinite += 1 }
        let shapeBefore = curve.merge(row, at: epoch, in: &table)
        guard userMaxima == nil else { return false }
        let old = best
        updateBest(afterChangeAt: epoch, objective: objective, in: table)
        guard let best else { return false }
        guard let old else { return true }
        let oldShape = old.epoch == epoch ? shapeBefore : curve.row(at: old.epoch)?.shape
        return oldShape != curve.row(at: best.epoch)?.shape
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
        if let changed { bestEpochs?.insert(changed) }
        guard let best else {
            best = changed
            return
        }
        if let changed, changed == best || BestEpochs.isBetter(changed, than: best, direction: objective.direction) {
            self.best = changed
        } else if epoch == best.epoch {
            searchBest(objective: objective, in: table)
        }
    }

    /// Searches the whole curve for the best epoch, after the best row got worse.
    private mutating func searchBest(objective: BatteryState.Objective, in table: RowTable) {
        guard curve.isComplete else {
            needsWholeCurve = true
            return
        }
        var heap = bestEpochs ?? makeBestEpochs(objective: objective, in: table)
        bestEpochs = nil
        while let best = heap.best, entry(at: best.epoch, objective: objective, in: table) != best {
            heap.removeBest()
        }
        best = heap.best
        bestEpochs = heap
    }

    private func makeBestEpochs(objective: BatteryState.Objective, in table: RowTable) -> BestEpochs {
        var heap = BestEpochs(objective.direction)
        for epoch in curve.epochs {
            if let entry = entry(at: epoch, objective: objective, in: table) { heap.insert(entry) }
        }
        return heap
    }

    /// Returns an epoch with its objective; nil if the objective is absent or not finite.
    private func entry(at epoch: Int, objective: BatteryState.Objective, in table: RowTable) -> BestEpochs.Entry? {
        guard let row = curve.row(at: epoch), let number = table.number(of: objective.channel, in: row), number.isFinite
        else {
            return nil
        }
        return BestEpochs.Entry(epoch: epoch, value: number.value)
    }
}
