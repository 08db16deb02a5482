public import HyperoSchema

/// The values by which experiments are grouped.
public enum Grouping: Sendable, Hashable {
    /// All hyper-parameters but one named `seed`: a group has the repetitions of one training.
    case replicas
    /// All hyper-parameters.
    case parameters
    /// The fields of these names, with or without prefix.
    case fields([String])

    /// Creates a grouping from the names that a user writes. `seed` alone stands for ``replicas``, `params` alone for
    /// ``parameters``.
    package init(names: [String]) {
        self =
            switch names {
            case ["seed"]: .replicas
            case ["params"]: .parameters
            default: .fields(names)
            }
    }
}

/// The ranked experiments of a battery in groups of equal values, ranked by the means of the groups.
public struct GroupBoard: Sendable, Hashable {
    /// The battery's name.
    public let name: String
    /// The channel by which the experiments and groups are ranked.
    public let channel: String
    /// True if the highest mean is first.
    public let isHighestFirst: Bool
    /// The values by which the experiments are grouped.
    public let grouping: Grouping
    /// The fields of the groups, such as `param.lr`.
    public let fields: [String]
    /// The number of experiments in the groups: those that are ranked and fulfil the condition.
    public let count: Int
    /// The number of experiments, ranked or not.
    public let experimentCount: Int
    /// The number of groups, including those not in ``rows``.
    public let groupCount: Int
    /// The noise of a result; nil if it cannot be estimated.
    public let noise: Noise?
    /// The first groups, at most as many as the limit.
    public let rows: [Row]
    /// The malformed values that were left out, one sentence each.
    public let warnings: [String]
    /// The condition on the experiments.
    let condition: RankCondition
    /// True if the versions differ in the objective or direction of this ranking, which are those of the newest version.
    package let versionsDisagree: Bool
    /// True if the channel is the objective of the newest version.
    package let isByObjective: Bool
    /// The ranked batteries.
    package let source: BatterySource
    /// The parts of the filter; nil without one.
    package let filterUse: FilterUse?
    /// The choices for the table.
    package var options = RankTableOptions()
    /// The ids of the ranked batteries, sorted by version.
    public var batteries: [String] { source.batteries.map(\.id) }

    /// A group of experiments.
    public struct Row: Sendable, Hashable {
        /// The rank: 1 plus the number of groups with a better mean.
        public let rank: Int
        /// The values of ``GroupBoard/fields`` as stored; nil for absent ones.
        package let stored: [String?]
        /// The number of experiments.
        public let count: Int
        /// The mean of their values.
        public let mean: Double
        /// The standard deviation of their values, with n - 1 in the denominator; nil for one experiment.
        public let standardDeviation: Double?
        /// The best of their values: the first one in the order of the ranking.
        public let best: Double
        /// The id of the experiment with the best value.
        public let bestExperiment: String
        /// True if the difference to the mean of the best group may be luck. False for the best group.
        public let isWithinNoise: Bool

        /// The values of ``GroupBoard/fields``; nil for absent ones.
        public var values: [Value?] { stored.map { $0.map { Value(text: $0) } } }
    }
}

/// Experiments with equal values of the grouping fields, while they are read.
struct ExperimentGroup {
    let key: [ExactText?]
    let best: RankedExperiment
    private(set) var values: [Double]

    /// Creates the group of its best experiment.
    init(key: [ExactText?], best: RankedExperiment) {
        self.key = key
        self.best = best
        values = [best.value]
    }

    mutating func add(_ experiment: RankedExperiment) { values.append(experiment.value) }

    /// Groups experiments that arrive in the order of the ranking, the best first.
    struct Collection {
        private(set) var groups: [ExperimentGroup] = []
        private var indexes: [[ExactText?]: Int] = [:]

        mutating func add(_ experiment: RankedExperiment, key: [String?]) {
            let key = key.map { $0.map { ExactText($0) } }
            if let index = indexes[key] {
                groups[index].add(experiment)
            } else {
                indexes[key] = groups.count
                groups.append(ExperimentGroup(key: key, best: experiment))
            }
        }
    }
}

extension GroupBoard {
    /// Ranks groups by their means, and marks those whose difference to the best mean may be luck.
    ///
    /// - Parameters:
    ///   - groups: the groups with their spreads. Equal means are in the order of the groups' best experiments.
    ///   - noise: the noise of a single result; nil for none.
    static func rows(
        of groups: [(group: ExperimentGroup, spread: Spread)], isHighestFirst: Bool, noise: Noise?, limit: Int
    ) -> [Row] {
        let order = groups.indices.sorted { left, right in
            let (first, second) = (groups[left].spread.mean, groups[right].spread.mean)
            guard first != second else { return left < right }
            return isHighestFirst ? first > second : first < second
        }
        guard let bestIndex = order.first else { return [] }
        let best = groups[bestIndex].spread
        var rows: [Row] = []
        for (position, index) in order.prefix(limit).enumerated() {
            let (group, spread) = groups[index]
            let isTie = rows.last.map { $0.mean == spread.mean } ?? false
            rows.append(
                Row(
                    rank: isTie ? rows[position - 1].rank : position + 1, stored: group.key.map { $0?.text },
                    count: spread.count, mean: spread.mean, standardDeviation: spread.standardDeviation,
                    best: group.best.value, bestExperiment: group.best.experiment,
                    isWithinNoise: position > 0
                        && (noise?.covers(spread.mean - best.mean, counts: (spread.count, best.count)) ?? false)))
        }
        return rows
    }
}
