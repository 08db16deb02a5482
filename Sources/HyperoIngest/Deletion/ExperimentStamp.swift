import HyperoSchema

/// The state of an experiment by which a deletion is planned and checked.
struct ExperimentStamp {
    /// The fields of the hash that it consists of.
    static let fields = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.since, ExperimentField.updated,
        ExperimentField.thinned,
    ]

    /// The time in milliseconds after the latest event for which an experiment that runs is certainly not lost.
    private static let lifetime: Int64 = 180_000

    let battery: String?
    let status: String?
    private let updated: Int64?
    /// The text of a ``ControlCondition``.
    let stamp: String
    let thinned: ThinnedCurve?

    /// - Parameter values: the values of the ``fields``; none if there is no hash.
    init(_ values: [String?]) {
        let values = values + Array(repeating: nil, count: max(0, Self.fields.count - values.count))
        (battery, status, updated) = (values[0], values[1], values[3].flatMap { Int64($0) })
        stamp = ControlCondition.stamp(status: values[1], since: values[2], updated: values[3])
        thinned = values[4].flatMap { ThinnedCurve(text: $0) }
    }

    /// Returns whether the experiment runs at a time in Unix milliseconds.
    func lives(at time: Int64) -> Bool {
        guard status == ExperimentStatus.running.rawValue, let updated else { return false }
        return time.subtractingReportingOverflow(updated).partialValue < Self.lifetime
    }
}
