import Glibc

/// The positions of values between the two ends of an axis.
package struct ChartScale: Sendable, Hashable {
    /// True for a logarithmic scale.
    package let isLog: Bool
    /// The value at the start.
    package let low: Double
    /// The value at the end.
    package let high: Double

    /// The distance from the axis, in lengths of it, beyond which positions are not told apart. The crossing of a line to such a
    /// position with the end of the axis is exact to a millionth of a dot.
    private static let farthest = 1e9
    /// The part of a value below which a difference is no range: the logarithms of both ends may be equal.
    private static let leastRelativeRange = 1e-12

    package init(isLog: Bool, low: Double, high: Double) {
        self.isLog = isLog
        self.low = low
        self.high = high
    }

    /// Creates the scale of a range of values. Equal values are in the middle.
    ///
    /// - Parameters:
    ///   - range: the values, positive ones if the scale is logarithmic.
    ///   - isLog: true for a logarithmic scale.
    package init(_ range: ValueRange, isLog: Bool) {
        if !isLog {
            (low, high) = LinearTicks.widened(range.low, range.high)
        } else if range.high <= range.low * (1 + Self.leastRelativeRange) {
            // At most a decade, with the value in its middle.
            low = max(range.low / 3, .leastNonzeroMagnitude)
            high = min(range.low * 3, .greatestFiniteMagnitude)
        } else {
            (low, high) = (range.low, range.high)
        }
        self.isLog = isLog
    }

    /// Returns the position of a value: 0 at the start, 1 at the end, and outside of both for other values.
    ///
    /// The position is finite for every value: at most 10^9 lengths away from the axis. The position of nan, and that of a value
    /// that a logarithmic scale does not have, is below the axis.
    package func position(of value: Double) -> Double {
        // Halved, because the difference of two finite doubles may be infinite.
        func height(_ value: Double) -> Double { isLog ? log10(value) : value / 2 }
        let (start, end, point) = (height(low), height(high), height(value))
        guard end > start else { return 0.5 }
        let position = (point - start) / (end - start)
        guard !position.isNaN else { return -Self.farthest }
        return min(max(position, -Self.farthest), Self.farthest)
    }
}
