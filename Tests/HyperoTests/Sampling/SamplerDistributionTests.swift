import Glibc
import Testing

@testable import Hypero

@Suite("The distributions of draws")
struct SamplerDistributionTests {
    private static let draws = 20_000

    private static func samples(stream: UInt64, draw: (inout Sampler) -> Double) -> [Double] {
        var sampler = Sampler(seed: 20_150_801, stream: stream)
        return (0..<draws).map { _ in draw(&sampler) }
    }

    @Test(arguments: [
        (0.0, 0.5), (-3, 7), (1e-300, 3e-300), (-1e308, 1e308),
        (-Double.greatestFiniteMagnitude, Double.greatestFiniteMagnitude),
    ])
    func `uniform draws are evenly distributed over an interval of any width`(low: Double, high: Double) {
        let samples = Self.samples(stream: 1) { $0.uniform("x", low: low, high: high) }
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples) { ($0 / 2 - low / 2) / (high / 2 - low / 2) }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
        #expect(samples.allSatisfy { $0 >= low && $0 <= high })
    }

    @Test(arguments: [(0.00001, 0.1), (1, 2), (Double.leastNormalMagnitude, Double.greatestFiniteMagnitude)])
    func `logUniform draws are evenly distributed over the orders of magnitude`(low: Double, high: Double) {
        let samples = Self.samples(stream: 2) { $0.logUniform("x", low: low, high: high) }
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples) {
            (Glibc.log($0) - Glibc.log(low)) / (Glibc.log(high) - Glibc.log(low))
        }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
        #expect(samples.allSatisfy { $0 >= low && $0 <= high })
    }

    @Test(arguments: [(600.0, 200.0), (0, 1), (-1e-3, 1e-6)])
    func `normal draws have the normal distribution`(mean: Double, standardDeviation: Double) {
        let samples = Self.samples(stream: 3) { $0.normal("x", mean: mean, standardDeviation: standardDeviation) }
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples) {
            erfc((mean - $0) / standardDeviation / 2.0.squareRoot()) / 2
        }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
    }

    @Test func `Consecutive normal draws are uncorrelated`() {
        // The method of Box and Muller yields pairs, and incorrect use of both values would correlate consecutive
        // draws.
        let samples = Self.samples(stream: 4) { $0.normal("x", mean: 0, standardDeviation: 1) }
        let products = zip(samples, samples.dropFirst()).map(*)
        // The sum of n products has the standard deviation sqrt(n). Correct samples exceed 3.29 times this deviation
        // with a probability of 0.001.
        #expect(abs(products.reduce(0, +)) < 3.29 * Double(products.count).squareRoot())
    }

    @Test(arguments: [(1, 7), (0, 1), (-5, 4), (Int.max - 2, Int.max), (Int.min, Int.min + 3)])
    func `randint draws every number of its range equally often, including both bounds`(low: Int, high: Int) throws {
        var sampler = Sampler(seed: 5, stream: 5)
        var counts = Array(repeating: 0, count: high - low + 1)
        for _ in 0..<Self.draws { counts[sampler.randint("n", low: low, high: high) - low] += 1 }
        let shares = counts.map { _ in 1 / Double(counts.count) }
        let bound = try #require(GoodnessOfFit.chiSquareBounds[counts.count - 1])
        #expect(GoodnessOfFit.chiSquare(of: counts, expectedShares: shares) < bound)
    }

    @Test(arguments: [(Int.min, Int.max), (Int.min, Int.max - 1), (Int.min / 2, Int.max / 2 + 12_345), (-1, Int.max)])
    func `randint draws are evenly distributed over ranges as wide as Int`(low: Int, high: Int) {
        var sampler = Sampler(seed: 6, stream: 6)
        let samples = (0..<Self.draws).map { _ in sampler.randint("n", low: low, high: high) }
        #expect(samples.allSatisfy { $0 >= low && $0 <= high })
        let distance = GoodnessOfFit.kolmogorovSmirnov(of: samples.map(Double.init)) {
            ($0 / 2 - Double(low) / 2) / (Double(high) / 2 - Double(low) / 2)
        }
        #expect(distance < GoodnessOfFit.kolmogorovSmirnovBound)
    }

    @Test(arguments: [[0.8, 0.2], [1, 1, 1], [0.5, 3, 0.25, 2.25], [1e300, 3e300, 4e300, 2e300]])
    func `categorical draws have the shares of the weights, for any sum of the weights`(weights: [Double]) throws {
        var sampler = Sampler(seed: 7, stream: 7)
        var counts = Array(repeating: 0, count: weights.count)
        for _ in 0..<Self.draws { counts[sampler.categorical("c", weights: weights)] += 1 }
        let sum = weights.reduce(0, +)
        let bound = try #require(GoodnessOfFit.chiSquareBounds[weights.count - 1])
        #expect(GoodnessOfFit.chiSquare(of: counts, expectedShares: weights.map { $0 / sum }) < bound)
    }

    @Test func `A category of weight 0 is never drawn`() {
        var sampler = Sampler(seed: 8, stream: 8)
        let drawn = Set((0..<Self.draws).map { _ in sampler.categorical("c", weights: [0, 1, 0, 1e-3, 0]) })
        #expect(drawn == [1, 3])
        #expect(sampler.categorical("c", weights: [0, 0, 5]) == 2)
        #expect(sampler.categorical("c", weights: [5, 0, 0]) == 0)
    }

    @Test(arguments: [0.0, -0.0, 1, -2.5, 0.1, .leastNonzeroMagnitude, Double.greatestFiniteMagnitude])
    func `Draws between equal bounds return the bound`(bound: Double) {
        var sampler = Sampler(seed: 9, stream: 9)
        #expect(sampler.uniform("x", low: bound, high: bound) == bound)
        #expect(sampler.normal("x", mean: bound, standardDeviation: 0) == bound)
        if bound > 0 { #expect(sampler.logUniform("x", low: bound, high: bound) == bound) }
    }

    @Test(arguments: [0, -1, Int.min, Int.max])
    func `randint between equal bounds returns the bound`(bound: Int) {
        var sampler = Sampler(seed: 9, stream: 9)
        #expect(sampler.randint("n", low: bound, high: bound) == bound)
    }
}
