package import HyperoSchema

/// The learning curves of an experiment: one column per channel over a common list of epochs.
///
///     for (epoch, value) in zip(curves.epochs, curves["valid"] ?? []) { print(epoch, value ?? .nan) }
public struct LearningCurves: Sendable, Hashable {
    /// The curve of one channel.
    public struct Channel: Sendable, Hashable {
        /// The channel's name, such as `train`.
        public let name: String
        /// One value per element of ``LearningCurves/epochs``. It may be nan or infinite; nil if none was logged.
        public let values: [Double?]
        /// The values with their digits as stored: a double has not all digits of a whole number above 2^53.
        package let numbers: [Number?]

        init(name: String, numbers: [Number?]) {
            self.name = name
            self.numbers = numbers
            values = numbers.map { $0?.value }
        }
    }

    /// The epochs with at least one value, ascending. Epochs may be absent; the first may be any number from 0.
    public let epochs: [Int]
    /// The channels: `train`, `valid`, `test`, then the others by name.
    public let channels: [Channel]

    /// The values of a channel, one per element of ``epochs``; nil if the channel does not exist.
    public subscript(channel: String) -> [Double?]? {
        channels.first { $0.name.hasSameBytes(as: channel) }?.values
    }

    /// Returns the logged numbers of a channel with their epochs, ascending; none if the channel does not exist.
    func numbers(of channel: String) -> [(epoch: Int, number: Number)] {
        guard let curve = channels.first(where: { $0.name.hasSameBytes(as: channel) }) else { return [] }
        return zip(epochs, curve.numbers).compactMap { epoch, number in number.map { (epoch, $0) } }
    }
}
