import HyperoSchema

/// An experiment while a batch is folded: what was known before, and what the events of the batch make of it.
struct ExperimentFold {
    /// A row that is known, and whether the batch changed it.
    struct Row {
        var row: CurveRow
        var isChanged = false
    }

    /// As it was before the batch.
    let before: ExperimentState
    /// The maxima that came from the curve, as they were before the batch.
    let maximaBefore: [CurveRow.Cell]
    /// The place of its battery in the batch.
    let home: Int
    var battery: BatteryID?
    var updated: Int64
    var epochs: Int?
    var nonfinite: Int
    /// Unix milliseconds of the first event; nil when the experiment was there before.
    var started: Int64?
    var fields = FieldChanges()

    /// The rows that are known; an empty one where there is none.
    var rows: [Int: Row] = [:]
    var changedEpochs: [Int] = []
    /// Whether every row of the curve is in `rows`.
    let isComplete: Bool
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

    init(
        _ known: ExperimentState, home: Int, rows read: [Int: CurveRow], isComplete: Bool, rule: BatteryState.Rule
    ) {
        self.home = home
        before = known
        battery = known.battery
        updated = known.updated
        epochs = known.epochs
        nonfinite = known.nonfinite
        self.isComplete = isComplete || known.epochs == nil
        for (epoch, row) in read { rows[epoch] = Row(row: row) }
        if let last = known.last { rows[last.epoch] = Row(row: last.row) }
        guard case .curve(let epoch, let row) = known.maxima else {
            maximaBefore = []
            if known.maxima == .user { said = CurveRow() }
            return
        }
        if let row { rows[epoch] = Row(row: row) }
        maximaBefore = rows[epoch]?.row.cells ?? []
        best = value(at: epoch, of: rule.objective)
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
    }

    mutating func count(_ cells: [CurveRow.Cell]) {
        for cell in cells where !cell.number.isFinite { nonfinite += 1 }
    }

    /// Merges cells into a row and finds the best epoch anew.
    ///
    /// - Returns: whether the row that holds the maxima may have channels that it had not before.
    mutating func merge(_ cells: [CurveRow.Cell], at epoch: Int, by rule: BatteryState.Rule) -> Bool {
        let channelsBefore = rows[epoch]?.row.cells.count ?? 0
        let isFirstChange = change(&rows[epoch, default: Row(row: CurveRow())], cells)
        if isFirstChange { changedEpochs.append(epoch) }
        epochs = max(epochs ?? 0, epoch)
        guard said == nil else { return false }
        let old = best
        findBest(afterChangeAt: epoch, by: rule)
        guard let best else { return false }
        guard let old, old.epoch != best.epoch else {
            return old == nil || epoch == best.epoch && (rows[epoch]?.row.cells.count ?? 0) != channelsBefore
        }
        return !hasSameChannels(rows[old.epoch]?.row, rows[best.epoch]?.row)
    }

    /// The channels of the row that holds the maxima; none when those are the user's.
    var bestChannels: [String] {
        guard said == nil else { return [] }
        return best.flatMap { rows[$0.epoch]?.row.cells.map(\.channel) } ?? []
    }

    private func change(_ row: inout Row, _ cells: [CurveRow.Cell]) -> Bool {
        for cell in cells { row.row.set(cell) }
        defer { row.isChanged = true }
        return !row.isChanged
    }

    private func hasSameChannels(_ left: CurveRow?, _ right: CurveRow?) -> Bool {
        guard let left, let right, left.cells.count == right.cells.count else { return false }
        return zip(left.cells, right.cells).allSatisfy { ExactText.isSame($0.channel, $1.channel) }
    }
}

extension ExperimentFold {
    private mutating func findBest(afterChangeAt epoch: Int, by rule: BatteryState.Rule) {
        let changed = value(at: epoch, of: rule.objective)
        if let changed { ordered?.insert(changed) }
        guard let best else {
            best = changed
            return
        }
        if let changed, changed == best || BestEpochs.isBetter(changed, best, rule.direction) {
            self.best = changed
        } else if epoch == best.epoch {
            findBestOfAll(by: rule)
        }
    }

    /// The best row got worse: any other row may be the best now.
    private mutating func findBestOfAll(by rule: BatteryState.Rule) {
        guard isComplete else {
            needsWholeCurve = true
            return
        }
        var heap = ordered ?? everyEpoch(by: rule)
        ordered = nil
        while let top = heap.top, value(at: top.epoch, of: rule.objective) != top { heap.removeTop() }
        best = heap.top
        ordered = heap
    }

    private func everyEpoch(by rule: BatteryState.Rule) -> BestEpochs {
        var heap = BestEpochs(rule.direction)
        for epoch in rows.keys {
            if let entry = value(at: epoch, of: rule.objective) { heap.insert(entry) }
        }
        return heap
    }

    /// The objective at an epoch, when it is finite.
    private func value(at epoch: Int, of objective: String) -> BestEpochs.Entry? {
        guard let number = rows[epoch]?.row[objective], number.isFinite else { return nil }
        return BestEpochs.Entry(epoch: epoch, value: number.value)
    }
}
