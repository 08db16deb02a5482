import Foundation
import Glibc

/// The monotonic clock of the benchmark.
///
/// Not `MonotonicTime`, which belongs to another module and is not inlined here. A measured call takes only
/// nanoseconds.
enum Clock {
    /// The current time in nanoseconds.
    @inline(__always)
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    /// Sleeps until a time in nanoseconds. Returns immediately if the time has passed.
    static func sleep(until nanoseconds: Int64) {
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }
}

/// Processor time of other processes, on all their threads together.
enum ProcessTime {
    /// Returns the processor time of a process so far in seconds, with a resolution of 10 ms. Returns 0 if the process does
    /// not exist.
    static func seconds(of pid: Int32) -> Double {
        // "pid (name) state …": the times are the 14th and 15th fields. The name may contain spaces.
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let afterName = text.split(separator: ")").last
        else { return 0 }
        let fields = afterName.split(separator: " ")
        return ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The processor time in seconds of all ended children of this process.
    static var endedChildrenSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
}
