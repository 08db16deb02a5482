import Glibc
import HyperoSchema
import HyperoSearch
import Testing

@Suite("The distributions of draws")
struct PriorDistributionTests {
    /// The arguments of a draw that differ between the draws of a sample.
    enum Sequence: CaseIterable {
        case trials, names, seeds

        /// Returns a sample of draws, each with its own sampler and name.
        func samples<Value>(of count: Int = 10_000, _ draw: (PriorSampler, String) -> Value) -> [Value] {
            (0..<UInt64(count)).map { index in
                switch self {
                case .trials: draw(PriorSampler(seed: 20_150_801, trial: index), "x")
                case .names: draw(PriorSampler(seed: 20_150_801, trial: 1), "x\(index)")
                case .seeds: draw(PriorSampler(seed: index, trial: 1), "x")
                }
            }
        }
    }

    @Test(
        arguments: [
            (0.0, 0.5), (-3, 7), (1e-300, 3e-300), (-1e308, 1e308),
            (-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude),
        ], Sequence.allCases)
    func `uniform draws are evenly distributed over an interval of any width`(
        bounds: (low: Double, high: Double), sequence: Sequence
    ) {
        let (low, high) = bounds
        let samples = sequence.samples { $0.uniform($1, low: low, high: high) }
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples) { ($0 / 2 - low / 2) / (high / 2 - low / 2) }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
        #expect(samples.allSatisfy { $0 >= low && $0 <= high })
    }

    @Test(
        arguments: [(0.00001, 0.1), (1, 2), (Double.leastNormalMagnitude, Double.greatestFiniteMagnitude)],
        Sequence.allCases)
    func `logUniform draws are evenly distributed over the orders of magnitude`(
        bounds: (low: Double, high: Double), sequence: Sequence
    ) {
        let (low, high) = bounds
        let samples = sequence.samples { $0.logUniform($1, low: low, high: high) }
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples) {
            (Glibc.log($0) - Glibc.log(low)) / (Glibc.log(high) - Glibc.log(low))
        }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
        #expect(samples.allSatisfy { $0 >= low && $0 <= high })
    }

    @Test(arguments: [(600.0, 200.0), (0, 1), (-1e-3, 1e-6)], Sequence.allCases)
    func `normal draws have the normal distribution`(
        arguments: (mean: Double, standardDeviation: Double), sequence: Sequence
    ) {
        let (mean, standardDeviation) = arguments
        let samples = sequence.samples { $0.normal($1, mean: mean, standardDeviation: standardDeviation) }
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples) {
            erfc((mean - $0) / standardDeviation / 2.0.squareRoot()) / 2
        }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
    }

    @Test(arguments: Sequence.allCases)
    func `Consecutive normal draws are uncorrelated`(sequence: Sequence) {
        let samples = sequence.samples { $0.normal($1, mean: 0, standardDeviation: 1) }
        let products = zip(samples, samples.dropFirst()).map(*)
        // The sum of n products has the standard deviation sqrt(n). Correct samples exceed 3.29 times this deviation
        // with a probability of 0.001.
        #expect(abs(products.reduce(0, +)) < 3.29 * Double(products.count).squareRoot())
    }

    @Test(
        arguments: [(1, 7), (0, 1), (-5, 4), (Int.max - 2, Int.max), (Int.min, Int.min + 3)], Sequence.allCases)
    func `randint draws every number of its range equally often, including both bounds`(
        bounds: (low: Int, high: Int), sequence: Sequence
    ) throws {
        let (low, high) = bounds
        var counts = Array(repeating: 0, count: high - low + 1)
        for value in sequence.samples({ $0.randint($1, low: low, high: high) }) { counts[value - low] += 1 }
        let shares = counts.map { _ in 1 / Double(counts.count) }
        let bound = try #require(GoodnessOfFit.chiSquareBounds[counts.count - 1])
        #expect(GoodnessOfFit.chiSquare(of: counts, expectedShares: shares) < bound)
    }

    @Test(
        arguments: [(Int.min, Int.max), (Int.min, Int.max - 1), (Int.min / 2, Int.max / 2 + 12_345), (-1, Int.max)],
        Sequence.allCases)
    func `randint draws are evenly distributed over ranges as wide as Int`(
        bounds: (low: Int, high: Int), sequence: Sequence
    ) {
        let (low, high) = bounds
        let samples = sequence.samples { $0.randint($1, low: low, high: high) }
        #expect(samples.allSatisfy { $0 >= low && $0 <= high })
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples.map(Double.init)) {
            ($0 / 2 - Double(low) / 2) / (Double(high) / 2 - Double(low) / 2)
        }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
    }

    @Test(
        arguments: [[0.8, 0.2], [1, 1, 1], [0.5, 3, 0.25, 2.25], [1e300, 3e300, 4e300, 2e300]], Sequence.allCases)
    func `categorical draws have the shares of the weights, for any sum of the weights`(
        weights: [Double], sequence: Sequence
    ) throws {
        let choices = weights.indices.map { Value.integer($0) }
        var counts = Array(repeating: 0, count: weights.count)
        for index in sequence.samples({ $0.categorical($1, choices, weights: weights) }) { counts[index] += 1 }
        let sum = weights.reduce(0, +)
        let bound = try #require(GoodnessOfFit.chiSquareBounds[weights.count - 1])
        #expect(GoodnessOfFit.chiSquare(of: counts, expectedShares: weights.map { $0 / sum }) < bound)
    }

    @Test func `A category of weight 0 is never drawn`() {
        func drawn(_ weights: [Double]) -> Set<Int> {
            let choices = weights.indices.map { Value.integer($0) }
            return Set(Sequence.names.samples { $0.categorical($1, choices, weights: weights) })
        }
        #expect(drawn([0, 1, 0, 1e-3, 0]) == [1, 3])
        #expect(drawn([0, 0, 5]) == [2])
        #expect(drawn([5, 0, 0]) == [0])
    }

    @Test func `Choices without weights are equally likely`() throws {
        var counts = [0, 0, 0, 0]
        let choices = counts.indices.map { Value.integer($0) }
        for index in Sequence.names.samples({ $0.categorical($1, choices, weights: nil) }) { counts[index] += 1 }
        let bound = try #require(GoodnessOfFit.chiSquareBounds[3])
        #expect(GoodnessOfFit.chiSquare(of: counts, expectedShares: [0.25, 0.25, 0.25, 0.25]) < bound)
    }

    @Test(arguments: [0.0, -0.0, 1, -2.5, 0.1, .leastNonzeroMagnitude, Double.greatestFiniteMagnitude])
    func `Draws between equal bounds return the bound`(bound: Double) {
        let sampler = PriorSampler(seed: 9, trial: 9)
        #expect(sampler.uniform("x", low: bound, high: bound) == bound)
        #expect(sampler.normal("x", mean: bound, standardDeviation: 0) == bound)
        if bound > 0 { #expect(sampler.logUniform("x", low: bound, high: bound) == bound) }
    }

    @Test(arguments: [0, -1, Int.min, Int.max])
    func `randint between equal bounds returns the bound`(bound: Int) {
        let sampler = PriorSampler(seed: 9, trial: 9)
        #expect(sampler.randint("n", low: bound, high: bound) == bound)
    }
}
