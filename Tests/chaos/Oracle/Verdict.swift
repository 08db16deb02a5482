/// The result of the oracle. The kinds of differences and the word "recovered" follow Jepsen's set checker.
struct Verdict {
    /// Accepted events that are not in the indexes.
    var lost = Finding()
    /// Events that were applied more than once.
    var duplicated = Finding()
    /// Values in the indexes that no producer logged.
    var phantom = Finding()
    /// Events that were applied in another order than logged.
    var misordered = Finding()
    /// Rows in the indexes that a resume has withdrawn.
    var withdrawn = Finding()
    /// Deleted experiments and batteries that are in the indexes.
    var undeleted = Finding()
    /// Events that Redis could not take and that are no dead letters.
    var missingLetters = Finding()
    /// Dead letters of events that could be applied, and repeated dead letters.
    var unexpectedLetters = Finding()
    /// The differences between the indexes and those of the naive model; empty if there are none.
    var differences = ""

    /// The number of events that clients accepted.
    var accepted = 0
    /// The number of calls whose outcome is unknown, because the producer was killed during the call or the client
    /// dropped an event of another thread at the same time.
    var indeterminate = 0
    /// The number of indeterminate calls whose event is in the indexes.
    var recovered = 0
    var producers = 0
    /// The number of events that `flush(until: .applied)` has confirmed after the last FLUSHALL.
    var confirmed = 0
    /// The number of events that Redis could not take and that must be dead letters.
    var expectedLetters = 0
    /// The number of dead letters that the ingest has removed and counted.
    var trimmedLetters = 0
    var experiments = 0
    /// The number of attempts that resumed an experiment.
    var resumes = 0
    /// The number of batteries, per partition, with declarations that differ.
    var conflicts = 0
    /// The number of experiments that were deleted.
    var deleted = 0
    /// The number of events that were dropped because of a deletion.
    var droppedByDeletion = 0
    /// The number of events that clients dropped and counted.
    var dropped: UInt64 = 0
    /// The number of entries that the ingest counted as duplicates.
    var deduplicated = 0

    /// True if the indexes contain each accepted event exactly once, in order, and nothing else.
    var isGood: Bool {
        findings.allSatisfy { $0.finding.count == 0 } && differences.isEmpty
    }

    private var findings: [(name: String, finding: Finding)] {
        [
            ("lost", lost), ("duplicated", duplicated), ("phantom", phantom), ("misordered", misordered),
            ("withdrawn and present", withdrawn), ("deleted and present", undeleted),
            ("without a dead letter", missingLetters), ("wrong dead letters", unexpectedLetters),
        ]
    }

    /// The report. The last line is "no difference" or "the indexes differ from the logged events".
    var text: String {
        var lines = [
            "\(accepted) events of \(experiments) experiments and \(producers) producers; \(deduplicated) sent twice and "
                + "applied once; \(dropped) dropped; \(expectedLetters) for dead letters",
            "\(indeterminate) calls interrupted by a kill; \(recovered) of their events applied",
            "\(resumes) resumes; \(conflicts) batteries with conflicts; \(deleted) experiments deleted, with "
                + "\(droppedByDeletion) events dropped",
        ]
        if trimmedLetters > 0 { lines.append("\(trimmedLetters) dead letters removed for their size, and counted") }
        if confirmed > 0 { lines.append("\(confirmed) events confirmed as applied after the last FLUSHALL") }
        for (name, finding) in findings where finding.count > 0 {
            lines.append("\(name): \(finding.count) events")
            lines += finding.examples.map { "    \($0)" }
        }
        if !differences.isEmpty {
            lines.append("differences from the naive model:")
            lines += differences.split(separator: "\n").map { "    \($0)" }
        }
        lines.append(isGood ? "no difference" : "the indexes differ from the logged events")
        return lines.joined(separator: "\n")
    }
}

/// The number of differences of one kind, and the first examples.
struct Finding {
    private(set) var count = 0
    private(set) var examples: [String] = []

    private static let maxExamples = 8

    mutating func add(_ example: @autoclosure () -> String, count events: Int = 1) {
        count += events
        if examples.count < Self.maxExamples { examples.append(example()) }
    }
}
