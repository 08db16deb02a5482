import Glibc

/// The range of values that a chart shows.
package struct ValueRange: Sendable, Hashable {
    package let low: Double
    package let high: Double

    /// The part of the horizontal axis whose values may be left out: the first epochs of a training are often far off.
    private static let warmUp = 0.05
    private static let percentile = 0.01
    /// The part of the height below which the rest of the values is too flat to be read.
    private static let leastHeight = 0.25
    /// The number of values, and their part of all values, from which percentiles mean something.
    private static let leastCount = 16
    private static let leastPart = 0.9

    /// The range of all values; nil if there are none.
    ///
    /// - Parameter values: finite values.
    package init?(all values: [Double]) {
        guard let low = values.min(), let high = values.max() else { return nil }
        self.low = low
        self.high = high
    }

    /// The range of all values, or of most of them: if the range from the 1st to the 99th percentile after the first 5 % of the
    /// horizontal axis would take less than a quarter of the height. A bound of all values stays if it is not further than a
    /// quarter of that range away.
    ///
    /// - Parameters:
    ///   - points: points with finite values, positive ones if the axis is logarithmic.
    ///   - isLog: true if the axis of the values is logarithmic.
    package init?(ofMost points: [ChartPoint], isLog: Bool) {
        guard let all = ValueRange(all: points.map(\.y)), let start = points.map(\.x).min(),
            let end = points.map(\.x).max()
        else { return nil }
        func height(_ value: Double) -> Double { isLog ? log10(value) : value / 2 }
        let threshold = start + (end - start) * Self.warmUp
        let rest = points.filter { $0.x >= threshold }.map(\.y).sorted()
        guard rest.count >= Self.leastCount, Double(rest.count) >= Self.leastPart * Double(points.count) else {
            self = all
            return
        }
        let low = Self.quantile(Self.percentile, of: rest)
        let high = Self.quantile(1 - Self.percentile, of: rest)
        let range = height(high) - height(low)
        guard range > 0, range < Self.leastHeight * (height(all.high) - height(all.low)) else {
            self = all
            return
        }
        self.low = height(low) - height(all.low) <= Self.leastHeight * range ? all.low : low
        self.high = height(all.high) - height(high) <= Self.leastHeight * range ? all.high : high
    }

    /// Returns the value below which a part of some values is: the nearest one of them, without interpolation.
    ///
    /// - Parameter values: at least one value, ascending.
    private static func quantile(_ part: Double, of values: [Double]) -> Double {
        values[Int((part * Double(values.count - 1)).rounded())]
    }
}
