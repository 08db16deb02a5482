import Glibc

/// A length of time for people, from milliseconds: `850 ms`, `12 s`, `3 min 20 s`, `5 h 4 min`, `2 d 3 h`.
func durationText(_ milliseconds: Int64) -> String {
    let seconds = milliseconds / 1000
    return switch seconds {
    case ..<1: "\(max(milliseconds, 0)) ms"
    case ..<60: "\(seconds) s"
    case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    default: "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
    }
}

/// How long ago a moment was, in its largest unit: `3 min ago`. Clocks differ, so what lies ahead is now.
func agoText(_ milliseconds: Int64, now: Int64) -> String {
    let seconds = now.subtractingReportingOverflow(milliseconds).partialValue / 1000
    return switch seconds {
    case ..<1: "now"
    case ..<60: "\(seconds) s ago"
    case ..<3_600: "\(seconds / 60) min ago"
    case ..<86_400: "\(seconds / 3_600) h ago"
    default: "\(seconds / 86_400) d ago"
    }
}

/// A moment in local time: `2025-11-23 22:58:01`.
func dateText(_ milliseconds: Int64) -> String {
    var time = time_t(milliseconds / 1000)
    var local = tm()
    // A year beyond what an int holds.
    guard localtime_r(&time, &local) != nil else { return "\(milliseconds) ms" }
    let parts = [local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec]
        .map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "\(Int(local.tm_year) + 1900)-\(parts[0])-\(parts[1]) \(parts[2]):\(parts[3]):\(parts[4])"
}
