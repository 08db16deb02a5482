public import HyperoSchema

/// The experiments of a battery, or of all versions of it, in the order of one channel's maxima.
public struct Leaderboard: Sendable, Hashable {
    /// One experiment.
    public struct Row: Sendable, Hashable {
        /// 1, 2, 3, …; equal values get ranks of their own.
        public let rank: Int
        /// The experiment's id.
        public let experiment: String
        /// The id of its battery.
        public let battery: String
        /// The battery's name.
        public let name: String
        /// The battery's version.
        public let version: Int
        /// The value of the channel that ranks.
        public let value: Double
        /// Where the experiment is in its life; nil when Redis does not say.
        public let status: ExperimentStatus?
        /// The epoch of the maxima; nil when nobody said it.
        public let epoch: Int?
        /// The channels at the best epoch.
        public let maxima: [Maximum]
        /// The hyper-parameters.
        public let params: [NamedValue]
        /// The metadata.
        public let meta: [NamedValue]
        /// The hash as it was read.
        package let fields: [ExactText: String]
    }

    /// The battery's name.
    public let name: String
    /// The versions that were ranked.
    public let versions: [Int]
    /// The channel that ranks.
    public let channel: String
    /// The order that was asked for.
    public let order: RankingOrder
    /// Whether high values come first.
    public let isHighestFirst: Bool
    /// How many experiments have a value of the channel, shown or not.
    public let count: Int
    /// The fields of the hash that were asked for; nil when all were.
    public let columns: [String]?
    /// The first experiments, as many as were asked for.
    public let rows: [Row]
    /// What could not be read, each a sentence.
    public let warnings: [String]

    /// The columns that were asked for and are neither maxima, nor hyper-parameters, nor metadata.
    package var columnsBeyondJSON: [String] { (columns ?? []).filter { FieldName($0) == .other } }
}
