import TestSupport
import Testing

/// Searches of functions with a known minimum. The seeds are fixed, so the results are the same in each run.
@Suite("The convergence of searches")
struct ConvergenceTests {
    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    private static func median(
        of problem: SearchProblem, _ method: SimulatedSearch.Method, trials: Int, workers: Int = 1
    ) -> Double {
        median(
            (0..<11).map { seed in
                SimulatedSearch.bestValues(of: problem, method, seed: seed, trials: trials, workers: workers).last
                    ?? .nan
            })
    }

    /// The bounds are near the medians of optuna 5 with 20 seeds, those of random draws near its quartiles.
    @Test func `The estimator finds lower values of Branin's function than random draws`() {
        let random = Self.median(of: .branin, .random, trials: 60)
        let tpe = Self.median(of: .branin, .tpe, trials: 60)
        #expect(tpe < 0.6 && random > 0.7, "\(tpe), \(random)")
    }

    @Test(arguments: [1, 8])
    func `The estimator finds lower values of Hartmann's function than random draws`(workers: Int) {
        let random = Self.median(of: .hartmann6, .random, trials: 60)
        let tpe = Self.median(of: .hartmann6, .tpe, trials: 60, workers: workers)
        #expect(tpe < -2.5 && random > -2.3, "\(tpe), \(random)")
    }

    @Test func `The estimator finds lower values of a function with branches than random draws`() {
        let random = Self.median(of: .pipeline, .random, trials: 60)
        let tpe = Self.median(of: .pipeline, .tpe, trials: 60)
        #expect(tpe < 0.09 && random > 0.11, "\(tpe), \(random)")
    }

    @Test func `A search is the same in each run`() {
        func run() -> [Double] { SimulatedSearch.bestValues(of: .branches, .tpe, seed: 3, trials: 40, workers: 4) }
        #expect(run() == run())
    }
}
