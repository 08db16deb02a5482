import Foundation
import Hypero
import TestSupport

/// The savings by stopping bad trainings, and their price.
///
/// 8 workers train the trials of searches whose learning curves are known, 20 of each kind. Each epoch is logged by a client, and the ingest
/// decides whether the training stops. The figures are means: the share of the epochs of all trials that were run, the regret (the
/// true last value of the trial that is chosen by its last observed one, minus that of the best of all) and the share of the
/// searches in which the best trial was stopped.
///
/// Needs a Python with numpy, scikit-learn and optuna, whose pruners get the same curves.
struct StoppingSection: Section {
    private static let peersPython = ".build-peers/optuna/bin/python"

    func run(_ plan: Plan, report: Report) throws {
        let isInstalled = FileManager.default.isExecutableFile(atPath: Self.peersPython)
        guard let python = plan.python ?? (isInstalled ? Self.peersPython : nil) else {
            throw BenchError(
                "stopping needs --python with the path of a Python that has numpy, scikit-learn and optuna")
        }
        report.progress("stopping: curves, and the pruners of optuna")
        let curves = try StoppingCurves(python: python, plan: plan)
        var kinds: [String] = []
        for search in curves.searches where !kinds.contains(search.curves) { kinds.append(search.curves) }
        for kind in kinds {
            let rows = report.rows(of: kind, in: .stopping)
            let searches = curves.searches.filter { $0.curves == kind }
            let epochs = searches[0].epochs
            for (name, rule) in [
                ("halving", Search.Stopping.halving(epochs: epochs, first: 3)),
                ("median", .median(epochs: epochs, first: 3)),
            ] {
                report.progress("stopping: \(kind), \(name)")
                let server = try BenchServer()
                let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url])
                defer { ingest.kill() }
                let results = try searches.map { try StoppedSearch($0, rule, at: server.url) }
                rows.add("\(name): epochs", value: 100 * results.map(\.spent).mean, unit: .percent)
                rows.add("\(name): regret", value: results.map(\.regret).mean, unit: .objective)
                rows.add(
                    "\(name): best stopped", value: 100 * results.map { $0.isBestLost ? 1 : 0 }.mean, unit: .percent)
            }
            var pruners: [String] = []
            for result in curves.pruned where result.curves == kind && !pruners.contains(result.pruner) {
                pruners.append(result.pruner)
            }
            for pruner in pruners {
                let results = curves.pruned.filter { $0.curves == kind && $0.pruner == pruner }
                rows.add("optuna \(pruner): epochs", value: 100 * results.map(\.spent).mean, unit: .percent)
                rows.add("optuna \(pruner): regret", value: results.map(\.regret).mean, unit: .objective)
                rows.add(
                    "optuna \(pruner): best stopped", value: 100 * results.map { Double($0.lost) }.mean, unit: .percent)
            }
        }
    }
}

extension Array where Element == Double {
    fileprivate var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }
}
