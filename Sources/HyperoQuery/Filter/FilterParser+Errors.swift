import HyperoSchema

// The errors of the parser.
extension FilterParser {
    private static let example = "for example valid > 0.9"

    func missingValue() -> FilterError {
        // A value that is a keyword, as in `model = or`.
        let following = token(after: 1)
        var endsValue = ["and", "or"].contains(following.keyword)
        switch following.kind {
        case .end, .comma, .close, .and, .or: endsValue = true
        default: break
        }
        let isText = next.keyword != nil && endsValue
        return FilterError(
            "a value is missing after \(previous?.text ?? "")", at: next.range,
            hint: isText ? "if it is text, put it in quotes: '\(next.text)'" : Self.example)
    }

    /// Returns text in quotes.
    static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }

    func missingCondition(before token: FilterToken) -> FilterError {
        if case .close = token.kind, previous == nil {
            return FilterError("one \(token.text) too many", at: token.range)
        }
        guard let previous else {
            return FilterError("a condition is missing before \(token.text)", at: token.range, hint: Self.example)
        }
        let isIgnoredByMLflow = isAtEnd && previous.keyword == "and"
        return FilterError(
            "a condition is missing after \(previous.text)", at: token.range,
            hint: isIgnoredByMLflow ? "MLflow ignores this; here it is an error" : Self.example)
    }

    func missingComparison(after left: FilterOperand) -> FilterError {
        let token = next
        if let error = clause(token) { return error }
        switch token.keyword {
        case "contains", "startswith", "endswith", "matches", "regexp", "rlike":
            let name = printable(left.text)
            let value =
                switch self.token(after: 1).kind {
                case .word(let text), .quoted(let text, _): printable(text, limit: 40)
                default: "x"
                }
            let pattern =
                switch token.keyword {
                case "contains": "like \(Self.quoted("%\(value)%"))"
                case "startswith": "like \(Self.quoted("\(value)%"))"
                case "endswith": "like \(Self.quoted("%\(value)"))"
                default: "~ \(Self.quoted(value))"
                }
            return FilterError("\(token.text) is no comparison", at: token.range, hint: "\(name) \(pattern)")
        default:
            return FilterError(
                "a comparison is missing", at: token.range, hint: "one of = != < <= > >= in between like ~ is")
        }
    }

    /// Returns the error about a clause of SQL that is not part of a filter; nil if the token begins none.
    private func clause(_ token: FilterToken) -> FilterError? {
        let following = self.token(after: 1)
        let third = self.token(after: 2)
        switch (token.keyword, following.keyword) {
        case ("order", "by"?), ("sort", "by"?), ("group", "by"?):
            let field = if case .word(let name) = third.kind { printable(name) } else { String?.none }
            return FilterError(
                "\(token.text) \(following.text) is not part of a filter",
                at: token.range.lowerBound..<following.range.upperBound, topic: .sorting(field: field))
        case ("limit"?, _):
            return FilterError("\(token.text) is not part of a filter", at: token.range, topic: .limit)
        default: return nil
        }
    }

    /// Returns the error about a token after a whole condition.
    func trailing(_ token: FilterToken) -> FilterError {
        if let error = clause(token) { return error }
        switch token.kind {
        case .close: return FilterError("one \(token.text) too many", at: token.range)
        case .comma:
            if let number = decimalComma(token) {
                return FilterError(
                    "a comma does not join conditions", at: token.range, hint: "a number has a point: \(number)")
            }
            return FilterError("a comma does not join conditions", at: token.range, hint: "and")
        case .times: return calculation(token)
        default:
            if token.keyword == "-" || token.keyword == "+" { return calculation(token) }
            return FilterError("'and' or 'or' is missing", at: token.range, hint: joined(token))
        }
    }

    /// Returns the number whose decimal comma a token is, with a point: `0.2` of `0,2`; nil if it is none.
    private func decimalComma(_ token: FilterToken) -> String? {
        let following = self.token(after: 1)
        guard case .word(let whole)? = previous?.kind, case .word(let fraction) = following.kind,
            previous?.range.upperBound == token.range.lowerBound, token.range.upperBound == following.range.lowerBound,
            fraction.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let number = whole + "." + fraction
        return Int(whole) != nil && FilterNumber(number) != nil ? number : nil
    }

    /// Returns the correction of one value that was read as two: `- 2`, `5 min` and `'it\'s'`; nil for another one.
    private func joined(_ token: FilterToken) -> String? {
        guard let previous else { return nil }
        switch (previous.kind, token.kind) {
        case (.word(let first), .word(let second)):
            let both = first + second
            let isSign = ["-", "+"].contains(first)
            guard isSign || FilterNumber(first) != nil, FilterNumber(both) != nil || FilterDuration.span(both) != nil
            else { return nil }
            return "without a space: \(printable(both, limit: 40))"
        case (.quoted, _)
        where previous.range.upperBound == token.range.lowerBound && previous.text.dropLast().hasSuffix("\\"):
            return "a quote within text is doubled: 'it''s'"
        default: return nil
        }
    }

    private func calculation(_ token: FilterToken) -> FilterError {
        FilterError("a filter does not calculate", at: token.range, hint: "only best - 0.01 and best * 0.9")
    }
}
