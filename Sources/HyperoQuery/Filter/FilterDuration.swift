/// A span of time in a filter expression, or in an option.
package enum FilterDuration {
    /// The longest span of an option, so that it can be subtracted from the present and added to it: 31,700 years.
    private static let maxMilliseconds = 1e15

    /// Reads the value of an option as ``seconds(_:)`` reads a filter's: returns milliseconds, longer spans as 10^15; nil for another
    /// text and for a negative number.
    package static func milliseconds(in text: String) -> Int64? {
        seconds(text).flatMap { $0 >= 0 ? milliseconds(of: $0) : nil }
    }

    /// Reads an age, which needs a unit: a number alone may be a time. Returns milliseconds as ``milliseconds(in:)``.
    static func age(in text: String) -> Int64? { span(text).map(milliseconds(of:)) }

    private static func milliseconds(of seconds: Double) -> Int64 {
        Int64(min(seconds * 1_000, maxMilliseconds).rounded())
    }

    private static let units: [(String, Double)] = [
        ("ms", 0.001), ("s", 1), ("sec", 1), ("second", 1), ("seconds", 1), ("m", 60), ("min", 60), ("minute", 60),
        ("minutes", 60), ("h", 3_600), ("hour", 3_600), ("hours", 3_600), ("d", 86_400), ("day", 86_400),
        ("days", 86_400), ("w", 604_800), ("week", 604_800), ("weeks", 604_800),
    ]

    /// Reads `10`, `10s`, `90m`, `1.5h`, `1h30m`, `2d`, `1w`: returns seconds; nil for another text.
    static func seconds(_ text: String) -> Double? {
        if let seconds = FilterNumber(text), text.utf8.last.map({ (0x30...0x39).contains($0) }) ?? false {
            return seconds.value
        }
        return span(text)
    }

    /// Reads a span with a unit: returns seconds; nil for another text, also for a number without a unit.
    package static func span(_ text: String) -> Double? {
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let factor = units.first(where: { $0.0 == unit })?.1 else { return nil }
            total += number * factor
        }
        return total
    }
}
