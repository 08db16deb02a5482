import Foundation
import TestSupport

/// The searches of optuna: the output of `Scripts/bench-search/measure.py`.
struct OptunaFigures {
    /// A line of the output. Which fields it has tells its kind.
    private struct Line: Decodable {
        var optuna: String?
        var problem: String?
        var workers: Int?
        var best: [Double]?
        var past: Int?
        var ms: Double?
    }

    private static let script = "Scripts/bench-search/measure.py"

    private(set) var version = ""
    /// The best values after each checkpoint, a list per seed.
    private var best: [String: [[Double]]] = [:]
    /// The processor time of a suggestion in milliseconds, by the number of past trials.
    private(set) var suggestionTimes: [Int: Double] = [:]

    /// Runs the script.
    ///
    /// - Parameter python: The path of a Python that has optuna.
    init(python: String, plan: Plan) throws {
        let outcome = try ChildProcess.run(
            python, [Self.script, "--seeds", "\(plan.searchSeeds)", "--divide", "\(plan.divisor)"],
            within: .seconds(7_200))
        guard outcome.succeeded else {
            throw BenchError("\(python) \(Self.script) failed: \(outcome.stderr.suffix(1_000))")
        }
        for text in outcome.stdout.split(separator: "\n") {
            let line = try JSONDecoder().decode(Line.self, from: Data(text.utf8))
            if let optuna = line.optuna { version = optuna }
            if let problem = line.problem, let workers = line.workers, let values = line.best {
                best[Self.key(problem, workers), default: []].append(values)
            }
            if let past = line.past { suggestionTimes[past] = line.ms }
        }
    }

    private static func key(_ problem: String, _ workers: Int) -> String { "\(problem) \(workers)" }

    /// Returns the best values of all seeds after a checkpoint, which is the index of one of ``SearchSection/checkpoints``.
    func values(of problem: String, workers: Int, after checkpoint: Int) -> [Double] {
        (best[Self.key(problem, workers)] ?? []).compactMap { $0.indices.contains(checkpoint) ? $0[checkpoint] : nil }
    }
}
