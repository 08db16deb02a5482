import Glibc
import HyperoSchema
import HyperoSearch

/// A simulated search of a ``SearchProblem``.
///
/// With several workers, each one takes the next trial when it has ended one. The durations of the trials are lognormal, with a
/// standard deviation of 0.5 in the logarithm.
package struct SimulatedSearch {
    package enum Method: Sendable {
        /// Draws from the distributions.
        case random
        /// The tree-structured Parzen estimator.
        case tpe
        /// The same, with running trials as bad ones.
        case tpeAvoidingRunning
    }

    private let problem: SearchProblem
    private let method: Method
    private let seed: UInt64
    private var history = SearchHistory(direction: .min)
    private var random: SeededGenerator
    /// The trials that run, with their ends.
    private var running: [(end: Double, trial: SearchTrial, value: Double)] = []

    private init(of problem: SearchProblem, _ method: Method, seed: UInt64) {
        self.problem = problem
        self.method = method
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    /// Runs a search.
    ///
    /// - Returns: the best value after each trial that has ended.
    package static func bestValues(
        of problem: SearchProblem, _ method: Method, seed: UInt64, trials: Int, workers: Int = 1
    ) -> [Double] {
        var search = SimulatedSearch(of: problem, method, seed: seed)
        var best: [Double] = []
        var started = 0
        while started < min(workers, trials) {
            search.start(started, at: 0)
            started += 1
        }
        while let ended = search.endNext() {
            best.append(min(best.last ?? .infinity, ended.value))
            if started < trials {
                search.start(started, at: ended.time)
                started += 1
            }
        }
        return best
    }

    private mutating func start(_ number: Int, at time: Double) {
        var trial: SearchTrial
        if method == .random {
            let sampler = PriorSampler(seed: seed, trial: UInt64(number))
            trial = SearchTrial(number: number) { sampler.value(of: $0, from: $1) }
        } else {
            let sampler = TPESampler(
                seed: seed, trial: UInt64(number), history: history, avoidsRunning: method == .tpeAvoidingRunning)
            trial = SearchTrial(number: number) { sampler.value(of: $0, from: $1) }
        }
        let value = problem.value(&trial)
        history.record(PastTrial(number: number, .running, trial.parameters))
        running.append((time + exp(0.5 * normal()), trial, value))
    }

    private mutating func endNext() -> (time: Double, value: Double)? {
        guard let place = running.indices.min(by: { running[$0].end < running[$1].end }) else { return nil }
        let (end, trial, value) = running.remove(at: place)
        history.record(PastTrial(number: trial.number, .finished(value: value), trial.parameters))
        return (end, value)
    }

    /// Draws from the normal distribution.
    private mutating func normal() -> Double {
        let units = (0..<2).map { _ in Double(random.next() >> 11) * 0x1p-53 }
        return (-2 * log(1 - units[0])).squareRoot() * cos(2 * Double.pi * units[1])
    }
}
