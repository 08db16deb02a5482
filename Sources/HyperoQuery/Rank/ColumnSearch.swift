import HyperoRedis
import HyperoSchema

/// Finds out which fields the names of columns mean: `lr` is `param.lr`, if there is such a hyper-parameter.
///
/// It asks whether the few fields that a name can mean were ever seen, in the round trip of the rankings: the list of
/// all columns may be long and is read only to say which names come near a wrong one.
struct ColumnSearch {
    private let declarations: [Declaration]
    private let names: [String]
    private var seen: [[(field: String, answers: [PendingReply<Bool>])]] = []

    /// What every experiment may have and no list of columns holds.
    static let own: Set = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.started, ExperimentField.updated,
        ExperimentField.host, ExperimentField.pid, ExperimentField.seed, ExperimentField.reason,
        ExperimentField.epochs, ExperimentField.maxEpoch, ExperimentField.maxSource, ExperimentField.nonfinite,
    ]

    init(of declarations: [Declaration], _ names: [String]) {
        self.declarations = declarations
        self.names = names
    }

    /// ZSCORE of each field that a name can mean, in the order in which they win.
    mutating func ask(in batch: inout CommandPipeline) {
        for name in names {
            let fields = [name, Prefix.param + name, Prefix.meta + name, Prefix.max + name]
            seen.append(
                fields.map { field in
                    var answers: [PendingReply<Bool>] = []
                    for declaration in declarations {
                        for place in declaration.places {
                            answers.append(
                                batch.ask(place, "ZSCORE", place.columns(of: declaration.id), field) {
                                    reply throws(RedisError) in try reply.string() != nil
                                })
                        }
                    }
                    return (field, answers)
                })
        }
    }

    /// The field of each name; the first name that means nothing is in the error.
    func fields(_ warnings: inout [String]) throws(RedisError) -> Result<[String], UnknownColumn> {
        var fields: [String] = []
        for (name, candidates) in zip(names, seen) {
            var meant: String? = Self.own.contains(name) ? name : nil
            for (field, answers) in candidates where meant == nil {
                for answer in answers where try answer.value(or: false, &warnings) { meant = field }
            }
            guard let meant else { return .failure(UnknownColumn(name: name)) }
            fields.append(meant)
        }
        return .success(fields)
    }

    /// A name that no field has.
    struct UnknownColumn: Error {
        let name: String
    }
}
