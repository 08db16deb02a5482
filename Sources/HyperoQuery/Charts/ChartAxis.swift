/// An axis of a chart: its scale, its range and its ticks.
package struct ChartAxis: Sendable, Hashable {
    /// A number on the axis.
    package struct Tick: Sendable, Hashable {
        package let value: Double
        package let text: String
    }

    /// True for a logarithmic scale.
    package let isLog: Bool
    /// The value at the start of the axis.
    package let low: Double
    /// The value at the end of the axis, greater than ``low``.
    package let high: Double
    /// The ticks, ascending, all of them on the axis.
    package let ticks: [Tick]

    /// Creates an axis for a range of values.
    ///
    /// - Parameters:
    ///   - range: the values to show, positive ones if the scale is logarithmic.
    ///   - count: the wanted number of ticks.
    ///   - isLog: true for a logarithmic scale.
    ///   - isLoose: true to extend the axis to a tick at each end.
    ///   - isInteger: true for ticks at whole numbers only.
    package init(_ range: ValueRange, count: Int, isLog: Bool, isLoose: Bool, isInteger: Bool = false) {
        var axis = Self(range, exactly: count, isLog: isLog, isLoose: isLoose, isInteger: isInteger)
        // One tick does not tell the scale. The best ticks of an axis without extensions may be outside of it, if few are wanted.
        for extra in 1...Self.maxExtra where axis.ticks.count < 2 {
            axis = Self(range, exactly: count + extra, isLog: isLog, isLoose: isLoose, isInteger: isInteger)
        }
        self = axis
    }

    private static let maxExtra = 8

    private init(_ range: ValueRange, exactly count: Int, isLog: Bool, isLoose: Bool, isInteger: Bool) {
        self.isLog = isLog
        var (low, high) = (range.low, range.high)
        let numbers: [TickNumber]
        if isInteger, !isLog {
            numbers = LinearTicks.ticks(from: low, to: high, count: count, isLoose: isLoose, isInteger: true)
            // Beside a number above 2^53, there is no double at a distance of a half.
            let margin = max(0.5, low.magnitude.ulp)
            if low >= high { (low, high) = (low - margin, high + margin) }
        } else {
            let scale = ChartScale(range, isLog: isLog)
            (low, high) = (scale.low, scale.high)
            numbers =
                isLog
                ? LogTicks.ticks(from: low, to: high, count: count, isLoose: isLoose)
                : LinearTicks.ticks(from: low, to: high, count: count, isLoose: isLoose)
        }
        if isLoose, let first = numbers.first, let last = numbers.last {
            low = min(low, first.value)
            high = max(high, last.value)
        }
        self.low = low
        self.high = high
        let texts = isLog ? TickNumber.textsOnLogAxis(of: numbers) : TickNumber.texts(of: numbers)
        let margin = isLog ? 0 : (high / 2 - low / 2) * 1e-9
        ticks = zip(numbers, texts).map { Tick(value: $0.value, text: $1) }
            .filter { $0.value >= low - margin && $0.value <= high + margin && (!isLog || $0.value > 0) }
    }

    /// Returns the position of a value, as ``ChartScale/position(of:)``.
    package func position(of value: Double) -> Double {
        ChartScale(isLog: isLog, low: low, high: high).position(of: value)
    }
}
