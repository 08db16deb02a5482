import HyperoSchema

/// A place in a filter, after some of its tokens, by which the next token is known.
struct FilterPlace {
    enum Kind: Hashable {
        /// Before a condition.
        case condition
        /// After the field of a condition.
        case comparison
        /// After the field of a condition and `not`.
        case negatedComparison
        /// After a comparison such as `<`.
        case value(FilterComparison)
        /// After `like`.
        case pattern
        /// After `in`.
        case list
        /// Before a value of a list.
        case listValue
        /// After a value of a list.
        case listEnd
        /// After `between`.
        case lowBound
        /// After the first bound.
        case boundsMiddle
        /// After `and` between two bounds.
        case highBound
        /// After `is`.
        case state
        /// After `is not`.
        case negatedState
        /// After a complete condition.
        case end
        /// After `best -`, `best +` or `best *`.
        case offset
        /// After the bracket that begins a list as a value, `[`.
        case arrayStart
        /// Before a further element of a list as a value.
        case element
        /// After an element.
        case elementEnd
    }

    private(set) var kind = Kind.condition
    /// The left side of the latest condition.
    private(set) var field: FilterOperand?
    /// The number of open brackets around conditions.
    private(set) var depth = 0
    private var isAfterBest = false
    /// The number of open brackets of a list as a value, `[[1, 2], [3]]`.
    private var arrayDepth = 0
    /// The kind of the place before such a list.
    private var beforeArray = Kind.condition

    /// - Returns: nil if the tokens do not follow each other in a filter.
    init?(after tokens: some Sequence<FilterToken>) {
        for token in tokens { guard pass(token) else { return nil } }
    }

    /// Moves the place behind a token.
    ///
    /// - Returns: false if the token does not belong here.
    private mutating func pass(_ token: FilterToken) -> Bool {
        switch kind {
        case .condition: return passCondition(token)
        case .comparison: return passComparison(token)
        case .negatedComparison, .state, .negatedState, .list, .listEnd: return passPart(token)
        case .value, .pattern, .listValue, .lowBound, .highBound, .offset: return passValue(token)
        case .boundsMiddle:
            guard token.kind == .and || token.keyword == "and" else { return false }
            kind = .highBound
        case .end: return passEnd(token)
        case .arrayStart, .element, .elementEnd: return passElement(token)
        }
        return true
    }

    private mutating func passCondition(_ token: FilterToken) -> Bool {
        switch token.kind {
        case .not: break
        case .open: depth += 1
        case .word(let word):
            let isWhere = token.keyword == "where" && token.range.lowerBound == 0
            guard token.keyword != "not", !isWhere else { break }
            field = FilterOperand(content: .word(word), text: token.text, range: token.range)
            kind = .comparison
        case .quoted(let text, let quote):
            field = FilterOperand(
                content: quote == .backtick ? .name(text) : .text(text, isDouble: quote == .double), text: token.text,
                range: token.range)
            kind = .comparison
        default: return false
        }
        return true
    }

    private mutating func passComparison(_ token: FilterToken) -> Bool {
        switch (token.kind, token.keyword) {
        case (.quoted(let name, _), _):
            // A prefix directly before a quoted name.
            guard let field, case .word(let prefix) = field.content, prefix.hasSuffix("."),
                field.range.upperBound == token.range.lowerBound
            else { return false }
            self.field = FilterOperand(
                content: .name(prefix + name), text: field.text + token.text,
                range: field.range.lowerBound..<token.range.upperBound)
        case (.comparison(let comparison), _): kind = .value(comparison)
        case (_, "in"): kind = .list
        case (_, "between"): kind = .lowBound
        case (_, "like"), (_, "ilike"): kind = .pattern
        case (_, "is"): kind = .state
        case (_, "not"): kind = .negatedComparison
        default: return false
        }
        return true
    }

    private mutating func passPart(_ token: FilterToken) -> Bool {
        switch (kind, token.kind, token.keyword) {
        case (.negatedComparison, _, "in"): kind = .list
        case (.negatedComparison, _, "between"): kind = .lowBound
        case (.negatedComparison, _, "like"), (.negatedComparison, _, "ilike"): kind = .pattern
        case (.state, _, "not"): kind = .negatedState
        case (.state, .word, _), (.negatedState, .word, _): kind = .end
        case (.list, .open, _): kind = .listValue
        case (.listEnd, .comma, _): kind = .listValue
        case (.listEnd, .close, _): kind = .end
        default: return false
        }
        return true
    }

    private mutating func passValue(_ token: FilterToken) -> Bool {
        switch token.kind {
        case .word, .quoted: kind = Self.place(after: kind)
        case .open(.square) where kind != .offset:
            (beforeArray, arrayDepth, kind) = (kind, 1, .arrayStart)
        default: return false
        }
        isAfterBest = kind == .end && token.keyword == "best"
        return true
    }

    /// Returns the place after a value.
    private static func place(after kind: Kind) -> Kind {
        switch kind {
        case .listValue: .listEnd
        case .lowBound: .boundsMiddle
        default: .end
        }
    }

    private mutating func passElement(_ token: FilterToken) -> Bool {
        switch (kind, token.kind) {
        case (.arrayStart, .open(.square)), (.element, .open(.square)):
            arrayDepth += 1
            kind = .arrayStart
        case (.arrayStart, .close(.square)), (.elementEnd, .close(.square)):
            arrayDepth -= 1
            kind = arrayDepth == 0 ? Self.place(after: beforeArray) : .elementEnd
        case (.elementEnd, .comma): kind = .element
        case (.arrayStart, .word), (.arrayStart, .quoted), (.element, .word), (.element, .quoted): kind = .elementEnd
        default: return false
        }
        return true
    }

    private mutating func passEnd(_ token: FilterToken) -> Bool {
        let mayHaveOffset = isAfterBest
        isAfterBest = false
        switch (token.kind, token.keyword) {
        case (.and, _), (.or, _), (_, "and"), (_, "or"): kind = .condition
        case (.comparison(let comparison), _): kind = .value(comparison)
        case (.close, _) where depth > 0: depth -= 1
        case (.times, _) where mayHaveOffset, (_, "-") where mayHaveOffset, (_, "+") where mayHaveOffset: kind = .offset
        case (.word(let word), _) where mayHaveOffset && (word.begins(with: "-") || word.begins(with: "+")): break
        default: return false
        }
        return true
    }
}
