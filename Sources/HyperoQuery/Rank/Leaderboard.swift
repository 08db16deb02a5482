public import HyperoSchema

/// The experiments of a battery, ranked by the maxima value of one channel.
///
/// If no version is given, the experiments of all versions of the battery's name are ranked together.
public struct Leaderboard: Sendable, Hashable {
    /// The battery's name.
    public let name: String
    /// The ranked versions, ascending.
    public let versions: [Int]
    /// The channel by which the experiments are ranked.
    public let channel: String
    /// The requested order.
    public let order: RankingOrder
    /// True if the highest value is first.
    public let isHighestFirst: Bool
    /// The number of experiments that have a finite maxima value of the channel, including those not in ``rows``.
    public let count: Int
    /// The requested fields of the experiments' hashes, such as `param.lr`; nil if all fields were requested.
    public let columns: [String]?
    /// The first experiments in the order, at most as many as the limit.
    public let rows: [Row]
    /// The malformed values that were left out, one sentence each.
    public let warnings: [String]
    /// True if the versions differ in the objective or direction of this ranking, which are those of the newest
    /// version.
    package let versionsDisagree: Bool

    /// The requested columns that are neither maxima nor hyper-parameters nor metadata. JSON has no key for them.
    package var columnsOutsideJSON: [String] { (columns ?? []).filter { FieldName($0) == .other } }
}

extension Leaderboard {
    /// One experiment of a ranking.
    public struct Row: Sendable, Hashable {
        /// The rank: 1, 2, 3, … without ties. Equal values have successive ranks.
        public let rank: Int
        /// The experiment's id.
        public let experiment: String
        /// The id of the experiment's battery.
        public let battery: String
        /// The battery's name.
        public let batteryName: String
        /// The battery's version.
        public let batteryVersion: Int
        /// The maxima value of ``Leaderboard/channel``.
        public let value: Double
        /// The status; nil if it is absent or malformed.
        public let status: ExperimentStatus?
        /// The epoch of the maxima, at least 0; nil if it is unknown.
        public let bestEpoch: Int?
        /// The values of the channels at the best epoch: `train`, `valid`, `test`, then the others by name.
        public let maxima: [Maximum]
        /// The hyper-parameters, by name.
        public let params: [NamedValue]
        /// The metadata, by name.
        public let meta: [NamedValue]
        /// The fields of the experiment's hash as they were read.
        package let fields: [ExactText: String]
    }
}

/// The order of a ranking.
public enum RankingOrder: Sendable, Hashable {
    /// The best value first, by the battery's direction.
    case bestFirst
    /// The lowest value first.
    case ascending
    /// The highest value first.
    case descending

    /// Returns whether the highest value is first in a battery of this direction.
    func isHighestFirst(direction: Direction) -> Bool {
        switch self {
        case .bestFirst: direction == .max
        case .ascending: false
        case .descending: true
        }
    }
}
