import HyperoSchema

/// The state of an experiment by which a deletion is planned and checked.
struct ExperimentStamp {
    /// The fields of the hash that it consists of.
    static let fields = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.since, ExperimentField.updated,
        ExperimentField.thinned, ExperimentField.producer,
    ]

    /// The time in milliseconds after the latest sign of life for which an experiment that runs is certainly not lost.
    private static let lifetime: Int64 = 180_000

    let battery: String?
    let status: String?
    private let since: String?
    private let updated: String?
    private let otherProducer: String?
    let thinned: ThinnedCurve?
    /// The time in the hash of the ``producer(of:)``; nil if there is none.
    var alive: String?

    /// - Parameter values: the values of the ``fields``; none if there is no hash.
    init(_ values: [String?]) {
        let values = values + Array(repeating: nil, count: max(0, Self.fields.count - values.count))
        (battery, status, since, updated) = (values[0], values[1], values[2], values[3])
        thinned = values[4].flatMap { ThinnedCurve(text: $0) }
        otherProducer = values[5]
    }

    /// The text of a ``ControlCondition``.
    var stamp: String { ControlCondition.stamp(status: status, since: since, updated: updated, alive: alive) }

    /// Returns the producer whose signs of life count for an experiment: that of its latest start, or the one in its id. Nil unless the
    /// experiment runs.
    func producer(of id: ExperimentID) -> ProducerID? {
        guard status == ExperimentStatus.running.rawValue else { return nil }
        return otherProducer.flatMap { ProducerID($0) } ?? id.producer
    }

    /// Returns whether the experiment runs at a time in Unix milliseconds.
    func lives(at time: Int64) -> Bool {
        guard status == ExperimentStatus.running.rawValue,
            let last = [updated, alive].compactMap({ $0.flatMap { Int64($0) } }).max()
        else { return false }
        return time.subtractingReportingOverflow(last).partialValue < Self.lifetime
    }
}
