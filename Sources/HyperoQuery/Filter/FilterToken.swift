/// A token of a filter expression, with its place in the UTF-8 text.
struct FilterToken {
    enum Kind: Hashable {
        /// A run of letters, digits and `_ - . / @ +`: a name, a keyword, a number or a time.
        case word(String)
        /// Text in quotes, without them.
        case quoted(String, Quote)
        /// A comparison: `= != < <= > >= ~ !~`.
        case comparison(FilterComparison)
        case and
        case or
        case not
        case open(Bracket)
        case close(Bracket)
        case comma
        case times
        case end
    }

    enum Quote: Hashable {
        case single
        case double
        case backtick
    }

    enum Bracket: Hashable {
        case round
        case square
    }

    let kind: Kind
    /// The text as it was written, for messages.
    let text: String
    let range: Range<Int>

    /// The word in lower case; nil for another token. Keywords are compared with it.
    var keyword: String? {
        if case .word(let text) = kind { text.lowercased() } else { nil }
    }
}

/// A comparison of a field with a value.
enum FilterComparison: String, Sendable, Hashable {
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case matches = "~"
    case matchesNot = "!~"

    /// True if the comparison needs an order.
    var isOrdering: Bool {
        switch self {
        case .less, .lessOrEqual, .greater, .greaterOrEqual: true
        case .equal, .notEqual, .matches, .matchesNot: false
        }
    }

    /// The comparison with exchanged sides; nil for patterns.
    var turned: FilterComparison? {
        switch self {
        case .equal, .notEqual: self
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        case .matches, .matchesNot: nil
        }
    }

    /// Returns whether two numbers fulfil the comparison; false for nan.
    func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right && !left.isNaN && !right.isNaN
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .matches, .matchesNot: false
        }
    }
}
