import Glibc
import HyperoSchema

/// Returns a count with its noun: `1 entry`, `2 entries`.
///
/// - Parameter plural: the plural of the noun; nil for the noun with an s.
package func counted(_ count: Int, noun: String, plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}

/// Returns a number of bytes in the largest decimal unit: `850 bytes`, `1.2 MB`.
func bytesText(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
        if value < 1000 || unit == "TB" {
            guard unit != "bytes" else { return "\(bytes) bytes" }
            return value < 10 ? "\((value * 10).rounded() / 10) \(unit)" : "\(Int(value.rounded())) \(unit)"
        }
        value /= 1000
    }
    return "\(bytes) bytes"
}

/// Returns a duration in its two largest units: `850 ms`, `12 s`, `3 min 20 s`, `5 h 4 min`, `2 d 3 h`.
package func durationText(_ milliseconds: Int64) -> String {
    let seconds = milliseconds / 1000
    return switch seconds {
    case ..<1: "\(max(milliseconds, 0)) ms"
    case ..<60: "\(seconds) s"
    case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
    default: "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
    }
}

/// Returns the age of a time in its largest unit, such as `3 min ago`. A time in the future is `now`, because the clocks of
/// hosts differ.
package func agoText(_ milliseconds: Int64, now: Int64) -> String {
    let seconds = now.subtractingReportingOverflow(milliseconds).partialValue / 1000
    return switch seconds {
    case ..<1: "now"
    case ..<60: "\(seconds) s ago"
    case ..<3_600: "\(seconds / 60) min ago"
    case ..<86_400: "\(seconds / 3_600) h ago"
    default: "\(seconds / 86_400) d ago"
    }
}

/// Returns a time as local date and time: `2025-11-23 22:58:01`.
package func dateText(_ milliseconds: Int64) -> String {
    var time = time_t(milliseconds / 1000)
    var local = tm()
    // Fails for a year that does not fit into an int.
    guard localtime_r(&time, &local) != nil else { return "\(milliseconds) ms" }
    let parts = [local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec]
        .map { $0 < 10 ? "0\($0)" : "\($0)" }
    return "\(Int(local.tm_year) + 1900)-\(parts[0])-\(parts[1]) \(parts[2]):\(parts[3]):\(parts[4])"
}

/// Returns the number of columns that a terminal needs for a text. The text must be escaped.
func textWidth(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + characterWidth($1) }
}

/// Returns the text shortened to a number of columns, with the ellipsis at its end.
func truncated(_ text: String, toWidth width: Int, ellipsis: String) -> String {
    guard textWidth(text) > width else { return text }
    var result = ""
    // The ellipsis needs 1 column.
    var used = 1
    for character in text {
        used += characterWidth(character)
        guard used <= width else { break }
        result.append(character)
    }
    return result + ellipsis
}

/// Returns 0, 1 or 2 columns, by East Asian Width of Unicode: <https://www.unicode.org/reports/tr11/>.
private func characterWidth(_ character: Character) -> Int {
    character.unicodeScalars.reduce(0) { max($0, scalarWidth($1)) }
}

private func scalarWidth(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x20..<0x7F: return 1
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
        return 2
    default:
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return 1
        }
    }
}
