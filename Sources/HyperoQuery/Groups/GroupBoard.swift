public import HyperoSchema

/// The values by which experiments are grouped.
public enum Grouping: Sendable, Hashable {
    /// All hyper-parameters but one named `seed`, and the version if there are several: a group has the repetitions of one training.
    case replicas
    /// All hyper-parameters, and the version if there are several.
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
    /// The number of experiments that fulfil the condition and have no finite value.
    public let unrankedCount: Int
    /// The number of groups, including those not in ``rows``.
    public let groupCount: Int
    /// The number of further groups, of which no experiment has a finite value.
    public let emptyGroupCount: Int
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
        /// The number of experiments with a finite value.
        public let count: Int
        /// The number of all experiments of the group, with those without a finite value.
        public let memberCount: Int
        /// The mean of their values.
        public let mean: Double
        /// The standard deviation of their values, with n - 1 in the denominator; nil for one experiment.
        public let standardDeviation: Double?
        /// The best of their values: the first one in the order of the ranking.
        public let best: Double
        /// The id of the experiment with the best value.
        public let bestExperiment: String
        /// True if the difference to the mean of the best group may be luck. False for the first row.
        public let isWithinNoise: Bool

        /// The values of ``GroupBoard/fields``; nil for absent ones.
        public var values: [Value?] { stored.map { $0.map { Value(text: $0) } } }
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
                    rank: isTie ? rows[position - 1].rank : position + 1, stored: group.stored,
                    count: spread.count, memberCount: spread.count + group.unrankedCount, mean: spread.mean,
                    standardDeviation: spread.standardDeviation,
                    best: group.best.value, bestExperiment: group.best.experiment,
                    isWithinNoise: position > 0
                        && (noise?.covers(spread.mean - best.mean, counts: (spread.count, best.count)) ?? false)))
        }
        return rows
    }
}
