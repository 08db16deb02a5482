import HyperoCore
import HyperoQuery

/// The account of a query on standard error, for `--explain`.
struct Explanation {
    private let start = MonotonicTime.now
    private let isRequested: Bool

    static let help =
        "Print on standard error what the query reads: experiments, fields, keys, round trips, bytes and time."

    init(isRequested: Bool) { self.isRequested = isRequested }

    /// Prints the account.
    ///
    /// - Parameters:
    ///   - access: the way to the experiments.
    ///   - use: the parts of the filter; nil without one.
    func write(_ access: String, filter use: FilterUse?, of store: Store) {
        guard isRequested else { return }
        var lines = [access]
        if let use {
            lines.append("fields of the filter: \(use.fields.isEmpty ? "none" : use.fields.joined(separator: ", "))")
            for name in use.lastValueNames {
                lines.append("\(name) is the value at the best epoch. MLflow would compare the last value")
            }
        }
        let tenths = (MonotonicTime.now.nanoseconds - start.nanoseconds + 50_000) / 100_000
        lines.append("\(store.cost.text), \(tenths / 10).\(tenths % 10) ms")
        for line in lines { printError("explain: \(line)") }
    }
}

extension Leaderboard {
    /// The way to the experiments.
    var access: String {
        if let curveScan { return "scan: the learning curves of \(curveScan.experimentCount) experiments" }
        guard isSearch else { return "index: the first \(rows.count) of \(count) experiments ranked by \(channel)" }
        return "scan: \(examinedCount) of \(count) experiments ranked by \(channel), for \(rows.count) rows"
    }
}

extension GroupBoard {
    /// The way to the experiments.
    var access: String { "scan: all experiments ranked by \(channel), of which \(count) are in \(groupCount) groups" }
}

extension ExperimentList {
    /// The way to the experiments.
    var access: String {
        filter.isEmpty
            ? "index: the newest \(rows.count) of \(count) experiments"
            : "scan: the newest \(examinedCount) of \(count) experiments, for \(rows.count) rows"
    }
}

extension ExportSummary {
    /// The way to the experiments.
    var access: String {
        filterUse == nil
            ? "scan: \(experimentCount) experiments"
            : "scan: \(examinedCount) experiments, of which \(experimentCount) fulfil the filter"
    }
}
