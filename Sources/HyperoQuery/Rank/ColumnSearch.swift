import HyperoSchema

/// The search for the fields that column names denote: `lr` denotes `param.lr` if the batteries have that
/// hyper-parameter.
///
/// A name has few candidates, so ZSCORE looks each of them up in the round trip of the rankings. The list of all columns
/// may be long, and is read only to suggest names for an unknown one.
struct ColumnSearch {
    private struct Candidate {
        let field: String
        /// One reply per battery and partition, true if the field exists there.
        let exists: [PendingReply<Bool>]
    }

    private let batteries: [StoredBattery]
    private let names: [String]
    /// The candidates of each name, in order of precedence.
    private var candidates: [[Candidate]] = []

    /// The fields that every experiment may have. They are in no battery's list of columns.
    static let commonFields: Set = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.started, ExperimentField.updated,
        ExperimentField.host, ExperimentField.pid, ExperimentField.seed, ExperimentField.reason,
        ExperimentField.epochs, ExperimentField.maxEpoch, ExperimentField.maxSource, ExperimentField.nonfinite,
    ]

    init(_ names: [String], in batteries: [StoredBattery]) {
        self.batteries = batteries
        self.names = names
    }

    /// Appends a ZSCORE per candidate, battery and partition.
    mutating func append(to pipeline: inout CommandPipeline) {
        for name in names {
            let fields = [name, Prefix.param + name, Prefix.meta + name, Prefix.max + name]
            candidates.append(
                fields.map { field in
                    var exists: [PendingReply<Bool>] = []
                    for battery in batteries {
                        for keyspace in battery.keyspaces {
                            exists.append(
                                pipeline.append(
                                    "ZSCORE", keyspace.columns(of: battery.id), field, in: keyspace, as: .isNotNull))
                        }
                    }
                    return Candidate(field: field, exists: exists)
                })
        }
    }

    /// Returns the field of each name, or the first name that denotes no field.
    func fields(warnings: inout [String]) throws(QueryError) -> Result<[String], UnknownColumn> {
        var fields: [String] = []
        for (name, candidates) in zip(names, candidates) {
            var match: String? = Self.commonFields.contains(name) ? name : nil
            for candidate in candidates where match == nil {
                for exists in candidate.exists where try exists.value(or: false, warnings: &warnings) {
                    match = candidate.field
                }
            }
            guard let match else { return .failure(UnknownColumn(name: name)) }
            fields.append(match)
        }
        return .success(fields)
    }

    /// A column name that denotes no field.
    struct UnknownColumn: Error {
        let name: String
    }
}
