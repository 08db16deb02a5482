import HyperoSchema

/// The state of one battery while a batch is folded: the prior state and the changes by the batch.
struct BatteryFold {
    let prior: BatteryState
    private(set) var objective: BatteryState.Objective?
    private var identity: BatteryState.Identity?
    private var updated: Int64
    private var declared: (declaration: Event.Declaration, created: Int64)?
    private var columns: Set<ExactText>
    private var directions: [ExactText: Direction]
    private var newDirections: [IndexChange.Field] = []
    /// The latest declaration that differs from the first one.
    private var conflict: String?
    private var spaces: [ExactText: String]
    private var newSpaces = FieldChanges()
    /// The shape of the latest row whose channels are in the columns.
    private var latestShape: Int32 = -1
    private var newColumns: [IndexChange.Scored] = []
    private var newExperiments: [IndexChange.Scored] = []
    /// The experiments that exist but may be missing from the battery's list of experiments.
    private var restoredExperiments: [IndexChange.Scored] = []
    /// The time of the batch's first declaration in Unix milliseconds, if the battery was declared before.
    private var redeclared: Int64?
    /// True if the battery was deleted and is declared again.
    private var isRevived = false
    /// The time of the latest deletion in Unix milliseconds.
    private(set) var deleted: Int64
    /// True if an event of the battery was applied.
    private var isTouched = false
    var rankings = Rankings()

    init(_ prior: BatteryState) {
        self.prior = prior
        objective = prior.objective
        identity = prior.identity
        updated = prior.updated
        deleted = prior.deleted
        columns = prior.columns
        directions = prior.directions
        spaces = prior.spaces
    }

    /// The time of the first declaration in Unix milliseconds.
    var created: Int64 { declared?.created ?? prior.created }

    /// Declares the battery. A battery that was declared before keeps its name, objective and directions, and a difference is
    /// recorded. Directions of more than ``Limits/channels`` channels are ignored.
    mutating func declare(_ declaration: Event.Declaration, at time: Int64) {
        let new = BatteryState.Objective(channel: declaration.objective, direction: declaration.direction)
        let newIdentity = BatteryState.Identity(declaration)
        if let objective {
            redeclared = redeclared ?? time
            if let difference = identity?.difference(to: newIdentity) { conflict = difference }
            if objective != new {
                conflict = "\(BatteryField.objective) \(new.channel) \(new.direction.rawValue)"
            }
        } else {
            (objective, identity) = (new, newIdentity)
            declared = (declaration, time)
        }
        guard !prior.keepsDirections else { return }
        for other in declaration.directions {
            let channel = ExactText(other.channel)
            guard let first = directions[channel] else {
                guard directions.count < Limits.channels else { continue }
                directions[channel] = other.direction
                newDirections.append(
                    IndexChange.Field(Prefix.direction + other.channel, other.direction.rawValue))
                continue
            }
            if first != other.direction {
                conflict = "\(Prefix.direction)\(other.channel) \(other.direction.rawValue)"
            }
        }
    }

    /// Records the distribution of a hyper-parameter.
    mutating func setSpace(_ space: Event.Entry) {
        guard spaces.updateValue(space.value, forKey: ExactText(space.name)) != space.value else { return }
        newSpaces.set(space.name, to: space.value)
    }

    /// Adds the channels of a row to the columns.
    mutating func addColumns(ofRowWithShape shape: Int32, channels: @autoclosure () -> [String], at time: Int64) {
        guard shape != latestShape || columns.isEmpty else { return }
        latestShape = shape
        for channel in channels() { addColumn(Prefix.curve + channel, at: time) }
    }

    /// Records the time of an event of any kind.
    mutating func touch(at time: Int64) {
        updated = max(updated, time)
        isTouched = true
    }

    /// Records that a battery that was deleted at a time is declared again.
    mutating func revive(deletedAt time: Int64) {
        isRevived = true
        deleted = time
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
        latestShape = -1
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
        if isRevived { changes.append(.removeMembers(key: keyspace.deleted, [id.text])) }
        // Even if it is unchanged, and first, as for experiments.
        if isTouched, declared == nil {
            fields.append(IndexChange.Field(BatteryField.updated, String(updated)))
        }
        if let (declaration, created) = declared {
            changes.append(
                .addScores(
                    key: keyspace.batteries, [IndexChange.Scored(id.text, score: String(created))], onlyNew: false))
            fields += [
                IndexChange.Field(BatteryField.name, declaration.name),
                IndexChange.Field(BatteryField.version, String(declaration.version)),
                IndexChange.Field(BatteryField.description, declaration.description),
                IndexChange.Field(BatteryField.objective, declaration.objective),
                IndexChange.Field(BatteryField.direction, declaration.direction.rawValue),
                IndexChange.Field(BatteryField.created, String(created)),
            ]
            if isRevived { fields.append(IndexChange.Field(BatteryField.deleted, String(deleted))) }
        }
        // After an operator removed a list of batteries that had the wrong type, this restores the batteries in use.
        if declared == nil, let redeclared {
            changes.append(
                .addScores(
                    key: keyspace.batteries, [IndexChange.Scored(id.text, score: String(redeclared))], onlyNew: true))
        }
        fields += newDirections
        if let conflict { fields.append(IndexChange.Field(BatteryField.conflict, conflict)) }
        if declared != nil { fields.append(IndexChange.Field(BatteryField.updated, String(updated))) }
        if !fields.isEmpty { changes.append(.setFields(key: keyspace.battery(id), fields)) }
        if !newExperiments.isEmpty {
            changes.append(.addScores(key: keyspace.experiments(of: id), newExperiments, onlyNew: false))
        }
        if !restoredExperiments.isEmpty {
            changes.append(.addScores(key: keyspace.experiments(of: id), restoredExperiments, onlyNew: true))
        }
        // With NX, because columns that are not remembered are written again, and the time of the first one must stay.
        if !newColumns.isEmpty { changes.append(.addScores(key: keyspace.columns(of: id), newColumns, onlyNew: true)) }
        let spaceFields = newSpaces.fields
        if !spaceFields.isEmpty { changes.append(.setFields(key: keyspace.space(of: id), spaceFields)) }
        return changes + rankings.changes { keyspace.rank(of: id, by: $0) }
    }

    /// The state of the battery after the batch.
    var posterior: BatteryState {
        var posterior = prior
        posterior.objective = objective
        posterior.identity = identity
        posterior.updated = updated
        posterior.created = created
        posterior.deleted = deleted
        posterior.directions = directions
        posterior.spaces = spaces.count <= BatteryState.maxColumns ? spaces : [:]
        posterior.columns = columns.count <= BatteryState.maxColumns ? columns : []
        return posterior
    }
}
