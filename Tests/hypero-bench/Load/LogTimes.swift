import Glibc
import Hypero

/// The durations of log calls, and of empty measurements with the same clock.
struct LogTimes: Sendable {
    private(set) var calls = Latencies()
    /// Measurements without a call: the cost of reading the clock.
    private(set) var clock = Latencies()

    /// Measures an empty interval and then a call. The two alternate, so that interruptions of the thread affect both.
    @inline(__always)
    mutating func measure(_ body: () -> Void) {
        let first = Clock.now
        let second = Clock.now
        body()
        let third = Clock.now
        clock.record(second - first)
        calls.record(third - second)
    }

    /// Merges the times of several threads.
    init(merging parts: [LogTimes]) {
        for part in parts {
            calls.add(part.calls)
            clock.add(part.clock)
        }
    }

    init() {}
}
