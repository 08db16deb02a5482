import ArgumentParser
import HyperoCommandLine
import HyperoQuery
import HyperoSchema

/// The options of `delete` that select experiments by their age and rank, and that remove only rows of their curves.
struct RetentionOptions: ParsableArguments {
    // Unconditional, so that a negative number gets the message about the range.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Keep the best of each version of each battery, by its objective: this many of all its experiments.",
            valueName: "n"))
    var keepBest: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Only experiments whose last sign of life is longer ago than this: 90d, 12h or 2w.", valueName: "time"))
    var olderThan: String?

    @Option(
        help: ArgumentHelp(
            "Only experiments of these statuses: running, done, failed, stopped, lost. May be repeated. (default: those that "
                + "have ended. Those that are lost count after a day, or with --status lost after --older-than)",
            valueName: "status"))
    var status: [String] = []

    @Flag(help: "Delete only learning curves, all rows but the best and the last one.")
    var curvesOnly = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Delete only rows of learning curves, and keep at most this many of each: the best, the first and the last, each "
                + "channel's extremes, others evenly.", valueName: "rows"))
    var thin: Int?

    /// True if an option is given that selects experiments.
    var selects: Bool { keepBest != nil || olderThan != nil || !status.isEmpty }

    /// True if any option is given.
    var isGiven: Bool { selects || curves != nil }

    /// The rows of the curves that stay; nil if the experiments are deleted.
    var curves: CurveLimit? { thin.map { .rows($0) } ?? (curvesOnly ? .maxima : nil) }

    /// True if experiments that run are selected.
    var selectsRunning: Bool {
        status.contains { $0.split(separator: ",").contains { $0 == ExperimentStatus.running.rawValue } }
    }

    func validate() throws {
        if let keepBest, !RetentionRule.counts.contains(keepBest) {
            throw ValidationError(
                "--keep-best must be between 1 and 1000000, not \(keepBest). For example, write --keep-best 100.")
        }
        if let thin, !CurveLimit.counts.contains(thin) {
            throw ValidationError(
                "--thin must be between 10 and 10000 rows, not \(thin). For example, write --thin 200.")
        }
        guard !curvesOnly || thin == nil else {
            throw ValidationError("--curves-only and --thin must not be combined. Give one of them.")
        }
        _ = try age()
        _ = try statuses()
    }

    /// Returns the rule of the options.
    ///
    /// - Parameters:
    ///   - battery: the name or the id of the battery; nil for all batteries.
    ///   - version: the version of the battery; nil for all versions.
    func rule(battery: String?, version: Int?) throws -> RetentionRule {
        var rule = RetentionRule()
        (rule.battery, rule.version) = (battery, version)
        rule.best = keepBest ?? 0
        rule.age = try age()
        rule.statuses = try statuses()
        rule.curves = curves
        return rule
    }

    /// Returns the time of `--older-than` in milliseconds; nil without it.
    private func age() throws -> Int64? {
        guard let olderThan else { return nil }
        guard let seconds = FilterDuration.span(olderThan), seconds > 0, seconds <= 1e11 else {
            throw ValidationError(
                "--older-than must be a time with a unit, such as 90d, 12h or 2w, not '\(printable(olderThan))'.")
        }
        return Int64(seconds * 1_000)
    }

    private func statuses() throws -> Set<ExperimentStatus> {
        Set(
            try status.flatMap { $0.split(separator: ",") }.map { name in
                guard let status = ExperimentStatus(rawValue: String(name)) else {
                    throw ValidationError(
                        "--status must be running, done, failed, stopped or lost, not '\(printable(String(name)))'.")
                }
                return status
            })
    }
}
