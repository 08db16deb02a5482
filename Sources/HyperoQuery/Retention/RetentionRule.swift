package import HyperoSchema

/// The experiments that an operator no longer needs, or of whose learning curves a part is enough.
package struct RetentionRule: Sendable {
    /// The name or the id of the battery; nil for all batteries.
    package var battery: String?
    /// The version of the battery; nil for all versions.
    package var version: Int?
    /// A condition on the experiments; nil for none.
    package var filter: Filter?
    /// The statuses of the experiments; empty for those that have ended. Without ``age``, those that are lost must have been so for
    /// a day.
    package var statuses: Set<ExperimentStatus> = []
    /// The number of experiments of each battery that stay: the best by its objective, in its direction, of all its experiments.
    package var best = 0
    /// The time since the last sign of life that an experiment must have, in milliseconds; nil for any.
    package var age: Int64?
    /// The rows that stay of each curve, to find the experiments that may have more; nil to find all experiments.
    package var curves: CurveLimit?

    /// The allowed numbers of ``best``.
    package static let counts = 1...1_000_000

    package init() {}

    /// The fields of the experiments' hashes from which the rule follows.
    var fields: [String] {
        [ExperimentField.battery, ExperimentField.since]
            + (curves == nil ? [] : [ExperimentField.epochs, ExperimentField.thinned])
    }

    /// The time after which a silent process counts as ended, in milliseconds. During an outage of the server, all processes
    /// are silent.
    private static let endOfSilence: Int64 = 86_400_000

    /// Returns whether an experiment need not stay, unless it is among the best.
    func covers(_ experiment: ScannedExperiment, now: Int64) -> Bool {
        guard let liveness = experiment.liveness, let status = liveness.status else { return false }
        let silence = liveness.lastSeen.map { now.subtractingReportingOverflow($0).partialValue }
        if statuses.isEmpty {
            switch status {
            case .running: return false
            case .lost: guard let silence, silence > Self.endOfSilence else { return false }
            case .done, .failed, .stopped: break
            }
        } else {
            guard statuses.contains(status) else { return false }
            if status == .lost, age == nil { guard let silence, silence > Self.endOfSilence else { return false } }
        }
        if let age { guard let silence, silence > age else { return false } }
        return curves.map { Self.mayExceed($0, experiment) } ?? true
    }

    /// Returns whether the curve of an experiment may have more rows than a limit.
    private static func mayExceed(_ limit: CurveLimit, _ experiment: ScannedExperiment) -> Bool {
        guard let last = experiment[ExperimentField.epochs].flatMap({ Int($0) }) else { return false }
        if case .rows(let count) = limit, last < count { return false }
        guard let thinned = experiment[ExperimentField.thinned].flatMap({ ThinnedCurve(text: $0) }),
            thinned.through >= last
        else { return true }
        switch (thinned.limit, limit) {
        case (.maxima, _): return false
        case (.rows, .maxima): return true
        case (.rows(let kept), .rows(let count)): return kept > count
        }
    }
}
