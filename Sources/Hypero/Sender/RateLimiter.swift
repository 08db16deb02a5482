import HyperoCore

/// A token bucket: allows a burst of events, and then one event per interval.
///
/// Unused tokens accumulate up to the burst.
struct RateLimiter {
    private let burst: Int
    private let interval: Duration
    /// The number of events allowed now.
    private var tokens: Int
    /// The time of the last refill; nil before the first event.
    private var lastRefill: MonotonicTime?

    init(burst: Int, interval: Duration) {
        self.burst = burst
        self.interval = interval
        tokens = burst
    }

    /// Returns whether the event may happen now, and counts it if so.
    mutating func allows(at now: MonotonicTime) -> Bool {
        if tokens == burst { lastRefill = now }
        while let last = lastRefill, tokens < burst, now - last >= interval {
            tokens += 1
            lastRefill = last + interval
        }
        guard tokens > 0 else { return false }
        tokens -= 1
        return true
    }
}
