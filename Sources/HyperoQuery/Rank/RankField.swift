import HyperoSchema

/// A value of a ranked experiment that a name denotes: a field of its hash, or a part of the result.
enum RankField: Sendable, Hashable {
    case field(String)
    case rank
    case value
    case experiment
    case name
    case version

    /// The parts of the result, by their names in JSON and CSV.
    private static let parts: [String: RankField] = [
        "rank": .rank, "value": .value, "experiment": .experiment, "id": .experiment, "name": .name,
        "version": .version,
    ]

    /// - Parameters:
    ///   - name: the name, with or without prefix.
    ///   - fields: the fields that the name denotes.
    /// - Throws: ``QueryError/Code/invalidArgument(reason:)`` if there are several.
    init(_ name: String, fields: [String]) throws(QueryError) {
        if let field = fields.first {
            guard fields.count == 1 else {
                throw QueryError(
                    .invalidArgument(
                        reason: "field is ambiguous: '\(printable(name))', it may be "
                            + "\(fields.prefix(4).map { printable($0) }.joined(separator: " or "))"))
            }
            self = .field(field)
        } else {
            self = Self.parts[name] ?? .value
        }
    }

    /// The field of the hash; nil for a part of the result.
    var stored: String? { if case .field(let field) = self { field } else { nil } }

    /// Returns the value of an experiment.
    func value(of experiment: ScannedExperiment, rank: Int, battery: StoredBattery) -> SortValue {
        switch self {
        case .field(ExperimentField.status): SortValue(stored: experiment.liveness?.status?.rawValue)
        case .field(OwnField.lastSeen): SortValue(experiment.liveness?.lastSeen.map(Double.init))
        // Ages in the order of the times since which they count.
        case .field(OwnField.age): SortValue(experiment.time(ExperimentField.started).map { -$0 })
        case .field(OwnField.idle): SortValue(experiment.time(ExperimentField.updated).map { -$0 })
        case .field(OwnField.duration):
            SortValue(
                OwnField.milliseconds(
                    of: OwnField.duration, started: experiment[ExperimentField.started],
                    updated: experiment[ExperimentField.updated], now: 0
                ).map(Double.init))
        case .field(let field): SortValue(stored: experiment[field])
        case .rank: SortValue(Double(rank))
        case .value: SortValue(experiment.score)
        case .experiment: .text(experiment.experiment)
        case .name: .text(battery.name)
        case .version: SortValue(Double(battery.version))
        }
    }
}

/// The search for the values that several names denote, each one value.
struct RankFieldSearch {
    private var searches: [(name: String, search: ColumnSearch)]

    /// Creates the search.
    init(_ names: [String], in batteries: [StoredBattery]) {
        searches = names.map { name in (name, ColumnSearch(name == "id" ? [] : [name], in: batteries)) }
    }

    /// Appends the commands of the search.
    mutating func append(to pipeline: inout CommandPipeline) {
        for index in searches.indices { searches[index].search.append(to: &pipeline) }
    }

    /// Returns one value per name. The pipeline of the search must have run.
    func fields(
        in store: Store, _ batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [RankField] {
        var fields: [RankField] = []
        for (name, search) in searches {
            var found: [String]
            do throws(QueryError) {
                found = try store.fields(of: search, in: batteries, warnings: &warnings)
            } catch {
                guard let field = try unlogged(name, error, in: store, batteries, warnings: &warnings) else {
                    throw error
                }
                found = [field]
            }
            fields.append(try RankField(name, fields: found))
        }
        return fields
    }

    /// Returns the field of a name that no experiment has logged: the objective has one before its first value, and any name if
    /// the batteries have no columns yet. Nil if the name is wrong.
    private func unlogged(
        _ name: String, _ error: QueryError, in store: Store, _ batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> String? {
        guard error.category == .notFound else { return nil }
        let bare = ColumnAlternatives(of: name).bareName
        if batteries.contains(where: { $0.objective.hasSameBytes(as: bare) }) { return Prefix.max + bare }
        return try store.columns(of: batteries, warnings: &warnings).isEmpty ? name : nil
    }
}

extension ScannedExperiment {
    /// Returns the Unix milliseconds in a field; nil if it is absent or malformed.
    fileprivate func time(_ field: String) -> Double? { self[field].flatMap { Int64($0) }.map(Double.init) }
}
