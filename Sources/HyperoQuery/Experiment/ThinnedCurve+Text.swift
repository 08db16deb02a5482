import HyperoSchema

extension ThinnedCurve {
    /// Returns a remark about what is missing: `thinned to 200 of 5000 rows, 2026-11-27 13:05:00`.
    ///
    /// - Parameter rows: the number of rows that there are.
    func remark(rows: Int) -> String {
        let verb = if case .rows = limit { "thinned to" } else { "deleted but for" }
        return "\(verb) \(rows) of \(rows + removed) rows, \(dateText(time))"
    }
}
