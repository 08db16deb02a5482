import HyperoSchema

// The errors of the parser.
extension FilterParser {
    private static let example = "for example valid > 0.9"

    func missingValue() -> FilterError {
        FilterError("a value is missing after \(previous?.text ?? "")", at: next.range, hint: Self.example)
    }

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
            let pattern =
                switch token.keyword {
                case "contains": "like '%x%'"
                case "startswith": "like 'x%'"
                case "endswith": "like '%x'"
                default: "~ 'x'"
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
        case .comma: return FilterError("a comma does not join conditions", at: token.range, hint: "and")
        case .times: return calculation(token)
        default:
            if token.keyword == "-" || token.keyword == "+" { return calculation(token) }
            return FilterError("and or or is missing", at: token.range)
        }
    }

    private func calculation(_ token: FilterToken) -> FilterError {
        FilterError("a filter does not calculate", at: token.range, hint: "only best - 0.01 and best * 0.9")
    }

    /// Returns the error about the call of a method, such as `name.startswith('a')`.
    static func method(
        _ text: String, _ token: FilterToken, opening: FilterToken, argument: FilterToken
    ) -> FilterError {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let method = String(parts.last ?? "")
        let start = token.range.upperBound - method.utf8.count
        let name = parts.count > 1 ? printable(String(parts[parts.count - 2])) : "name"
        let value = if case .quoted(let text, _) = argument.kind { printable(text, limit: 40) } else { "x" }
        let pattern =
            switch method.lowercased() {
            case "startswith": "\(name) like '\(value)%'"
            case "endswith": "\(name) like '%\(value)'"
            case "contains": "\(name) like '%\(value)%'"
            default: "for example \(name) like 'x%'"
            }
        return FilterError("methods are not understood", at: start..<opening.range.upperBound, hint: pattern)
    }
}
