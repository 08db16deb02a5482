/// The rows of a curve that stay when an operator removes the others.
package enum CurveLimit: Sendable, Hashable {
    /// The row of the maxima and the last row.
    case maxima
    /// At most a number of rows: also the first one, every channel's extremes, and others evenly by epoch.
    case rows(Int)

    /// The allowed numbers of ``rows(_:)``.
    package static let counts = 10...10_000
}

/// The record of a curve of which an operator has removed rows (``ExperimentField/thinned``).
///
/// The maxima follow from the curve, so that they must not follow from a part of it. Three rules ensure this:
///
/// - The row with the best objective of all rows up to ``through`` stays.
/// - A later value of a row up to ``through`` is refused if the row was removed, or if the objective of the row would get
///   worse: the next best row may have been removed.
/// - A resume that would withdraw the row of ``best`` is refused, for the same reason.
package struct ThinnedCurve: Sendable, Hashable {
    /// The highest epoch of the curve when rows were removed last. The rows up to it are final, as above.
    package var through: Int
    /// The number of rows that were removed. If it is 0, no row is final.
    package var removed: Int
    /// The best epoch up to ``through``; nil if none had a finite objective.
    package var best: Int?
    /// The limit to which the curve was thinned last.
    package var limit: CurveLimit
    /// The time of the command in Unix milliseconds.
    package var time: Int64

    package init(through: Int, removed: Int, best: Int?, limit: CurveLimit, time: Int64) {
        (self.through, self.removed, self.best, self.limit, self.time) = (through, removed, best, limit, time)
    }

    /// The text in the hash, `<through> <removed> <best>|- <limit>|- <time>`: `500 300 417 200 1764240000000`. Without a limit, only
    /// the rows of ``CurveLimit/maxima`` were kept.
    ///
    /// Short, because one value of more than 64 bytes makes Redis store the whole hash in three times the memory.
    package var text: String {
        let limit = if case .rows(let count) = limit { String(count) } else { "-" }
        return "\(through) \(removed) \(best.map { String($0) } ?? "-") \(limit) \(time)"
    }

    /// Parses the text; nil if it is malformed.
    package init?(text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        let numbers = words.map { $0.first?.isNumber == true ? Int($0) : nil }
        guard words.count == 5, let through = numbers[0], let removed = numbers[1], let time = numbers[4],
            numbers[2] != nil || words[2] == "-", numbers[3] != nil || words[3] == "-"
        else { return nil }
        self.init(
            through: through, removed: removed, best: numbers[2], limit: numbers[3].map { .rows($0) } ?? .maxima,
            time: Int64(time))
    }
}
