import HyperoCore
import HyperoRedis

/// A result that can be written as a table, JSON or CSV.
package protocol Rendering {
    /// The remarks about the result. ``writeTable(to:)`` writes them too.
    var notes: [Note] { get }
    /// The remark about rows beyond the limit; nil if there are none. Only for JSON and CSV: the table says so elsewhere.
    var limitNote: Note? { get }
    /// Writes the result for people. The form may change.
    func writeTable(to page: inout Page)
    /// Writes JSON objects, one per line. The keys are a contract for programs.
    func writeJSON(to page: inout Page)
    /// Writes CSV records after a header.
    func writeCSV(to page: inout Page)
}

extension Rendering {
    package var notes: [Note] { [] }
    package var limitNote: Note? { nil }

    /// Returns the whole text of the result.
    ///
    /// - Parameters:
    ///   - format: the form of the result.
    ///   - display: the properties of the output.
    ///   - advice: printed with the notes, and if the display is too narrow for all columns of a table.
    ///   - guardsFormulas: true to make cells of CSV text that a spreadsheet would run as formulas.
    ///   - now: the time from which ages are measured, in Unix milliseconds; nil for the present.
    package func text(
        as format: OutputFormat, for display: Display, advice: [AdviceTopic: String] = [:],
        guardsFormulas: Bool = false, now: Int64? = nil
    ) -> String {
        var page = Page(
            display, now: now ?? WallClock.milliseconds, advice: advice,
            escapes: format == .table || display.isTerminal, guardsFormulas: guardsFormulas)
        switch format {
        case .table: writeTable(to: &page)
        case .json: writeJSON(to: &page)
        case .csv: writeCSV(to: &page)
        }
        return page.text
    }
}

/// The form of a result.
package enum OutputFormat: String, Sendable, CaseIterable {
    /// For people. The form may change.
    case table
    /// One object per line: the contract for programs.
    case json
    /// RFC 4180, with a header.
    case csv
}
