package import HyperoCore

/// The number of events per second over the last ten seconds.
package struct EventRate: Sendable, Hashable {
    private static let window = 10

    /// The number of events in each second, by the second modulo the size of the window.
    private var counts = [Int](repeating: 0, count: window)
    /// The second of the latest count.
    private var latest: Int64 = 0

    package init() {}

    /// Counts events.
    package mutating func add(_ count: Int, at now: MonotonicTime) {
        advance(to: now)
        counts[Int(latest % Int64(Self.window))] += count
    }

    /// Returns the events per second.
    package mutating func perSecond(at now: MonotonicTime) -> Double {
        advance(to: now)
        return Double(counts.reduce(0, +)) / Double(Self.window)
    }

    private mutating func advance(to now: MonotonicTime) {
        let second = now.nanoseconds / 1_000_000_000
        guard second > latest else { return }
        for passed in 1...min(second - latest, Int64(Self.window)) {
            counts[Int((latest + passed) % Int64(Self.window))] = 0
        }
        latest = second
    }
}
