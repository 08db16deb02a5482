package import HyperoSchema

/// The learning curves of an experiment: one column per channel over a common list of epochs.
///
///     for (epoch, value) in zip(curves.epochs, curves["valid"] ?? []) { print(epoch, value ?? .nan) }
public struct LearningCurves: Sendable, Hashable {
    /// The curve of one channel.
    ///
    /// It has only its logged values, so that an experiment with a channel per batch does not need epochs × channels of memory.
    public struct Channel: Sendable, Hashable {
        /// The channel's name, such as `train`.
        public let name: String
        /// The positions of the logged values in ``LearningCurves/epochs``, ascending.
        package let rows: [Int]
        /// The logged values with their digits as stored, one per element of ``rows``: a double has not all digits of a whole number
        /// above 2^53.
        package let numbers: [Number]
        /// The number of elements of ``LearningCurves/epochs``.
        private let epochCount: Int

        init(name: String, rows: [Int], numbers: [Number], epochCount: Int) {
            self.name = name
            self.rows = rows
            self.numbers = numbers
            self.epochCount = epochCount
        }

        /// One value per element of ``LearningCurves/epochs``. It may be nan or infinite; nil if none was logged.
        ///
        /// Each access creates the array.
        public var values: [Double?] { column(numbers.map(\.value)) }

        /// One number per element of ``LearningCurves/epochs``; nil if none was logged.
        var column: [Number?] { column(numbers) }

        private func column<Value>(_ logged: [Value]) -> [Value?] {
            var column = [Value?](repeating: nil, count: epochCount)
            for (row, value) in zip(rows, logged) { column[row] = value }
            return column
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
        channels.first { $0.name.hasSameBytes(as: channel) }.map(numbers) ?? []
    }

    /// Returns the logged numbers of one of the channels with their epochs, ascending.
    func numbers(of channel: Channel) -> [(epoch: Int, number: Number)] {
        zip(channel.rows, channel.numbers).map { (epochs[$0], $1) }
    }
}
