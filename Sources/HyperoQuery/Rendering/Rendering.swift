import HyperoCore
import HyperoRedis

/// An answer that can be shown.
package protocol Rendering {
    /// Writes it for people.
    func writeTable(to page: inout Page)
    /// Writes it as objects of JSON, one a line.
    func writeJSON(to page: inout Page)
    /// Writes it as a header and records.
    func writeCSV(to page: inout Page)
}

extension Rendering {
    /// The whole answer.
    ///
    /// - Parameter now: what "ago" is measured from, in Unix milliseconds; nil for the present.
    package func text(as format: OutputFormat, for display: Display, now: Int64? = nil) -> String {
        var page = Page(display, now: now ?? WallClock.milliseconds)
        switch format {
        case .table: writeTable(to: &page)
        case .json: writeJSON(to: &page)
        case .csv: writeCSV(to: &page)
        }
        return page.text
    }
}
