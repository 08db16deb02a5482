public import HyperoSchema

/// The experiments of a battery, ranked by the value of one channel.
///
/// If no version is given, the experiments of all versions of the battery's name are ranked together.
public struct Leaderboard: Sendable, Hashable {
    /// The battery's name.
    public let name: String
    /// The ranked versions, ascending.
    public let versions: [Int]
    /// The channel by which the experiments are ranked.
    public let channel: String
    /// The value of the channel that the caller asked for.
    public let rankedValue: RankedValue
    /// The condition on the experiments in ``rows``.
    let condition: RankCondition
    /// The statuses of the experiments in ``rows``; empty for all.
    public var statuses: Set<ExperimentStatus> { condition.statuses }
    /// The fields by which ``rows`` are sorted; empty for the order of the ranking.
    public let sort: [SortField]
    /// The criteria of the Pareto front to which ``rows`` are reduced, with their directions; empty for all rows.
    public let criteria: [ParetoCriterion]
    /// The numbers of experiments that are not on the front for want of a finite number, by criterion, among ``memberCount``
    /// ranked ones.
    let missingCounts: [Int]
    /// The number of ranked experiments from which the front was chosen.
    let memberCount: Int
    /// The number of rows without the limit, if ``sort`` or ``criteria`` are not empty.
    let rowCount: Int
    /// The requested order.
    public let order: RankingOrder
    /// True if the highest value is first.
    public let isHighestFirst: Bool
    /// The reason for the direction of the channel.
    public let directionSource: DirectionSource
    /// The experiment of the first rank, which may be missing in ``rows``; nil if no experiment is ranked.
    let leader: Leader?
    /// The number of experiments that have a finite value of the channel, including those not in ``rows``.
    public let count: Int
    /// The number of ranked experiments whose status was looked at, from the first one on. The others have not been found for
    /// ``statuses``.
    public let examinedCount: Int
    /// True if ``rows`` has as many experiments as the limit.
    package let isFull: Bool
    /// The number of experiments of the batteries, ranked or not.
    public let experimentCount: Int
    /// The learning curves that were read; nil if the ranking is by the maxima.
    ///
    /// The curves are read if the caller asks for ``RankedValue/bestOfCurve``, and if no experiment has a finite maxima value of
    /// the channel. Each experiment is then ranked by the best value of its curve.
    public let curveScan: CurveScan?
    /// True if an experiment logged the channel in its learning curve. False if that was not looked up, because the channel is
    /// the objective or the curves were read.
    package let isLoggedInCurves: Bool
    /// The channels that experiments logged, if no experiment is ranked. Empty otherwise.
    public let loggedChannels: [String]
    /// The first of ``loggedChannels`` that have a finite value, other than ``channel``.
    package let rankableChannels: [String]
    /// True if no experiment is ranked, and one of the newest experiments has a value of the channel that is nan or infinite.
    package let hasNonfinite: Bool
    /// True if no experiment is in the ranking, and one of the newest experiments has a finite value: another client has removed the
    /// ranking.
    package let isRankingMissing: Bool
    /// The requested fields of the experiments' hashes, such as `param.lr`; nil if all fields were requested.
    public let columns: [String]?
    /// The fields by which the rows are sorted or chosen. A table shows them, also if ``columns`` has not requested them.
    let arranged: [String]
    /// The fields of the requested channels at the best epoch, such as `max.test`; nil if all channels were requested.
    public let atBest: [String]?
    /// The requested fields of every experiment that were named with their prefix, such as `hypero.seed`.
    let prefixedOwnFields: Set<String>
    /// The first experiments in the order, at most as many as the limit. Those that do not fulfil the condition are left out and do not
    /// count in the ranks.
    public internal(set) var rows: [Row]
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]
    /// True if the versions differ in the objective or direction of this ranking, which are those of the newest
    /// version.
    package let versionsDisagree: Bool
    /// True if the channel is the objective of the newest version.
    package let isByObjective: Bool
    /// The ranked batteries.
    package let source: BatterySource
    /// The objective of the newest version.
    package let objective: String
    /// The parts of the filter; nil without one.
    package let filterUse: FilterUse?
    /// The choices for the table.
    package var options = RankTableOptions()
    /// The ids of the ranked batteries, sorted by version. Batteries of one version differ in their descriptions.
    public var batteries: [String] { source.batteries.map(\.id) }

    /// True if the rows were searched for or sorted: experiments beside them were read.
    package var isSearch: Bool { !condition.isEmpty || !sort.isEmpty || !criteria.isEmpty }

    /// The requested columns that are neither maxima nor hyper-parameters nor metadata. JSON has no key for them.
    package var columnsOutsideJSON: [String] {
        (columns ?? []).filter { FieldName($0) == .other && !Self.jsonFields.contains($0) }
    }

    private static let jsonFields = [
        ExperimentField.battery, ExperimentField.status, ExperimentField.maxEpoch, OwnField.lastSeen,
    ]
}

extension Leaderboard {
    /// One experiment of a ranking.
    public struct Row: Sendable, Hashable {
        /// The rank: 1 plus the number of experiments with a better value. Equal values have equal ranks.
        public let rank: Int
        /// The experiment's id.
        public let experiment: String
        /// The id of the experiment's battery.
        public let battery: String
        /// The battery's name.
        public let batteryName: String
        /// The battery's version.
        public let batteryVersion: Int
        /// The value of ``Leaderboard/channel`` with its digits as stored.
        package let number: Number
        /// The status, and the last sign of life.
        public let liveness: Liveness
        /// The epoch of ``value``, at least 0; nil if it is unknown.
        public let bestEpoch: Int?
        /// The values of the channels at the best epoch: `train`, `valid`, `test`, then the others by name.
        public let maxima: [Maximum]
        /// The hyper-parameters, by name.
        public let params: [NamedValue]
        /// The metadata, by name.
        public let meta: [NamedValue]
        /// The fields of the experiment's hash as they were read.
        package let fields: [ExactText: String]

        /// The value of ``Leaderboard/channel``.
        public var value: Double { number.value }

        /// The status, `lost` for a running experiment without a sign of life; nil if it is absent or malformed.
        public var status: ExperimentStatus? { liveness.status }
    }

    /// An experiment of the first rank.
    struct Leader: Sendable, Hashable {
        let experiment: String
        let number: Number
    }

    /// The learning curves that a ranking has read.
    public struct CurveScan: Sendable, Hashable {
        /// The number of experiments whose curves were read.
        public let experimentCount: Int
        /// The size of the curves in bytes.
        public let byteCount: Int
    }
}

/// The value of a channel by which an experiment is ranked.
public enum RankedValue: Sendable, Hashable {
    /// The value at the best epoch of the experiment, which the objective decides: from the rankings in Redis.
    case atBestEpoch
    /// The best value at any epoch: from the learning curves, all of which are read.
    case bestOfCurve
}

/// The order of a ranking.
public enum RankingOrder: Sendable, Hashable {
    /// The best value first, by the direction of the channel.
    case bestFirst
    /// The lowest value first.
    case ascending
    /// The highest value first.
    case descending

    /// Returns whether the highest value is first for a channel of this direction.
    func isHighestFirst(direction: Direction) -> Bool {
        switch self {
        case .bestFirst: direction == .max
        case .ascending: false
        case .descending: true
        }
    }
}
