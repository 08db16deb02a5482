import Glibc

/// The time zone of times without one.
package enum FilterTimeZone: Sendable {
    /// That of the process.
    case local
    case utc
}

/// A time in a filter expression: the period that its digits name, such as a day or a minute, in Unix milliseconds.
struct FilterTime: Sendable, Hashable {
    let period: Range<Int64>

    /// Reads `2026-11-24`, `2026-11-24T09:00`, `2026-11-24 09:00:30.5`, each with `Z` or an offset such as `+02:00` after a time
    /// of day, and Unix seconds or milliseconds. Years are from 1 to 9999.
    ///
    /// A local time that occurs twice, at the end of daylight saving, is the first one of both.
    init?(_ text: String, zone: FilterTimeZone = .local) {
        let bytes = Array(text.utf8)
        if bytes.count >= 9, let number = Double(text), number >= 1e8, number < 1e14,
            bytes.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") })
        {
            // Seconds until the year 5138, milliseconds after 1973.
            let isSeconds = number < 1e11
            let start = Int64(isSeconds ? number * 1_000 : number)
            period = start..<start + (isSeconds && number == number.rounded() ? 1_000 : 1)
            return
        }
        var reader = TimeReader(bytes: bytes)
        guard let year = reader.digits(4), reader.mark("-"), let month = reader.digits(2), reader.mark("-"),
            let day = reader.digits(2), year >= 1, (1...12).contains(month), day >= 1,
            day <= Self.days(in: month, of: year)
        else { return nil }
        func time(_ day: Int, _ hour: Int, _ minute: Int, _ second: Int, in zone: FilterTimeZone) -> Int64? {
            switch zone {
            case .local: Self.local(year, month, day, hour, minute, second)
            case .utc: Self.utc(year, month, day, hour, minute, second)
            }
        }
        guard reader.mark("T") || reader.mark("t") || reader.mark(" ") else {
            let isUTC = reader.mark("Z") || reader.mark("z")
            let zone = isUTC ? .utc : zone
            // The day after the last one of a month is the first of the next one, for both functions.
            guard reader.isAtEnd, let start = time(day, 0, 0, 0, in: zone), let end = time(day + 1, 0, 0, 0, in: zone),
                start < end
            else { return nil }
            period = start..<end
            return
        }
        guard let hour = reader.digits(2), reader.mark(":"), let minute = reader.digits(2), hour < 24, minute < 60
        else {
            return nil
        }
        var (second, milliseconds): (Int, Int64) = (0, 0)
        var length: Int64 = 60_000
        if reader.mark(":") {
            guard let seconds = reader.digits(2), seconds < 61 else { return nil }
            second = seconds
            length = 1_000
            if reader.mark(".") {
                milliseconds = reader.fraction()
                length = 1
            }
        }
        var start: Int64?
        if reader.mark("Z") || reader.mark("z") {
            start = time(day, hour, minute, second, in: .utc)
        } else if let sign: Int64 = reader.mark("+") ? 1 : reader.mark("-") ? -1 : nil {
            guard let hours = reader.digits(2) else { return nil }
            _ = reader.mark(":")
            let minutes = reader.digits(2) ?? 0
            guard hours < 24, minutes < 60 else { return nil }
            start = time(day, hour, minute, second, in: .utc).map {
                $0 - sign * Int64(hours * 3_600 + minutes * 60) * 1_000
            }
        } else {
            start = time(day, hour, minute, second, in: zone)
        }
        guard let start, reader.isAtEnd else { return nil }
        period = start + milliseconds..<start + milliseconds + length
    }

    /// Returns the times that compare so with the period.
    func range(_ comparison: FilterComparison) -> Range<Int64> {
        switch comparison {
        case .less: .min..<period.lowerBound
        case .lessOrEqual: .min..<period.upperBound
        case .greater: period.upperBound..<Int64.max
        case .greaterOrEqual: period.lowerBound..<Int64.max
        case .equal, .notEqual, .matches, .matchesNot: period
        }
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Returns Unix milliseconds of a local time.
    ///
    /// A time that occurs twice, because the clock was set back, is the first one. A time that the clock skips is as much later
    /// as it was set forward. The result of mktime(3) of glibc depends on the calls before it.
    ///
    /// Source: PEP 495, <https://peps.python.org/pep-0495/>, with a fold of 0.
    private static func local(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
    ) -> Int64? {
        let wanted = utc(year, month, day, hour, minute, second) / 1_000
        tzset()
        guard let offset = offset(at: wanted) else { return nil }
        let first = wanted - offset
        guard let firstOffset = self.offset(at: first), let earlierOffset = self.offset(at: first - 86_400) else {
            return nil
        }
        let isFirst = firstOffset == offset
        // An offset that was valid on the day before, or the one after a change of the clock.
        let otherOffset = isFirst ? earlierOffset : firstOffset
        guard otherOffset != offset else { return first * 1_000 }
        let other = wanted - otherOffset
        guard let foundOffset = self.offset(at: other) else { return nil }
        if foundOffset == otherOffset { return other * 1_000 }
        return (isFirst ? first : max(first, other)) * 1_000
    }

    /// Returns the seconds by which the local time precedes UTC at a time in Unix seconds.
    private static func offset(at seconds: Int64) -> Int64? {
        var (time, parts) = (time_t(seconds), tm())
        return localtime_r(&time, &parts) == nil ? nil : Int64(parts.tm_gmtoff)
    }

    /// Returns Unix milliseconds of a time in UTC, by the days of the civil calendar.
    ///
    /// Source: <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
    private static func utc(
        _ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, _ second: Int
    ) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return Int64(days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000
    }
}

private struct TimeReader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func digits(_ count: Int) -> Int? {
        guard position + count <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + count] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        position += count
        return value
    }

    mutating func mark(_ mark: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: mark) else { return false }
        position += 1
        return true
    }

    /// Reads the digits after a point as milliseconds.
    mutating func fraction() -> Int64 {
        var value: Int64 = 0
        var factor: Int64 = 100
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
            value += Int64(bytes[position] - 0x30) * factor
            factor /= 10
            position += 1
        }
        return value
    }
}
