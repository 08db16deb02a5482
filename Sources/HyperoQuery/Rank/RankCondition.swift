import HyperoSchema

/// The condition on the experiments of a ranking.
struct RankCondition: Sendable, Hashable {
    /// The statuses of the experiments; empty for all.
    var statuses: Set<ExperimentStatus> = []
    /// The time before which no experiment has started, in Unix milliseconds; nil for any.
    var since: Int64?

    /// True if all experiments fulfil the condition.
    var isEmpty: Bool { statuses.isEmpty && since == nil }

    /// The fields that the condition needs. They are read after those of the caller.
    var fields: [String] { since == nil ? [] : [ExperimentField.started] }

    /// Returns whether an experiment fulfils the condition. One without a start time has not started since any time.
    func holds(for experiment: ScannedExperiment) -> Bool {
        if !statuses.isEmpty, !(experiment.liveness?.status.map(statuses.contains) ?? false) { return false }
        guard let since else { return true }
        return experiment[ExperimentField.started].flatMap { Int64($0) }.map { $0 >= since } ?? false
    }

    /// The condition in a sentence: `status done or failed and a start since 2026-11-24 09:00:00`.
    var text: String {
        [statuses.isEmpty ? nil : statuses.text, since.map { "a start since \(dateText($0))" }].compactMap(\.self)
            .joined(separator: " and ")
    }
}
