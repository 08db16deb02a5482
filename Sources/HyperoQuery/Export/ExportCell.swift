import Glibc
import HyperoSchema

/// A value of an export.
enum ExportCell {
    case missing
    /// A value of a hyper-parameter or of metadata, as stored: JSON for anything but text.
    case stored(String)
    /// A text that is no JSON, such as an id.
    case text(String)
    /// A number with its digits as stored, or `nan`, `inf` and `-inf`.
    case number(String)
    /// A whole number.
    case integer(Int64)
    /// A time in Unix milliseconds.
    case time(Int64)

    init(text: String?) { self = text.map { .text($0) } ?? .missing }
    init(stored: String?) { self = stored.map { .stored($0) } ?? .missing }
    init(time: Int64?) { self = time.map { .time($0) } ?? .missing }
}

/// Returns a time in UTC by ISO 8601, with milliseconds: `2025-11-23T22:58:01.250Z`. A year that has not four digits is written
/// in Unix milliseconds.
///
/// Source of the calendar: Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
func isoText(_ milliseconds: Int64) -> String {
    guard (-62_167_219_200_000...253_402_300_799_999).contains(milliseconds) else { return String(milliseconds) }
    let day = Int64(864e5)
    let days = (milliseconds - ((milliseconds % day) + day) % day) / day
    var rest = milliseconds - days * day
    // Days since 0000-03-01, so that a leap day is the last one of its year.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24)
    func put(_ value: Int64, digits: Int, end: UInt8) {
        var divisor: Int64 = digits == 4 ? 1_000 : digits == 3 ? 100 : 10
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
        bytes.append(end)
    }
    put(year, digits: 4, end: UInt8(ascii: "-"))
    put(month, digits: 2, end: UInt8(ascii: "-"))
    put(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1, digits: 2, end: UInt8(ascii: "T"))
    put(rest / 3_600_000, digits: 2, end: UInt8(ascii: ":"))
    rest %= 3_600_000
    put(rest / 60_000, digits: 2, end: UInt8(ascii: ":"))
    rest %= 60_000
    put(rest / 1_000, digits: 2, end: UInt8(ascii: "."))
    put(rest % 1_000, digits: 3, end: UInt8(ascii: "Z"))
    return String(decoding: bytes, as: UTF8.self)
}

/// Returns a number with at most some significant digits. A whole number and a text that is no number are unchanged.
///
/// - Parameter digits: 1 to 17.
func roundedText(_ text: String, digits: Int) -> String {
    guard !isWholeNumber(text), let number = Number(text: text), number.isFinite, number.value.rounded() != number.value
    else { return text }
    let rounded = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
        String(cString: gcvt(number.value, Int32(digits), buffer.baseAddress!))
    }
    // gcvt writes 1e-05 and 0.5, whose forms JSON has too, but also 1.e+10, which it has not.
    return Number(text: rounded).map { Number.text(of: $0.value) } ?? text
}
