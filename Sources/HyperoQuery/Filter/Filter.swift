import HyperoSchema

/// A condition on experiments, written as people write it for MLflow, W&B, Aim and SQL.
///
///     let filter = try Filter("valid > 0.9 and (lr between 1e-4 and 1e-2 or opt = 'adam')")
///     let board = try store.leaderboard(of: "digits mlp", where: filter)
///
/// The names of fields are resolved when a query uses the filter, because they depend on the battery. The article
/// <doc:Filters> has the grammar.
public struct Filter: Sendable, Hashable {
    /// The expression as it was written.
    public private(set) var text: String
    /// True to treat a field that no experiment has as missing, and not as an error.
    public let isLenient: Bool
    private let expression: FilterExpression
    /// Further filters that an experiment must fulfil, whose errors have their places in their own texts.
    private var others: [Filter] = []

    /// Parses an expression. An empty one lets all experiments pass.
    ///
    /// - Parameters:
    ///   - text: the expression, at most 4,096 bytes with at most 64 levels of brackets and `not`.
    ///   - isLenient: true to treat a field that no experiment has as missing: comparisons with it are false.
    /// - Throws: the first error of the expression.
    public init(_ text: String, isLenient: Bool = false) throws(FilterError) {
        self.text = text
        self.isLenient = isLenient
        do {
            expression = try FilterParser.parse(text)
        } catch {
            throw error.in(text)
        }
    }

    /// Parses several expressions, all of which an experiment must fulfil.
    ///
    /// - Parameters:
    ///   - expressions: the expressions, each at most 4,096 bytes. Empty ones are left out.
    ///   - isLenient: true to treat a field that no experiment has as missing.
    /// - Throws: the first error of an expression.
    public init(all expressions: [String], isLenient: Bool = false) throws(FilterError) {
        var filters: [Filter] = []
        for expression in expressions {
            let filter = try Filter(expression, isLenient: isLenient)
            if !filter.isEmpty { filters.append(filter) }
        }
        guard filters.count > 1 else {
            if let only = filters.first {
                self = only
            } else {
                try self.init(expressions.first ?? "", isLenient: isLenient)
            }
            return
        }
        // The places of later errors are those in the whole text.
        var text = ""
        var parts: [FilterExpression] = []
        for filter in filters {
            text += text.isEmpty ? "(" : " and ("
            parts.append(try FilterParser.parse(filter.text, from: text.utf8.count))
            text += filter.text + ")"
        }
        self.init(text, isLenient: isLenient, expression: .and(parts))
    }

    private init(_ text: String, isLenient: Bool, expression: FilterExpression) {
        self.text = text
        self.isLenient = isLenient
        self.expression = expression
    }

    /// The expression in a sentence: shortened, on one line and without control characters.
    package var summary: String {
        printable(text.split(whereSeparator: \.isWhitespace).joined(separator: " "), limit: 60)
    }

    /// True if the filter lets all experiments pass.
    public var isEmpty: Bool { expression == .and([]) }

    /// Resolves the names.
    ///
    /// - Parameters:
    ///   - catalogue: the fields of the experiments.
    ///   - zone: the time zone of times without one.
    /// - Throws: the first error, such as an unknown field.
    package func bound(to catalogue: FilterCatalogue, zone: FilterTimeZone = .local) throws(FilterError) -> BoundFilter
    {
        var whole = expression
        if !others.isEmpty {
            for part in others { _ = try part.bound(to: catalogue, zone: zone) }
            whole = .and(others.map(\.expression))
        }
        var binder = FilterBinder(
            catalogue, isLenient: isLenient || others.contains { $0.isLenient }, zone: zone)
        do {
            return try binder.filter(whole)
        } catch {
            throw error.in(text)
        }
    }

    /// Returns a filter that an experiment fulfils if it fulfils both. An error of one of them has its place in that one's text.
    package func joined(with other: Filter) -> Filter {
        if isEmpty { return other }
        if other.isEmpty { return self }
        var joined = self
        joined.others = (others.isEmpty ? [self] : others) + (other.others.isEmpty ? [other] : other.others)
        joined.text = joined.others.map { "(\($0.text))" }.joined(separator: " and ")
        return joined
    }
}
