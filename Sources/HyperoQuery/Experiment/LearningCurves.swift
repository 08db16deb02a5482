import HyperoSchema

/// The learning curves of an experiment, as columns over the epochs.
public struct LearningCurves: Sendable, Hashable {
    /// One channel.
    public struct Channel: Sendable, Hashable {
        /// Its name, as `train`.
        public let name: String
        /// A value for each of the epochs, which may be nan or infinite; nil where none came.
        public let values: [Double?]
    }

    /// The epochs that have a row, ascending.
    public let epochs: [Int]
    /// The channels: train, valid, test, then the others by name.
    public let channels: [Channel]

    /// The values of a channel; nil when there is no such channel.
    public subscript(channel: String) -> [Double?]? {
        channels.first { $0.name.hasSameBytes(as: channel) }?.values
    }
}
