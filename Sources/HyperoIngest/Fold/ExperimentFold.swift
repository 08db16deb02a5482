import HyperoSchema

/// An experiment while a batch is folded: what was known before, and what the events of the batch make of it.
struct ExperimentFold {
    /// As it was before the batch.
    let before: ExperimentState
    /// The maxima that came from the curve, as they were before the batch.
    let maximaBefore: RowTable.Row
    /// The place of its battery in the batch.
    let home: Int
    var battery: BatteryID?
    var updated: Int64
    var nonfinite: Int
    /// Unix milliseconds of the first event; nil when the experiment was there before.
    var started: Int64?
    var fields = FieldChanges()

    var curve: CurveFold
    /// The best epoch of the curve; nil without a finite objective, and of no meaning once the user said the maxima.
    var best: BestEpochs.Entry?
    /// Made when the best row got worse.
    var ordered: BestEpochs?
    /// What the user said in this batch; nil unless the maxima are the user's.
    var said: CurveRow?
    var saidEpoch: Int?
    /// A dead letter came again: what was written before may have got lost, so that all of the maxima is written anew.
    var isRequeued = false
    /// The curve has to be read as a whole before the batch can be folded.
    private(set) var needsWholeCurve = false

    /// - Parameter table: takes up the rows that are known.
    init(
        _ known: ExperimentState, home: Int, rows read: [Int: CurveRow], isComplete: Bool, rule: BatteryState.Rule,
        _ table: inout RowTable
    ) {
        self.home = home
        before = known
        battery = known.battery
        updated = known.updated
        nonfinite = known.nonfinite
        curve = CurveFold(highest: known.epochs, isComplete: isComplete)
        for (epoch, row) in read { curve.know(table.add(row.cells), at: epoch) }
        if let last = known.last, curve.row(at: last.epoch) == nil { curve.know(table.add(last.row), at: last.epoch) }
        guard case .curve(let epoch, let kept) = known.maxima else {
            maximaBefore = RowTable.empty
            if known.maxima == .user { said = CurveRow() }
            return
        }
        if let kept, curve.row(at: epoch) == nil { curve.know(table.add(kept), at: epoch) }
        maximaBefore = curve.row(at: epoch) ?? RowTable.empty
        best = value(at: epoch, of: rule.objective, in: table)
    }

    /// Notes an event of any kind.
    mutating func touch(in battery: BatteryID, when: Int64) {
        if self.battery == nil {
            self.battery = battery
            started = when
            fields.set(ExperimentField.status, ExperimentStatus.running.rawValue)
        }
        updated = max(updated, when)
    }

    mutating func start(_ start: Event.Start) {
        fields.set(ExperimentField.status, ExperimentStatus.running.rawValue)
        fields.set(ExperimentField.reason, nil)
        if let host = start.host { fields.set(ExperimentField.host, host) }
        if let pid = start.pid { fields.set(ExperimentField.pid, pid) }
        if let seed = start.seed { fields.set(ExperimentField.seed, seed) }
    }

    mutating func end(_ status: ExperimentStatus, reason: String?) {
        fields.set(ExperimentField.status, status.rawValue)
        fields.set(ExperimentField.reason, reason)
    }

    /// Takes the maxima that the user said: from now on the curve has no say.
    mutating func say(_ cells: [CurveRow.Cell], epoch: Int?) {
        var maxima = said ?? CurveRow()
        for cell in cells { maxima.set(cell) }
        said = maxima
        saidEpoch = epoch ?? saidEpoch
        for cell in cells where !cell.number.isFinite { nonfinite += 1 }
    }

    /// Merges a row, or a piece of one, into the curve and finds the best epoch anew.
    ///
    /// - Returns: whether the row that holds the maxima may have channels that it had not before.
    mutating func merge(
        _ row: RowTable.Row, at epoch: Int, by rule: BatteryState.Rule, _ table: inout RowTable
    ) -> Bool {
        for number in table.numbers(of: row) where !number.isFinite { nonfinite += 1 }
        let shapeBefore = curve.merge(row, at: epoch, &table)
        guard said == nil else { return false }
        let old = best
        findBest(afterChangeAt: epoch, by: rule, in: table)
        guard let best else { return false }
        guard let old else { return true }
        let oldShape = old.epoch == epoch ? shapeBefore : curve.row(at: old.epoch)?.shape
        return oldShape != curve.row(at: best.epoch)?.shape
    }

    /// The channels of the row that holds the maxima; none when those are the user's.
    func bestChannels(in table: RowTable) -> [String] {
        guard said == nil else { return [] }
        return best.flatMap { curve.row(at: $0.epoch) }.map { table.channels(of: $0) } ?? []
    }
}

extension ExperimentFold {
    private mutating func findBest(afterChangeAt epoch: Int, by rule: BatteryState.Rule, in table: RowTable) {
        let changed = value(at: epoch, of: rule.objective, in: table)
        if let changed { ordered?.insert(changed) }
        guard let best else {
            best = changed
            return
        }
        if let changed, changed == best || BestEpochs.isBetter(changed, best, rule.direction) {
            self.best = changed
        } else if epoch == best.epoch {
            findBestOfAll(by: rule, in: table)
        }
    }

    /// The best row got worse: any other row may be the best now.
    private mutating func findBestOfAll(by rule: BatteryState.Rule, in table: RowTable) {
        guard curve.isComplete else {
            needsWholeCurve = true
            return
        }
        var heap = ordered ?? everyEpoch(by: rule, in: table)
        ordered = nil
        while let top = heap.top, value(at: top.epoch, of: rule.objective, in: table) != top { heap.removeTop() }
        best = heap.top
        ordered = heap
    }

    private func everyEpoch(by rule: BatteryState.Rule, in table: RowTable) -> BestEpochs {
        var heap = BestEpochs(rule.direction)
        for epoch in curve.epochs {
            if let entry = value(at: epoch, of: rule.objective, in: table) { heap.insert(entry) }
        }
        return heap
    }

    /// The objective at an epoch, when it is finite.
    private func value(at epoch: Int, of objective: String, in table: RowTable) -> BestEpochs.Entry? {
        guard let row = curve.row(at: epoch), let number = table.number(of: objective, in: row), number.isFinite else {
            return nil
        }
        return BestEpochs.Entry(epoch: epoch, value: number.value)
    }
}
