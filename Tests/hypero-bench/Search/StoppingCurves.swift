import Foundation
import TestSupport

/// The learning curves of a search whose bad trainings are stopped, and what the pruners of optuna do with them: the output of
/// `Scripts/bench-search/stopping.py`.
struct StoppingCurves {
    /// The curves of one search. Lower values are better.
    struct Curves: Decodable {
        var curves: String
        var seed: Int
        var epochs: Int
        /// The observed values, a list per trial.
        var seen: [[Double]]
        /// The true value of each trial after all epochs.
        var last: [Double]
        /// The time of an epoch of each trial.
        var pace: [Double]
    }

    /// The result of a pruner.
    struct Pruned: Decodable {
        var curves: String
        var pruner: String
        var spent: Double
        var regret: Double
        var lost: Int
    }

    private(set) var searches: [Curves] = []
    private(set) var pruned: [Pruned] = []

    private static let script = "Scripts/bench-search/stopping.py"

    /// Runs the script.
    ///
    /// - Parameter python: The path of a Python that has numpy, scikit-learn and optuna.
    init(python: String, plan: Plan) throws {
        let outcome = try ChildProcess.run(
            python,
            [
                Self.script, "--seeds", "\(plan.searchSeeds)", "--optuna-seeds", "\(plan.divisor == 1 ? 5 : 1)",
                "--trials",
                "\(plan.divided(150, atLeast: 20))", "--table", ".build-bench/digits-curves.npz",
            ],
            within: .seconds(7_200))
        guard outcome.succeeded else {
            throw BenchError("\(python) \(Self.script) failed: \(outcome.stderr.suffix(1_000))")
        }
        for text in outcome.stdout.split(separator: "\n") {
            let data = Data(text.utf8)
            if let result = try? JSONDecoder().decode(Pruned.self, from: data) {
                pruned.append(result)
            } else {
                searches.append(try JSONDecoder().decode(Curves.self, from: data))
            }
        }
    }
}
