import HyperoSchema

/// A parser of filter expressions by recursive descent.
///
///     or          = and { ("or" | "||") and }
///     and         = not { ("and" | "&&") not }
///     not         = ("not" | "!") not | "(" or ")" | condition
///     condition   = operand { comparison operand } | operand ["not"] "in" list | …
struct FilterParser {
    private let tokens: [FilterToken]
    private(set) var position = 0
    /// The number of brackets and `not` around the next token.
    private var depth = 0

    /// The allowed levels of brackets and `not`.
    static let maxDepth = 64
    /// The allowed size of an expression in bytes.
    static let maxSize = 4_096

    private init(_ tokens: [FilterToken]) { self.tokens = tokens }

    /// Parses an expression.
    ///
    /// - Parameter start: the offset of the expression in a longer text, to which places refer.
    static func parse(_ expression: String, from start: Int = 0) throws(FilterError) -> FilterExpression {
        let size = expression.utf8.count
        guard size <= maxSize else {
            throw FilterError(
                "the expression is too long: \(size) bytes", at: maxSize..<size, hint: "at most \(maxSize) bytes")
        }
        let (tokens, failure) = FilterLexer.tokens(of: expression, from: start)
        var parser = FilterParser(tokens)
        do throws(FilterError) {
            let result = try parser.whole()
            guard let failure else { return result }
            throw failure
        } catch {
            // The text that could not be read is the cause of what is missing before it.
            if let failure, parser.isAtEnd { throw failure }
            throw error
        }
    }

    private mutating func whole() throws(FilterError) -> FilterExpression {
        // A clause copied from SQL.
        if next.keyword == "where", tokens.count > 2, !isComparison(tokens[1]) { position += 1 }
        if isAtEnd { return .and([]) }
        let result = try disjunction()
        guard isAtEnd else { throw trailing(next) }
        return result
    }

    var next: FilterToken { tokens[position] }
    var previous: FilterToken? { position > 0 ? tokens[position - 1] : nil }
    var isAtEnd: Bool { next.kind == .end }

    /// Returns the token after the next ones; the last one if there are not as many.
    func token(after count: Int) -> FilterToken { tokens[min(position + count, tokens.count - 1)] }

    private func isComparison(_ token: FilterToken) -> Bool {
        if case .comparison = token.kind { return true }
        return ["in", "between", "like", "ilike", "is"].contains(token.keyword)
    }

    /// Goes to the next token.
    mutating func advance() { position += 1 }

    mutating func take(_ kind: FilterToken.Kind) -> Bool {
        guard next.kind == kind else { return false }
        position += 1
        return true
    }

    private mutating func take(keyword: String) -> Bool {
        guard next.keyword == keyword else { return false }
        position += 1
        return true
    }

