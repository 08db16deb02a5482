import Glibc
import HyperoSchema

/// The axis of one hyper-parameter in the space of kernels, on which its values are coordinates.
///
/// The coordinates of bounded numbers are from 0 to 1, in the logarithm for `logUniform`. So bounds that are far apart, or differ in
/// the last bits only, need no attention. An integer is in the middle of its cell: the cells of `randint` divide 0...1 equally. Those
/// of `normal` are distances from the mean in standard deviations. That of a choice is its index.
struct ParameterAxis {
    /// The coordinates of an axis.
    enum Support {
        /// Numbers from 0 to 1.
        case interval
        /// The middles of cells, which divide the numbers from 0 to 1 equally.
        case cells(count: Double)
        /// All numbers, with the normal distribution of mean 0 and standard deviation 1 as the prior.
        case line
        /// Indexes of choices, with their probabilities in the prior.
        case choices([Double])
    }

    let distribution: Distribution
    let support: Support

    /// - Returns: nil for a distribution with one value, or one from which nothing can be drawn.
    init?(_ distribution: Distribution) {
        guard distribution.violation == nil else { return nil }
        self.distribution = distribution
        switch distribution {
        case .uniform(let low, let high):
            guard high / 2 - low / 2 > 0 else { return nil }
            support = .interval
        case .logUniform(let low, let high):
            guard log(high) - log(low) > 0 else { return nil }
            support = .interval
        case .normal(_, let deviation):
            guard deviation > 0 else { return nil }
            support = .line
        case .randint(let low, let high):
            guard low < high else { return nil }
            support = .cells(count: Double(Self.distance(from: low, to: high)) + 1)
        case .categorical(let choices, let weights):
            let weights = weights ?? Array(repeating: 1, count: choices.count)
            let sum = weights.reduce(0, +)
            guard weights.count(where: { $0 > 0 }) > 1 else { return nil }
            support = .choices(weights.map { $0 / sum })
        }
    }

    /// Returns the coordinate of a value; nil if this axis has no such value.
    ///
    /// - Parameter source: The distribution that the value was drawn from. It may differ from that of this axis, if the bounds or the
    ///   choices were changed.
    func coordinate(of value: DrawnValue, from source: Distribution) -> Double? {
        switch (distribution, value) {
        case (.categorical(let choices, let weights), .choice(let index)):
            guard let place = Self.index(ofChoice: index, from: source, in: choices, isSame: source == distribution),
                weights.map({ $0[place] > 0 }) ?? true
            else { return nil }
            return Double(place)
        case (.categorical, _), (_, .choice): return nil
        case (.randint(let low, let high), .integer(let integer)):
            guard case .cells(let count) = support, low <= integer, integer <= high else { return nil }
            return (Double(Self.distance(from: low, to: integer)) + 0.5) / count
        case (.randint, .number(let number)):
            return Int(exactly: number).flatMap { coordinate(of: .integer($0), from: source) }
        case (_, .integer(let integer)): return coordinate(ofNumber: Double(integer))
        case (_, .number(let number)): return coordinate(ofNumber: number)
        }
    }

    private func coordinate(ofNumber number: Double) -> Double? {
        switch distribution {
        case .uniform(let low, let high):
            guard low <= number, number <= high else { return nil }
            return (number / 2 - low / 2) / (high / 2 - low / 2)
        case .logUniform(let low, let high):
            guard low <= number, number <= high else { return nil }
            return (log(number) - log(low)) / (log(high) - log(low))
        case .normal(let mean, let deviation):
            let coordinate = (number - mean) / deviation
            return coordinate.isFinite ? coordinate : nil
        default: return nil
        }
    }

    /// Returns the value of a coordinate. One outside of the axis has the value of the nearest coordinate on it.
    func value(at coordinate: Double) -> DrawnValue {
        switch distribution {
        case .uniform(let low, let high):
            return .number(min(max(2 * (low / 2 + (high / 2 - low / 2) * coordinate), low), high))
        case .logUniform(let low, let high):
            return .number(min(max(exp(log(low) + (log(high) - log(low)) * coordinate), low), high))
        case .normal(let mean, let deviation):
            let bound = Double.greatestFiniteMagnitude
            return .number(min(max(mean + deviation * coordinate, -bound), bound))
        case .randint(let low, let high):
            guard case .cells(let count) = support else { return .integer(low) }
            let offset = UInt64(exactly: min(max((coordinate * count).rounded(.down), 0), 0x1p64.nextDown)) ?? 0
            let farthest = Self.distance(from: low, to: high)
            return .integer(Int(Int64(bitPattern: UInt64(bitPattern: Int64(low)) &+ min(offset, farthest))))
        case .categorical(let choices, _):
            return .choice(Int(min(max(coordinate, 0), Double(choices.count - 1))))
        }
    }

    /// Returns the difference of two integers, which may exceed the range of Int.
    private static func distance(from low: Int, to high: Int) -> UInt64 {
        UInt64(bitPattern: Int64(high)) &- UInt64(bitPattern: Int64(low))
    }

    /// Returns the index in `choices` of a choice that was drawn from another distribution; nil if it is none of them.
    private static func index(
        ofChoice index: Int, from source: Distribution, in choices: [Value], isSame: Bool
    ) -> Int? {
        guard case .categorical(let sources, _) = source, sources.indices.contains(index) else { return nil }
        return isSame ? index : choices.firstIndex(of: sources[index])
    }
}
