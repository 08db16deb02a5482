public import HyperoSchema

/// A battery with the number of its experiments and its best value.
///
/// A battery groups the experiments of one name, version and description.
public struct BatterySummary: Sendable, Hashable {
    /// The battery's id: `<slug>.v<version>.<hash>`, or an id of `[a-z0-9.-]{1,80}` that another client chose.
    public let id: String
    /// The name.
    public let name: String
    /// The version.
    public let version: Int
    /// The description of the version, possibly empty.
    public let description: String
    /// The objective: the channel that decides which experiment is best.
    public let objective: String
    /// The direction in which values of the objective are better.
    public let direction: Direction
    /// The time of the first declaration, in Unix milliseconds; nil if it is missing or malformed.
    public let created: Int64?
    /// The time of the latest event, in Unix milliseconds; nil if it is missing or malformed.
    public let updated: Int64?
    /// The number of experiments.
    public let experimentCount: Int
    /// The experiment with the best maxima value of the objective; nil until one has a finite value.
    public let best: Best?
    /// The latest declaration that differs from the first one, such as `objective loss min`; nil if there is none. It has no
    /// effect.
    public let conflict: String?

    /// The best maxima value of the objective; nil until an experiment has a finite value of it.
    public var bestValue: Double? { best?.value }

    /// An experiment with the best value of its battery.
    public struct Best: Sendable, Hashable {
        /// The experiment's id.
        public let experiment: String
        /// The status, `lost` for a running experiment without a sign of life; nil if it is absent or malformed.
        public let status: ExperimentStatus?
        /// The maxima value of the objective with its digits as stored.
        package let number: Number

        /// The maxima value of the objective.
        public var value: Double { number.value }
    }
}

/// All batteries of a store.
public struct BatteryList: Sendable, Hashable {
    /// The batteries, by name, version and time of creation.
    public let batteries: [BatterySummary]
    /// The malformed values that were left out, one sentence each.
    public let warnings: [String]
}

/// The batteries of one name: its versions, and their descriptions.
public struct VersionList: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The batteries, by version and time of creation.
    public let batteries: [BatterySummary]
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]
}
