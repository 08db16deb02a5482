import HyperoSchema

/// The condition on the experiments of a ranking.
struct RankCondition: Sendable, Hashable {
    /// The statuses of the experiments; empty for all.
    var statuses: Set<ExperimentStatus> = []
    /// The time before which no experiment has started, in Unix milliseconds; nil for any.
    var since: Int64?
    /// The filter; nil for none.
    var filter: Filter?

    init(statuses: Set<ExperimentStatus> = [], since: Int64? = nil, filter: Filter? = nil) {
        self.statuses = statuses
        self.since = since
        self.filter = filter.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// True if all experiments fulfil the condition.
    var isEmpty: Bool { statuses.isEmpty && since == nil && filter == nil }

    /// The condition in a sentence: `status done or failed and a start since 2026-11-24 09:00:00`.
    var text: String {
        [
            statuses.isEmpty ? nil : statuses.text, since.map { "a start since \(dateText($0))" }, filter?.summary,
        ].compactMap(\.self).joined(separator: " and ")
    }
}

/// A condition that is ready to be compared with the experiments of batteries.
struct BoundCondition {
    let condition: RankCondition
    /// The filter of the condition.
    let filter: BatteryFilter?

    /// The fields that the condition needs. A scan reads them in this order, after those of its caller.
    var fields: [String] {
        (filter?.fields ?? []) + (condition.since == nil ? [] : [ExperimentField.started])
    }

    /// True if the condition needs the liveness of experiments.
    var needsLiveness: Bool { !condition.statuses.isEmpty || (filter?.needsLiveness ?? false) }

    /// Returns whether an experiment fulfils the condition. One without a start time has not started since any time.
    ///
    /// - Parameters:
    ///   - rank: the rank in the ranking of all experiments; nil without one.
    ///   - firstValue: the index of the first value of ``fields`` among those that were read.
    func holds(for experiment: ScannedExperiment, rank: Int?, firstValue: Int) -> Bool {
        let statuses = condition.statuses
        if !statuses.isEmpty, !(experiment.liveness?.status.map(statuses.contains) ?? false) { return false }
        if let since = condition.since {
            guard let started = experiment[ExperimentField.started].flatMap({ Int64($0) }), started >= since else {
                return false
            }
        }
        return filter?.holds(for: experiment, rank: rank, firstValue: firstValue) ?? true
    }
}

/// The ranks of experiments that are visited in the order of their values. Equal values have equal ranks.
struct RankCounter {
    private var count = 0
    private var last: (value: Double, rank: Int)?

    /// Returns the rank of the next experiment.
    mutating func next(_ value: Double) -> Int {
        count += 1
        let rank = last?.value == value ? last?.rank ?? count : count
        last = (value, rank)
        return rank
    }
}
