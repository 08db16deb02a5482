public import HyperoSearch

/// The importance of the hyper-parameters of a battery for a channel.
public struct ImportanceReport: Sendable, Hashable {
    /// The battery's name.
    public let name: String
    /// The batteries.
    package let source: BatterySource
    /// The ids of the batteries, sorted by version. Batteries of one version differ in their descriptions.
    public var batteries: [String] { source.batteries.map(\.id) }
    /// The channel whose value at each experiment's best epoch counts.
    public let channel: String
    /// True if low values of the channel are better.
    public let isLowestBest: Bool
    /// The reason for the direction.
    public let directionSource: DirectionSource
    /// The number of experiments of the batteries.
    public let experimentCount: Int
    /// The number of experiments that were read, the newest ones: all of them, or as many as the limit.
    public let examinedCount: Int
    /// The number of experiments in ``importance`` that have not ended yet: their value may still change.
    public let runningCount: Int
    /// The number of read experiments without a value of the channel. They are left out.
    public let missingCount: Int
    /// The number of read experiments whose value of the channel is nan or infinite. They are left out.
    public let nonfiniteCount: Int
    /// The shares of the hyper-parameters.
    public package(set) var importance: Importance
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]
    /// The condition on the read experiments; nil for none.
    public let filter: Filter?
    /// True if the remarks name the condition.
    package var namesFilter = true
}
