import HyperoSchema

/// The state of one battery while a batch is folded: the prior state and the changes by the batch.
struct BatteryFold {
    let prior: BatteryState
    private(set) var objective: BatteryState.Objective?
    private var updated: Int64
    private var declared: (declaration: Event.Declaration, created: Int64)?
    private var columns: Set<ExactText>
    private var newColumns: [IndexChange.Scored] = []
    private var newExperiments: [IndexChange.Scored] = []
    /// The experiments that exist but may be missing from the battery's list of experiments.
    private var restoredExperiments: [IndexChange.Scored] = []
    /// The time of the batch's first declaration in Unix milliseconds, if the battery was declared before.
    private var redeclared: Int64?
    var rankings = Rankings()

    init(_ prior: BatteryState) {
        self.prior = prior
        objective = prior.objective
        updated = prior.updated
        columns = prior.columns
    }

    /// Declares the battery, unless it was declared before.
    mutating func declare(_ declaration: Event.Declaration, at time: Int64) {
        guard objective == nil else {
            redeclared = redeclared ?? time
            return
        }
        objective = BatteryState.Objective(channel: declaration.objective, direction: declaration.direction)
        declared = (declaration, time)
    }

    /// Records the time of an event of any kind.
    mutating func touch(at time: Int64) {
        updated = max(updated, time)
    }

    /// Adds a new experiment to the battery's list.
    mutating func add(_ experiment: ExperimentID, started: Int64) {
        newExperiments.append(IndexChange.Scored(experiment.text, score: String(started)))
    }

    /// Adds an existing experiment to the battery's list, unless it is in the list.
    mutating func restore(_ experiment: ExperimentID, started: Int64) {
        restoredExperiments.append(IndexChange.Scored(experiment.text, score: String(started)))
    }

    /// Forgets the known columns, so that all later columns of the batch are written.
    mutating func forgetColumns() {
        columns = []
    }

    /// Adds a field of an experiment to the battery's columns.
    mutating func addColumn(_ field: String, at time: Int64) {
        guard columns.insert(ExactText(field)).inserted else { return }
        newColumns.append(IndexChange.Scored(field, score: String(time)))
    }

    /// Returns the batch's changes of the battery's keys.
    func changes(of id: BatteryID, in keyspace: Keyspace) -> [IndexChange] {
        var changes: [IndexChange] = []
        var fields: [IndexChange.Field] = []
        if let (declaration, created) = declared {
            changes.append(
                .addScores(
                    key: keyspace.batteries, [IndexChange.Scored(id.text, score: String(created))], onlyNew: false))
            fields = [
                IndexChange.Field(BatteryField.name, declaration.name),
                IndexChange.Field(BatteryField.version, String(declaration.version)),
                IndexChange.Field(BatteryField.description, declaration.description),
                IndexChange.Field(BatteryField.objective, declaration.objective),
                IndexChange.Field(BatteryField.direction, declaration.direction.rawValue),
                IndexChange.Field(BatteryField.created, String(created)),
            ]
        }
        // After an operator removed a list of batteries that had the wrong type, this restores the batteries in use.
        if declared == nil, let redeclared {
            changes.append(
                .addScores(
                    key: keyspace.batteries, [IndexChange.Scored(id.text, score: String(redeclared))], onlyNew: true))
        }
        if updated != prior.updated { fields.append(IndexChange.Field(BatteryField.updated, String(updated))) }
        if !fields.isEmpty { changes.append(.setFields(key: keyspace.battery(id), fields)) }
        if !newExperiments.isEmpty {
            changes.append(.addScores(key: keyspace.experiments(of: id), newExperiments, onlyNew: false))
        }
        if !restoredExperiments.isEmpty {
            changes.append(.addScores(key: keyspace.experiments(of: id), restoredExperiments, onlyNew: true))
        }
        // With NX, because columns that are not remembered are written again, and the time of the first one must stay.
        if !newColumns.isEmpty { changes.append(.addScores(key: keyspace.columns(of: id), newColumns, onlyNew: true)) }
        return changes + rankings.changes { keyspace.rank(of: id, by: $0) }
    }

    /// The state of the battery after the batch.
    var posterior: BatteryState {
        var posterior = prior
        posterior.objective = objective
        posterior.updated = updated
        posterior.columns = columns.count <= BatteryState.maxColumns ? columns : []
        return posterior
    }
}
