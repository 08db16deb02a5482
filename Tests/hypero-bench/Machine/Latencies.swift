import Histogram

/// A histogram of durations in nanoseconds, with a precision of three digits.
///
/// The memory of the histogram is allocated and written at the start, so recording neither allocates nor causes a page
/// fault.
struct Latencies {
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: Self.maxDuration, numberOfSignificantValueDigits: .three)
    /// The number of durations above one millisecond.
    private(set) var slowCount = 0

    /// Longer durations are recorded as this one.
    private static let maxDuration: UInt64 = 60_000_000_000

    var count: Int { Int(histogram.totalCount) }

    mutating func record(_ nanoseconds: Int64) {
        let value = UInt64(max(nanoseconds, 0))
        if value > 1_000_000 { slowCount += 1 }
        histogram.record(min(value, Self.maxDuration))
    }

    mutating func add(_ other: Latencies) {
        histogram.add(other.histogram)
        slowCount += other.slowCount
    }

    mutating func removeAll() {
        histogram.reset()
        slowCount = 0
    }

    /// Returns a percentile in nanoseconds.
    func percentile(_ percent: Double) -> Double { Double(histogram.valueAtPercentile(percent)) }

    var median: Double { percentile(50) }
    var p99: Double { percentile(99) }
    var longest: Double { Double(histogram.max) }
}

extension Array where Element == Double {
    /// The median: the mean of the two middle values of an even count; nan of an empty array.
    var median: Double {
        guard !isEmpty else { return .nan }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
