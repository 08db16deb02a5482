import Glibc
import HyperoCore

/// The clock of what takes nanoseconds: ``MonotonicTime`` is of another module, and not inlined here.
enum Clock {
    /// Nanoseconds on the clock that only goes forward.
    @inline(__always)
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Sleeps until then; not at all when that is past.
    static func sleep(until moment: Int64) {
        var time = timespec(tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}
