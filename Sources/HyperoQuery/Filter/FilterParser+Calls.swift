import HyperoSchema

// The errors about calls of functions and methods, which filters of other programs have.
extension FilterParser {
    private static let times: Set = [
        "datetime", "date", "timestamp", "to_datetime", "strptime", "now", "utcnow", "today",
    ]
    private static let aggregates: Set = ["max", "min", "mean", "avg", "last", "first", "best", "latest"]

    /// Returns the error about the call of a method such as `name.startswith('a')`, or of a function such as `max(valid)`. The
    /// token before the next one, an opening bracket, is the name.
    func method(_ text: String, _ token: FilterToken) -> FilterError {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let method = String(parts.last ?? "")
        let start = token.range.upperBound - method.utf8.count
        let range = start..<next.range.upperBound
        let lowered = method.lowercased()
        let argument: String? =
            switch self.token(after: 1).kind {
            case .quoted(let text, _), .word(let text): printable(text, limit: 40)
            default: nil
            }
        if Self.times.contains(lowered) {
            return FilterError("functions are not understood", at: range, hint: "a time is \(time)")
        }
        guard parts.count > 1 else {
            return FilterError(
                "functions are not understood", at: range, hint: Self.function(lowered, argument: argument))
        }
        let name = printable(String(parts[parts.count - 2]))
        let value = argument ?? "x"
        let pattern =
            switch lowered {
            case "startswith": "\(name) like \(Self.quoted(value + "%"))"
            case "endswith": "\(name) like \(Self.quoted("%" + value))"
            case "contains": "\(name) like \(Self.quoted("%" + value + "%"))"
            case "lower", "upper", "casefold": "\(name) ilike 'x', which ignores the case"
            default: "for example \(name) like 'x%'"
            }
        return FilterError("methods are not understood", at: range, hint: pattern)
    }

    private static func function(_ name: String, argument: String?) -> String {
        let field = argument ?? "lr"
        return switch name {
        case "config": "config.\(field)"
        case "summary", "summarymetric": "summary.\(field)"
        case "metric", "tags", "param", "metrics", "params": field.lowercased()
        case _ where aggregates.contains(name): "\(argument ?? "valid") is the value at the best epoch"
        default: "a condition compares a field with a value, for example valid > 0.9"
        }
    }

    /// The time of the arguments of `datetime(2023, 6, 13)`, or an example.
    private var time: String {
        var numbers: [String] = []
        for index in [1, 3, 5] {
            guard case .word(let word) = token(after: index).kind, let number = Int(word), number >= 0 else { break }
            numbers.append(number < 10 ? "0\(number)" : "\(number)")
        }
        let text = numbers.joined(separator: "-")
        return FilterTime(text, zone: .utc) == nil ? "2026-11-24, or '2026-11-24 09:30'" : text
    }
}
