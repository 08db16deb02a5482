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

    /// Returns whether a number compares so with the one that the expression denotes, without the digits that come from the
    /// rounding of its operands: 0.7 is not less than 0.8 - 0.1, which is 0.7000000000000001 as a double.
    func isFulfilled(by number: FilterNumber, _ comparison: FilterComparison, best: Double) -> Bool {
        var limit = value(best: best)
        // Others are too far away for the digits to matter, and the best value itself has all of its digits.
        if self != .plus(0), abs(number.value - limit) <= abs(limit) * 1e-12 {
            limit = Double(numberTexts([limit], precision: 15)[0]) ?? limit
        }
        return number.fulfils(comparison, FilterNumber(limit))
    }
}
