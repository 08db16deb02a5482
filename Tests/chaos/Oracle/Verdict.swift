/// What the oracle found.
struct Verdict {
    /// Accepted, and not in the indexes.
    var lost = Finding()
    /// Applied more than once.
    var duplicated = Finding()
    /// In the indexes, and logged by nobody.
    var phantom = Finding()
    /// Applied in another order than logged.
    var misordered = Finding()
    /// How the indexes differ from the naive model's; empty when they do not.
    var differences = ""

    /// Events that clients accepted.
    var accepted = 0
    /// Calls whose outcome nobody wrote down, because of a kill; and how many of those are there.
    var unsure = 0
    var unsureFound = 0
    var producers = 0
    var experiments = 0
    /// Events that clients dropped and counted.
    var dropped: UInt64 = 0
    /// Entries that the ingest saw to be duplicates.
    var deduplicated = 0

    var isGood: Bool {
        lost.count + duplicated.count + phantom.count + misordered.count == 0 && differences.isEmpty
    }

    /// The report, a line or more.
    var text: String {
        var lines = [
            "\(accepted) events of \(experiments) experiments and \(producers) producers, \(deduplicated) sent twice and "
                + "applied once, \(dropped) dropped; of \(unsure) calls cut short by a kill \(unsureFound) came through"
        ]
        for (name, finding) in [
            ("lost", lost), ("duplicated", duplicated), ("phantom", phantom), ("misordered", misordered),
        ] where finding.count > 0 {
            lines.append("\(name): \(finding.count) events")
            lines += finding.examples.map { "    \($0)" }
        }
        if !differences.isEmpty {
            lines.append("differences from the naive model:")
            lines += differences.split(separator: "\n").map { "    \($0)" }
        }
        lines.append(isGood ? "no difference" : "the indexes are not what was logged")
        return lines.joined(separator: "\n")
    }
}
