/// The earliest start of experiments, as a user writes it: a time or an age, as in a filter.
///
///     2026-11-24                   the beginning of the day, local time
///     2026-11-24T09:30             a minute, a second or a part of it; Z or an offset such as +02:00 at the end
///     1795510800                   Unix seconds, or milliseconds
///     2h, 1h30m, 3w                an age: two hours before the present
package enum StartTime {
    /// Returns the time in Unix milliseconds; nil if the text is neither a time nor an age.
    ///
    /// Years are from 1 to 9999. A local time that occurs twice is the first one. Ages are at most 10^15 ms, 31,700 years.
    ///
    /// - Parameter now: the present in Unix milliseconds.
    package static func milliseconds(in text: String, now: Int64) -> Int64? {
        if let age = FilterDuration.age(in: text) { return now.subtractingReportingOverflow(age).partialValue }
        return FilterTime(text)?.period.lowerBound
    }
}
