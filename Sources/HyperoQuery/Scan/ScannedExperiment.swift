import HyperoRedis
import HyperoSchema

/// One experiment that a scan has read.
package struct ScannedExperiment {
    let member: ScanMember
    /// The names of the fields that were read.
    package let names: [String]
    /// The values, nil for absent fields, in the order of ``names``: those of the requested fields first.
    package let values: [String?]
    /// The further reply by which the caller judges the experiment.
    let probe: PendingReply<Bool>?
    /// The status and the last sign of life; nil if the scan does not read them.
    package internal(set) var liveness: Liveness?
    /// The time of the latest event or sign of life of the producer of an experiment that runs, in Unix milliseconds; nil if the scan
    /// does not read it, or if there is none.
    var producerTime: Int64?

    init(member: ScanMember, names: [String], values: [String?], probe: PendingReply<Bool>?) {
        self.member = member
        self.names = names
        self.values = values
        self.probe = probe
    }

    /// The experiment's id. In a ranking that another client wrote to, it may be another text.
    package var experiment: String { member.experiment }
    /// The index of the experiment's battery among those of the scan.
    package var battery: Int { member.battery }
    /// The value of the ranking, or the time of the first event in Unix milliseconds.
    package var score: Double { member.score }

    /// The value of a field; nil if it is absent or was not read.
    package subscript(name: String) -> String? {
        for index in names.indices where names[index].hasSameBytes(as: name) { return values[index] }
        return nil
    }

    /// The fields that are present.
    package var pairs: [(name: String, value: String)] {
        zip(names, values).compactMap { name, value in value.map { (name, $0) } }
    }

    /// The state by which a deletion notices a change since; nil for an experiment that runs, which may change. The scan must read the
    /// liveness and ``ExperimentField/since``.
    var stamp: String? {
        guard let liveness, liveness.status != .running else { return nil }
        return ControlCondition.stamp(
            status: self[ExperimentField.status], since: self[ExperimentField.since],
            updated: self[ExperimentField.updated], alive: producerTime.map { String($0) })
    }

    /// True if none of the fields is present, above all because the hash is missing.
    var isEmpty: Bool { values.allSatisfy { $0 == nil } }

    /// Returns a reader of the fields, for an ``ExperimentHash``.
    func reader() -> HashReader { HashReader(pairs, source: source) }

    /// The experiment in warnings.
    var source: String { "experiment '\(printable(member.experiment))'" }
}
