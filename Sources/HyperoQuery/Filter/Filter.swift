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
    public let text: String
    /// True to treat a field that no experiment has as missing, and not as an error.
    public let isLenient: Bool
    private let expression: FilterExpression

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
        var binder = FilterBinder(catalogue, isLenient: isLenient, zone: zone)
        do {
            return try binder.filter(expression)
        } catch {
            throw error.in(text)
        }
    }
}
