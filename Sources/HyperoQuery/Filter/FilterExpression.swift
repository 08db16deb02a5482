/// A parsed filter expression, whose names are not resolved yet.
indirect enum FilterExpression: Sendable, Hashable {
    /// True if all are true; true without any.
    case and([FilterExpression])
    case or([FilterExpression])
    case not(FilterExpression)
    /// Two operands and the comparison between them.
    case comparison(FilterOperand, FilterMark, FilterOperand)
    case isIn(FilterOperand, [FilterOperand], isNegated: Bool)
    case isBetween(FilterOperand, FilterOperand, FilterOperand, isNegated: Bool)
    /// A pattern of SQL.
    case isLike(FilterOperand, FilterOperand, FilterLike)
    case isState(FilterOperand, FilterState, isNegated: Bool)
}

/// A comparison and its place in the expression.
struct FilterMark: Sendable, Hashable {
    let comparison: FilterComparison
    /// As it was written.
    let text: String
    let range: Range<Int>
}

/// The form of a `like`.
struct FilterLike: Sendable, Hashable {
    /// True for `ilike`.
    let ignoresCase: Bool
    let isNegated: Bool
    /// The place of the word.
    let range: Range<Int>
}

/// A state of a value after `is`.
enum FilterState: Sendable, Hashable {
    /// The experiment lacks the field, or its value is null.
    case null
    case nan
    case finite
    case infinite
    case bool(Bool)
}

/// One side of a comparison.
struct FilterOperand: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        /// A word without quotes: a name, a number, a time or text.
        case word(String)
        /// A name in backticks, with the prefix before them.
        case name(String)
        /// Text in quotes, and whether they are double quotes, which may also contain a name.
        case text(String, isDouble: Bool)
        /// The best value of the channel on the other side, changed by a number.
        case best(FilterBest)
    }

    let content: Content
    /// As it was written.
    let text: String
    let range: Range<Int>
}

/// An expression of the best value of a channel.
enum FilterBest: Sendable, Hashable {
    case plus(Double)
    case times(Double)

    /// Returns the number that the expression denotes.
    func value(best: Double) -> Double {
        switch self {
        case .plus(let number): best + number
        case .times(let number): best * number
        }
    }
}
