import Foundation
import HyperoSearch
import TestSupport

/// The best values that searches find, and the processor time of a suggestion.
///
/// Each problem is searched with 20 seeds by the tree-structured Parzen estimator and by random draws, with one worker. 8 workers
/// search three of them with 100 trials. The figures are the medians of the best values, where lower is better. All seeds are fixed,
/// so the figures of hypero are the same in each run.
///
/// With a Python that has optuna, `Scripts/bench-search/measure.py` searches the same problems with the sampler that is optuna's
/// default. A note tells whether a median is within its quartiles. The Python is that of `--python`, else that of `Scripts/bench peers`.
struct SearchSection: Section {
    private static let checkpoints = [25, 50, 100, 200]
    private static let peersPython = ".build-peers/optuna/bin/python"

    func run(_ plan: Plan, report: Report) throws {
        let optuna = try Self.optuna(plan, report)
        let problems = SearchProblem.all + [try .svm()]
        var verdicts: [Verdict] = []
        for problem in problems {
            report.progress("search: \(problem.name)")
            verdicts += medians(of: problem, trials: 200, workers: 1, beside: optuna, plan, report)
        }
        for problem in [SearchProblem.branin, .hartmann6, .pipeline] {
            report.progress("search: \(problem.name), 8 workers")
            verdicts += medians(of: problem, trials: 100, workers: 8, beside: optuna, plan, report)
        }
        if optuna != nil {
            let rows = report.rows(of: "medians beside the quartiles of optuna", in: .search)
            for verdict in Verdict.allCases {
                rows.add(verdict.rawValue, value: Double(verdicts.count { $0 == verdict }), unit: .medians)
            }
        }
        let rows = report.rows(of: "processor time, 10 hyper-parameters", in: .search)
        for past in [100, 1_000, 5_000, 10_000] {
            let past = plan.divided(past, atLeast: 20)
            let times = SuggestionTimes(past: past, repetitions: plan.divisor == 1 ? 51 : 3)
            rows.add(
                "suggestion after \(past) trials", value: times.suggestion, unit: .milliseconds,
                peer: optuna.flatMap { optuna in
                    optuna.suggestionTimes[past].map { Row.Peer("optuna \(optuna.version)", $0) }
                }, targets: [Targets.suggestion])
            if past >= 10_000 { rows.add("record of a trial", value: times.record, unit: .microseconds) }
        }
    }

    private static func optuna(_ plan: Plan, _ report: Report) throws -> OptunaFigures? {
        let isInstalled = FileManager.default.isExecutableFile(atPath: peersPython)
        guard let python = plan.python ?? (isInstalled ? peersPython : nil) else { return nil }
        report.progress("search: optuna")
        return try OptunaFigures(python: python, plan: plan)
    }

    /// The position of a median beside the quartiles of optuna.
    private enum Verdict: String, CaseIterable {
        case better = "better than the lower quartile"
        case within = "within the quartiles"
        case worse = "worse than the upper quartile"

        init(_ median: Double, _ quartiles: ClosedRange<Double>) {
            self = median < quartiles.lowerBound ? .better : median > quartiles.upperBound ? .worse : .within
        }
    }

    /// Adds the medians of one problem.
    ///
    /// - Returns: the verdicts on the medians, if there are figures of optuna.
    private func medians(
        of problem: SearchProblem, trials: Int, workers: Int, beside optuna: OptunaFigures?, _ plan: Plan,
        _ report: Report
    ) -> [Verdict] {
        let trials = plan.divided(trials, atLeast: Self.checkpoints[0])
        func runs(_ method: SimulatedSearch.Method) -> [[Double]] {
            (0..<UInt64(plan.searchSeeds)).map { seed in
                SimulatedSearch.bestValues(of: problem, method, seed: seed, trials: trials, workers: workers)
            }
        }
        // Random draws do not depend on the number of workers, except for their order.
        let (estimator, random) = (runs(.tpe), workers == 1 ? runs(.random) : nil)
        let subject = workers == 1 ? problem.name : "\(problem.name), \(workers) workers"
        let rows = report.rows(of: subject, in: .search)
        var verdicts: [Verdict] = []
        for (index, checkpoint) in Self.checkpoints.enumerated() where checkpoint <= trials {
            let median = estimator.map { $0[checkpoint - 1] }.median
            let others = optuna?.values(of: problem.name, workers: workers, after: index) ?? []
            var (peer, note) = (Row.Peer?.none, String?.none)
            if let optuna, let quartiles = others.quartiles {
                let verdict = Verdict(median, quartiles)
                verdicts.append(verdict)
                peer = Row.Peer("optuna \(optuna.version)", others.median)
                note = "\(verdict.rawValue) of optuna"
            }
            rows.add("best after \(checkpoint) trials", value: median, unit: .objective, peer: peer, note: note)
            if let random {
                rows.add(
                    "random draws after \(checkpoint)", value: random.map { $0[checkpoint - 1] }.median,
                    unit: .objective)
            }
        }
        return verdicts
    }
}

extension Array where Element == Double {
    /// The quartiles, interpolated between the nearest values; nil of an empty array.
    fileprivate var quartiles: ClosedRange<Double>? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        func quantile(_ part: Double) -> Double {
            let place = part * Double(count - 1)
            let (low, high) = (Int(place.rounded(.down)), Int(place.rounded(.up)))
            return sorted[low] + (sorted[high] - sorted[low]) * (place - place.rounded(.down))
        }
        return quantile(0.25)...quantile(0.75)
    }
}
