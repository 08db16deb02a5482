import Glibc

/// The earliest start of experiments, as a user writes it: a time or an age.
///
///     2026-11-24              the beginning of the day, local time
///     2026-11-24T09:30        a minute or second of it; Z at the end for UTC
///     2h                      two hours before the present; also s, m, d and w
package enum StartTime {
    /// Returns the time in Unix milliseconds; nil if the text is neither a time nor an age.
    ///
    /// - Parameter now: the present in Unix milliseconds.
    package static func milliseconds(in text: String, now: Int64) -> Int64? {
        age(in: text).map { now.subtractingReportingOverflow($0).partialValue } ?? time(in: text)
    }

    /// Returns the milliseconds of an age such as `90s`, `1.5h` or `2d`.
    private static func age(in text: String) -> Int64? {
        let units: [Character: Double] = ["s": 1e3, "m": 60e3, "h": 3_600e3, "d": 86_400e3, "w": 604_800e3]
        guard let last = text.last, let unit = units[last] else { return nil }
        let digits = text.dropLast()
        // Double also reads words, exponents and hexadecimal digits.
        guard digits.utf8.allSatisfy({ "0123456789.".utf8.contains($0) }), let count = Double(digits), count.isFinite
        else { return nil }
        // A longer age would overflow the subtraction from the present.
        return Int64(min(count * unit, 1e15))
    }

    /// Returns the time of `yyyy-mm-dd`, optionally with `T` or a space and `hh:mm` or `hh:mm:ss`, and `Z`.
    private static func time(in text: String) -> Int64? {
        var bytes = Array(text.utf8)[...]
        func number(digits: Int) -> Int32? {
            guard bytes.count >= digits else { return nil }
            var value: Int32 = 0
            for byte in bytes.prefix(digits) {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int32(byte - UInt8(ascii: "0"))
            }
            bytes = bytes.dropFirst(digits)
            return value
        }
        func skip(_ marks: String) -> Bool {
            guard let first = bytes.first, marks.utf8.contains(first) else { return false }
            bytes = bytes.dropFirst()
            return true
        }
        guard let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"),
            let day = number(digits: 2)
        else { return nil }
        var (hour, minute, second): (Int32, Int32, Int32) = (0, 0, 0)
        if skip("Tt ") {
            guard let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2) else { return nil }
            (hour, minute) = (hours, minutes)
            if skip(":") {
                guard let seconds = number(digits: 2) else { return nil }
                second = seconds
            }
        }
        let isUTC = skip("Zz")
        guard bytes.isEmpty, hour < 24, minute < 60, second < 60 else { return nil }
        var fields = tm()
        (fields.tm_year, fields.tm_mon, fields.tm_mday) = (year - 1900, month - 1, day)
        (fields.tm_hour, fields.tm_min, fields.tm_sec) = (hour, minute, second)
        fields.tm_isdst = -1
        let seconds = isUTC ? timegm(&fields) : mktime(&fields)
        // The 31st of a month of 30 days has become the first of the next one.
        guard fields.tm_mday == day, fields.tm_mon == month - 1 else { return nil }
        return Int64(seconds) * 1_000
    }
}
