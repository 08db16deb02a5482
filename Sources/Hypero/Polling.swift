import Glibc
import HyperoCore

/// Waits without a lock: a condition variable would need one that the log path shares.
enum Polling {
    /// Looks at a condition every half millisecond.
    ///
    /// - Returns: false if the deadline has passed first.
    static func poll(until deadline: MonotonicTime, _ isReached: () -> Bool) -> Bool {
        while !isReached() {
            guard MonotonicTime.now < deadline else { return false }
            sleep(for: .microseconds(500))
        }
        return true
    }

    /// - Parameter duration: Below a second.
    static func sleep(for duration: Duration) {
        var time = timespec(tv_sec: 0, tv_nsec: Int(duration.components.attoseconds / 1_000_000_000))
        nanosleep(&time, nil)
    }
}
