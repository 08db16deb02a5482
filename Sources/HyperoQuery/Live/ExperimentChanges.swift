import HyperoSchema

/// Experiments of a battery that are new or that have changed, with all their values.
package struct ExperimentChanges: Sendable {
    /// The time of the read in Unix milliseconds.
    package var now: Int64
    /// The number of experiments of the battery.
    package var total: Int
    /// The ids of the experiments.
    package var ids: [String]
    /// The columns of which at least one of the experiments has a value. Without the id, and the rank, which the others decide.
    package var columns: [BatteryReport.Column]
    /// The channels of ``lines``.
    package var channels: [String] = []
    /// The ids of the experiments of ``lines``, which may be others than ``ids``.
    package var lineIDs: [String] = []
    /// The learning curves that have changed. The row of each is the index in ``lineIDs``.
    package var lines: [BatteryReport.Line] = []

    /// - Parameter experiments: the experiments with all fields.
    init(_ experiments: [ScannedExperiment], of batteries: [StoredBattery], now: Int64, total: Int) {
        var names: [String] = []
        var seen: Set<ExactText> = []
        for experiment in experiments {
            for name in experiment.names where FieldName(name).isLogged && seen.insert(ExactText(name)).inserted {
                names.append(name)
            }
        }
        var columns = ReportColumns(names, objective: "", in: batteries)
        for experiment in experiments {
            let values = Dictionary(experiment.pairs.map { (ExactText($0.name), $0.value) }) { first, _ in first }
            var aligned = ScannedExperiment(
                member: experiment.member, names: columns.fields,
                values: columns.fields.map { values[ExactText($0)] }, probe: nil)
            aligned.liveness = experiment.liveness
            columns.append(aligned, isRanked: false)
        }
        self.now = now
        self.total = total
        ids = experiments.map(\.experiment)
        let left = [FilterAttribute.id, .rank].map(\.rawValue)
        self.columns = columns.columns(scales: [:]).filter { $0.kind != .attribute || !left.contains($0.name) }
    }
}

extension FieldName {
    /// True for a hyper-parameter, metadata and a channel's value at the best epoch.
    fileprivate var isLogged: Bool {
        switch self {
        case .param, .meta, .maximum: true
        case .curve, .other: false
        }
    }
}
