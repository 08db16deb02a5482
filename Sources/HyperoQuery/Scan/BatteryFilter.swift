import HyperoSchema

/// A filter whose names and values are resolved for the experiments of some batteries.
struct BatteryFilter {
    private let bound: BoundFilter
    private let batteries: [(id: String, version: Int, objective: Int?)]
    private let now: Int64
    /// The field of the values that decide the rank.
    let rankedField: String

    init(_ bound: BoundFilter, of batteries: [StoredBattery], now: Int64) {
        self.bound = bound
        self.batteries = batteries.map { ($0.id.text, $0.version, bound.slot(of: Prefix.max + $0.objective)) }
        self.now = now
        rankedField = Prefix.max + (batteries.last?.objective ?? "")
    }

    /// The fields that the filter compares.
    var fields: [String] { bound.fields }
    var needsLiveness: Bool { bound.needsLiveness }
    var needsRank: Bool { bound.needsRank }
    /// The parts that an explanation names.
    var use: FilterUse { FilterUse(fields: bound.fields, lastValueNames: bound.lastValueNames) }

    /// Returns whether an experiment fulfils the filter.
    ///
    /// - Parameters:
    ///   - rank: the rank; nil if it has none.
    ///   - firstValue: the index of the first value of ``fields`` among those that were read.
    func holds(for experiment: ScannedExperiment, rank: Int?, firstValue: Int = 0) -> Bool {
        let battery = batteries[experiment.battery]
        return bound.matches(
            BoundFilter.Experiment(
                id: experiment.experiment, battery: battery.id, version: battery.version,
                status: experiment.liveness?.status, lastSeen: experiment.liveness?.lastSeen, rank: rank,
                values: experiment.values, firstValue: firstValue,
                objective: battery.objective),
            now: now)
    }
}

/// The parts of a filter that an explanation of a query names.
package struct FilterUse: Sendable, Hashable {
    /// The fields that are read of each experiment.
    package let fields: [String]
    /// The names that MLflow reads as the last value, such as `metrics.valid`.
    package let lastValueNames: [String]
}
