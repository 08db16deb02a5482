import HyperoSchema

/// A battery while a batch is folded: what was known before, and what the events of the batch make of it.
struct BatteryFold {
    let before: BatteryState
    private(set) var rule: BatteryState.Rule?
    private var updated: Int64
    private var declared: (declaration: Event.Declaration, created: Int64)?
    private var columns: Set<ExactText>
    private var newColumns: [IndexChange.Scored] = []
    private var newExperiments: [IndexChange.Scored] = []
    /// Experiments that are there, but whose place among the battery's may have got lost.
    private var oldExperiments: [IndexChange.Scored] = []
    /// Unix milliseconds of the first declaration of the batch that was not the battery's first.
    private var declaredAgain: Int64?
    var rankings = Rankings()

    init(_ known: BatteryState) {
        before = known
        rule = known.rule
        updated = known.updated
        columns = known.columns
    }

    /// Declares the battery, unless it was declared before.
    mutating func declare(_ declaration: Event.Declaration, when: Int64) {
        guard rule == nil else {
            declaredAgain = declaredAgain ?? when
            return
        }
        rule = BatteryState.Rule(objective: declaration.objective, direction: declaration.direction)
        declared = (declaration, when)
    }

    /// Notes an event of any kind.
    mutating func touch(when: Int64) {
        updated = max(updated, when)
    }

    mutating func add(_ experiment: ExperimentID, started: Int64) {
        newExperiments.append(IndexChange.Scored(experiment.text, String(started)))
    }

    /// Has an experiment put back among the battery's, if it is not there.
    mutating func addAgain(_ experiment: ExperimentID, started: Int64) {
        oldExperiments.append(IndexChange.Scored(experiment.text, String(started)))
    }

    /// Has all columns that come from now on written, known or not.
    mutating func forgetColumns() {
        columns = []
    }

    /// Notes a field that experiments of the battery have.
    mutating func addColumn(_ field: String, when: Int64) {
        guard columns.insert(ExactText(field)).inserted else { return }
        newColumns.append(IndexChange.Scored(field, String(when)))
    }

    func changes(of id: BatteryID, in keys: Keyspace) -> [IndexChange] {
        var changes: [IndexChange] = []
        var fields: [IndexChange.Field] = []
        if let (declaration, created) = declared {
            changes.append(
                .addScores(key: keys.batteries, [IndexChange.Scored(id.text, String(created))], onlyNew: false))
            fields = [
                IndexChange.Field(BatteryField.name, declaration.name),
                IndexChange.Field(BatteryField.version, String(declaration.version)),
                IndexChange.Field(BatteryField.description, declaration.description),
                IndexChange.Field(BatteryField.objective, declaration.objective),
                IndexChange.Field(BatteryField.direction, declaration.direction.rawValue),
                IndexChange.Field(BatteryField.created, String(created)),
            ]
        }
        // Who mended a list of batteries that was of a wrong type gets back those that are still in use.
        if declared == nil, let declaredAgain {
            changes.append(
                .addScores(key: keys.batteries, [IndexChange.Scored(id.text, String(declaredAgain))], onlyNew: true))
        }
        if updated != before.updated { fields.append(IndexChange.Field(BatteryField.updated, String(updated))) }
        if !fields.isEmpty { changes.append(.setFields(key: keys.battery(id), fields)) }
        if !newExperiments.isEmpty {
            changes.append(.addScores(key: keys.experiments(of: id), newExperiments, onlyNew: false))
        }
        if !oldExperiments.isEmpty {
            changes.append(.addScores(key: keys.experiments(of: id), oldExperiments, onlyNew: true))
        }
        // Only new ones: the first time a column was seen stays, and what is not remembered is written again.
        if !newColumns.isEmpty { changes.append(.addScores(key: keys.columns(of: id), newColumns, onlyNew: true)) }
        return changes + rankings.changes { keys.rank(of: id, by: $0) }
    }

    /// What is known of the battery after the batch.
    var after: BatteryState {
        var after = before
        after.rule = rule
        after.updated = updated
        after.columns = columns.count <= BatteryState.columnLimit ? columns : []
        return after
    }
}
