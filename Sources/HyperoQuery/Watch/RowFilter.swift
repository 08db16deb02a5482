import HyperoSchema

/// The condition that the user types for the rows of a screen.
///
/// This type is the only place where the typed text becomes a condition. An expression such as `lr < 0.01 and valid > 0.9` is a
/// ``Filter``, by which the ranking is read. Any other text is one that the id, the status or a hyper-parameter or metadata, with
/// its name before it, contains in any case of letters.
package struct RowFilter: Sendable, Hashable {
    /// The typed text.
    package let text: String
    /// The filter by which the ranking is read; nil for a text that rows contain.
    package let expression: Filter?
    /// The error of a text with a comparison that is no expression; nil for any other text.
    package let problem: String?
    private let lowercased: String

    /// - Returns: nil for a text without a visible character, which is no condition.
    package init?(_ text: String) {
        guard text.contains(where: { !$0.isWhitespace }) else { return nil }
        self.text = text
        lowercased = text.lowercased()
        do throws(FilterError) {
            let filter = try Filter(text)
            expression = filter.isEmpty ? nil : filter
            problem = nil
        } catch {
            expression = nil
            problem = Self.isBegun(text) ? error.description : nil
        }
    }

    /// Returns whether a text may be the begin of an expression, which a text that rows contain should not replace meanwhile.
    static func isBegun(_ text: String) -> Bool { text.contains { "<>=!~".contains($0) } }

    /// Returns whether a row fulfils the condition. A row that was read by the expression does.
    package func matches(_ row: Leaderboard.Row) -> Bool {
        if expression != nil { return true }
        if contains(row.experiment) || contains(row.status?.rawValue ?? "") { return true }
        return (row.params + row.meta).contains { contains("\($0.name) \(shownText($0.text))") }
    }

    /// Returns whether a battery fulfils the condition, by its name, description or id.
    package func matches(_ battery: BatterySummary) -> Bool {
        contains(battery.name) || contains(battery.description) || contains(battery.id)
    }

    private func contains(_ value: String) -> Bool { value.lowercased().contains(lowercased) }
}