    private mutating func disjunction() throws(FilterError) -> FilterExpression {
        var parts = [try conjunction()]
        while take(.or) || take(keyword: "or") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conjunction() throws(FilterError) -> FilterExpression {
        var parts = [try negation()]
        while take(.and) || take(keyword: "and") { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func negation() throws(FilterError) -> FilterExpression {
        let token = next
        if token.kind == .not || token.keyword == "not" && !isComparison(self.token(after: 1)) {
            position += 1
            return .not(try nested(at: token) { parser throws(FilterError) in try parser.negation() })
        }
        guard case .open(let bracket) = token.kind else { return try condition() }
        position += 1
        if case .close = next.kind { throw FilterError("a condition is missing between the brackets", at: next.range) }
        let result = try nested(at: token) { parser throws(FilterError) in try parser.disjunction() }
        guard take(.close(bracket)) else {
            if case .close = next.kind {
                throw FilterError("\(next.text) does not close \(token.text)", at: next.range)
            }
            guard isAtEnd else { throw trailing(next) }
            throw FilterError("the bracket is not closed", at: token.range, hint: "opened here")
        }
        return result
    }

    /// Parses the part after a bracket or `not`.
    mutating func nested<Result>(
        at token: FilterToken, _ parse: (inout FilterParser) throws(FilterError) -> Result
    ) throws(FilterError) -> Result {
        guard depth < Self.maxDepth else {
            throw FilterError(
                "the expression is too deep", at: token.range,
                hint: "at most \(Self.maxDepth) levels of brackets and not")
        }
        depth += 1
        let result = try parse(&self)
        depth -= 1
        return result
    }

    private mutating func condition() throws(FilterError) -> FilterExpression {
        let left = try operand(isFirst: true)
        let mark = next
        switch mark.kind {
        case .comparison: return try comparisons(left)
        case .word:
            let isNegated = mark.keyword == "not"
            if isNegated { position += 1 }
            switch next.keyword {
            case "in":
                position += 1
                return .isIn(left, try list(after: left), isNegated: isNegated)
            case "between":
                position += 1
                let low = try value()
                guard take(keyword: "and") || take(.and) else {
                    throw FilterError(
                        "and is missing after between", at: next.range, hint: "for example valid between 0.9 and 1")
                }
                return .isBetween(left, low, try value(), isNegated: isNegated)
            case "like", "ilike":
                let word = next
                position += 1
                return .isLike(
                    left, try value(),
                    FilterLike(ignoresCase: word.keyword == "ilike", isNegated: isNegated, range: word.range))
            case "is" where !isNegated:
                position += 1
                return try state(of: left)
            default: throw missingComparison(after: left)
            }
        default: throw missingComparison(after: left)
        }
    }

    /// Parses `a < b < c` as `a < b and b < c`.
    private mutating func comparisons(_ first: FilterOperand) throws(FilterError) -> FilterExpression {
        var left = first
        var parts: [FilterExpression] = []
        while case .comparison(let comparison) = next.kind {
            let mark = FilterMark(comparison: comparison, text: next.text, range: next.range)
            position += 1
            let right = try value()
            parts.append(.comparison(left, mark, right))
            left = right
        }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func list(after left: FilterOperand) throws(FilterError) -> [FilterOperand] {
        let opening = next
        guard case .open(let bracket) = opening.kind else {
            if case .end = opening.kind { throw missingValue() }
            var hint = "for example in (1, 2)"
            // 'sweep' in run.name of Python.
            if case .text(let text, _) = left.content, case .word(let name) = opening.kind {
                hint = "\(name) like \(Self.quoted("%\(text)%"))"
            }
            throw FilterError("a list in brackets is missing", at: opening.range, hint: hint)
        }
        position += 1
        var values: [FilterOperand] = []
        while true {
            if case .close = next.kind, values.isEmpty {
                throw FilterError("the list is empty", at: opening.range.lowerBound..<next.range.upperBound)
            }
            values.append(try value())
            if take(.comma) { continue }
            if take(.close(bracket)) { return values }
            guard case .end = next.kind else {
                throw FilterError("a comma is missing in the list", at: next.range, hint: "for example in (1, 2)")
            }
            throw FilterError("the bracket is not closed", at: opening.range, hint: "opened here")
        }
    }

    private static let states: [String: FilterState] = [
        "null": .null, "none": .null, "missing": .null, "nan": .nan, "finite": .finite, "inf": .infinite,
        "infinite": .infinite, "true": .bool(true), "false": .bool(false),
    ]

    private mutating func state(of operand: FilterOperand) throws(FilterError) -> FilterExpression {
        let isNegated = take(keyword: "not")
        guard let state = next.keyword.flatMap({ Self.states[$0] }) else {
            let hint = "null, nan, finite, or one of them after not"
            if case .end = next.kind {
                throw FilterError("a word is missing after \(previous?.text ?? "is")", at: next.range, hint: hint)
            }
            throw FilterError("\(printable(next.text)) is not possible after is", at: next.range, hint: hint)
        }
        position += 1
        return .isState(operand, state, isNegated: isNegated)
    }

    private mutating func value() throws(FilterError) -> FilterOperand { try operand(isFirst: false) }

    private static let keywords: Set = ["and", "or", "not", "in", "between", "like", "ilike", "is"]

    /// Parses one side of a comparison: a word, quoted text, or a prefix directly before a quoted name.
    private mutating func operand(isFirst: Bool) throws(FilterError) -> FilterOperand {
        let token = next
        switch token.kind {
        case .word(let text):
            guard !Self.keywords.contains(text.lowercased()) else {
                throw isFirst ? missingCondition(before: token) : missingValue()
            }
            if let name = try indexedName(text) { return name }
            position += 1
            if case .quoted(let name, _) = next.kind, text.hasSuffix("."),
                next.range.lowerBound == token.range.upperBound
            {
                let range = token.range.lowerBound..<next.range.upperBound
                let written = token.text + next.text
                position += 1
                return FilterOperand(content: .name(text + name), text: written, range: range)
            }
            if case .open(.round) = next.kind, next.range.lowerBound == token.range.upperBound {
                throw method(text, token)
            }
            return try isFirst
                ? FilterOperand(content: .word(text), text: token.text, range: token.range) : best(token, text)
        case .quoted(let text, let quote):
            position += 1
            let content: FilterOperand.Content =
                quote == .backtick ? .name(text) : .text(text, isDouble: quote == .double)
            return FilterOperand(content: content, text: token.text, range: token.range)
        case .open(.square) where !isFirst: return try array()
        case .open where !isFirst:
            throw FilterError("a value is missing before the bracket", at: token.range, hint: "a list is [1, 2]")
        case .close where isFirst && depth == 0:
            throw FilterError("one \(token.text) too many", at: token.range)
        case .times, .comma, .close, .comparison, .and, .or, .not, .open, .end:
            throw isFirst ? missingCondition(before: token) : missingValue()
        }
    }
}
