import HyperoSchema

/// A condition on the values under one name.
struct FilterTest {
    /// The place of the values.
    let source: FilterSource
    let condition: FilterCondition
    /// True to require that there are values and that none of them fulfils the condition.
    var isNegated = false
}

/// The place of a value that a test compares.
enum FilterSource: Hashable {
    /// The value of a field, by its index in ``BoundFilter/fields``.
    case slot(Int)
    case id
    case battery
    case status
    case version
    case rank
    /// The last sign of life, in Unix milliseconds.
    case seen
    /// Seconds from the first to the latest event, by the indexes of their fields.
    case duration(started: Int, updated: Int)
    /// Seconds since a time, by the index of its field.
    case since(Int)
    /// No experiment has the field.
    case none
}

/// A condition on one value.
enum FilterCondition {
    case number(FilterComparison, FilterNumber)
    /// A comparison with the best value of a channel, by its index in ``BoundFilter/bestChannels``.
    case best(FilterComparison, Int, FilterBest)
    /// Equal to one of the values.
    case oneOf([FilterLiteral])
    /// An id, or the beginning of one: a text without hyphen, or with one at its end.
    case ids([String])
    case between(FilterNumber, FilterNumber)
    /// In one of the ranges of milliseconds.
    case time([Range<Int64>])
    case like(LikePattern)
    case pattern(FilterPattern)
    case state(FilterState)

    /// The result for one value.
    enum Verdict {
        /// The value counts as none: it is nan, or a word where a number is compared.
        case missing
        case fails
        case holds
    }

    /// True if the condition looks at a list as a whole too.
    var comparesWholes: Bool {
        switch self {
        case .oneOf, .like, .pattern: true
        default: false
        }
    }

    func verdict(of value: FilterScalar, bests: [Double?]) -> Verdict {
        if case .state(let state) = self { return Self.hasState(state, value) ? .holds : .fails }
        guard !value.isNaN else { return .missing }
        let holds: Bool
        switch self {
        case .state: return .missing
        case .number(let comparison, let number):
            guard let value = value.number else { return .missing }
            holds = value.fulfils(comparison, number)
        case .best(let comparison, let index, let expression):
            guard let value = value.number, let best = bests[index] else { return .missing }
            holds = expression.isFulfilled(by: value, comparison, best: best)
        case .between(let low, let high):
            guard let value = value.number else { return .missing }
            holds = value.fulfils(.greaterOrEqual, low) && value.fulfils(.lessOrEqual, high)
        case .time(let ranges):
            guard let time = Self.time(value) else { return .missing }
            holds = ranges.contains { $0.contains(time) }
        case .oneOf(let literals): holds = literals.contains { $0.equals(value) }
        case .ids(let ids): holds = ids.contains { Self.isID(value.text, $0) }
        case .like(let pattern): holds = pattern.matches(value.text)
        case .pattern(let pattern): holds = pattern.matches(value.text)
        }
        // A list as a whole is one more value that may fulfil the condition. An empty list has none.
        if case .whole = value, !holds { return .missing }
        return holds ? .holds : .fails
    }

    private static func time(_ value: FilterScalar) -> Int64? {
        switch value {
        case .text(let text): Int64(text)
        case .number(let number): Int64(exactly: number.rounded())
        case .whole: nil
        }
    }

    /// Returns whether an id is the one in a filter. A complete id ends with a number: k3v9-1 is no beginning of k3v9-17.
    private static func isID(_ id: String, _ wanted: String) -> Bool {
        guard !wanted.isEmpty else { return false }
        let isComplete = wanted.utf8.contains(UInt8(ascii: "-")) && wanted.utf8.last != UInt8(ascii: "-")
        return isComplete ? id.hasSameBytes(as: wanted) : id.utf8.starts(with: wanted.utf8)
    }

    private static func hasState(_ state: FilterState, _ value: FilterScalar) -> Bool {
        switch state {
        case .null: false
        case .nan: value.isNaN
        case .finite: value.number?.value.isFinite ?? false
        case .infinite: value.number?.value.isInfinite ?? false
        case .bool(let flag): value.text.lowercased() == String(flag)
        }
    }
}
