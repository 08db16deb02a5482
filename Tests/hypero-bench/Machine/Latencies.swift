import Histogram

/// Durations in nanoseconds, as a histogram of three digits whose memory is there from the start: recording allocates
/// nothing and, since all of it was written once, takes no page fault.
struct Latencies {
    private var histogram = Histogram<UInt64>(
        highestTrackableValue: Self.longest, numberOfSignificantValueDigits: .three)
    /// How many took more than a millisecond.
    private(set) var slow = 0

    private static let longest: UInt64 = 60_000_000_000

    var count: Int { Int(histogram.totalCount) }

    mutating func record(_ nanoseconds: Int64) {
        let value = UInt64(max(nanoseconds, 0))
        if value > 1_000_000 { slow += 1 }
        histogram.record(min(value, Self.longest))
    }

    mutating func add(_ others: Latencies) {
        histogram.add(others.histogram)
        slow += others.slow
    }

    mutating func removeAll() {
        histogram.reset()
        slow = 0
    }

    /// The duration that so many of a hundred do not exceed, in nanoseconds.
    func percentile(_ percent: Double) -> Double { Double(histogram.valueAtPercentile(percent)) }

    var median: Double { percentile(50) }

    var longest: Double { Double(histogram.max) }
}
