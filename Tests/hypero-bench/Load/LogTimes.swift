import Glibc
import Hypero

/// What log calls took, and the same clock around nothing in between.
struct LogTimes: Sendable {
    private(set) var calls = Latencies()
    /// The clock alone.
    private(set) var nothing = Latencies()

    /// Each turn takes the time around nothing and then around the body, so that whatever the machine does to the thread
    /// it does to both alike.
    @inline(__always)
    mutating func take(_ body: () -> Void) {
        let first = Clock.now
        let second = Clock.now
        body()
        let third = Clock.now
        nothing.record(second - first)
        calls.record(third - second)
    }

    /// Of all threads.
    init(_ parts: [LogTimes]) {
        for part in parts {
            calls.add(part.calls)
            nothing.add(part.nothing)
        }
    }

    init() {}
}
