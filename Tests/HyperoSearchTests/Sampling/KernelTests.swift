import Glibc
import HyperoSchema
import Testing

@testable import HyperoSearch

@Suite("The kernels of observations")
struct KernelTests {
    @Test(arguments: [
        // Without observations, the prior alone. The neighbors of one observation are the bounds.
        ([], []), ([0.5], [0.5]), ([0.9], [0.9]),
        // The first and the last take the inner distance.
        ([0.1, 0.4, 0.45], [0.3, 0.3, 0.2]), ([0.45, 0.1, 0.4], [0.2, 0.3, 0.3]),
        // At least 1 / (2 + n).
        ([0.2, 0.2, 0.9], [0.2, 0.7, 0.7]), ([0.5, 0.5], [0.25, 0.25]), ([0, 1], [1, 1]),
    ])
    func `The width of a kernel is the larger distance to a neighbor, within bounds`(
        observations: [Double], expected: [Double]
    ) {
        let kernels = NumericKernels(observations, on: .interval)
        #expect(kernels.centers == observations + [0.5])
        #expect(zip(kernels.widths, expected + [1]).allSatisfy { abs($0 - $1) < 1e-12 }, "\(kernels.widths)")
        #expect(kernels.widths.count == observations.count + 1)
    }

    @Test func `No kernel is narrower than a hundredth`() {
        let kernels = NumericKernels((0..<1_000).map { Double($0) / 1_000 }, on: .interval)
        #expect(kernels.widths.dropLast().allSatisfy { $0 == 0.01 })
    }

    @Test func `Without bounds, one observation has the width of the prior`() {
        #expect(NumericKernels([7], on: .line).widths == [1, 1])
        #expect(NumericKernels([-3, 0.5, 0.75], on: .line).widths == [1, 1, 0.25, 1])
        #expect(NumericKernels([], on: .line).centers == [0])
    }

    private func logDensities(
        _ observations: [Double], _ distribution: Distribution, at candidates: [Double]
    ) throws -> [Double] {
        let axis = try #require(ParameterAxis(distribution))
        return ParzenEstimator([observations], on: [axis]).logDensities(of: [candidates])
    }

    @Test(arguments: [[], [0.0], [0.3], [0.1, 0.11, 0.9, 1], Array(repeating: 0.25, count: 40)])
    func `The density between bounds has the integral 1`(observations: [Double]) throws {
        let points = (0..<2_000).map { (Double($0) + 0.5) / 2_000 }
        let densities = try logDensities(observations, .uniform(low: 0, high: 1), at: points).map { exp($0) }
        #expect(abs(densities.reduce(0, +) / 2_000 - 1) < 1e-5)
    }

    @Test(arguments: [2, 7, 199, 200, 1_000], [0, 1, 3, 150])
    func `The probabilities of cells have the sum 1`(cells: Int, observations: Int) throws {
        let middles = (0..<cells).map { (Double($0) + 0.5) / Double(cells) }
        let observations = (0..<observations).map { middles[$0 * $0 * 31 % cells] }
        let probabilities = try logDensities(observations, .randint(low: 1, high: cells), at: middles).map { exp($0) }
        #expect(abs(probabilities.reduce(0, +) - 1) < (cells < 200 ? 1e-9 : 1e-4))
    }

    @Test(arguments: [nil, [1, 1, 6], [0, 1, 1]] as [[Double]?], [[], [0.0, 0], [1.0, 2, 1, 1, 1]])
    func `The probabilities of choices have the sum 1`(weights: [Double]?, observations: [Double]) throws {
        let distribution = Distribution.categorical(choices: (0..<3).map { .integer($0) }, weights: weights)
        let observations = weights?[0] == 0 ? observations.filter { $0 > 0 } : observations
        let probabilities = try logDensities(observations, distribution, at: [0, 1, 2]).map { exp($0) }
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
        if weights?[0] == 0 { #expect(probabilities[0] == 0) }
    }

    /// One kernel of three observations of "b" among three equally likely choices: (1 + 3/3/4) / (1 + 3/4) = 5/7.
    @Test func `The probability of an observed choice is that of the formula`() throws {
        let distribution = Distribution.categorical(choices: ["a", "b", "c"].map(Value.string), weights: nil)
        let probability = exp(try logDensities([1, 1, 1], distribution, at: [1])[0])
        #expect(abs(probability - (3 * 5.0 / 7 + 1.0 / 3) / 4) < 1e-12)
    }

    @Test(arguments: [
        Distribution.uniform(low: 0, high: 1), .randint(low: 1, high: 5), .normal(mean: 0, standardDeviation: 1),
        .categorical(choices: (0..<4).map { .integer($0) }, weights: [1, 1, 1, 5]),
    ])
    func `Candidates have the density of the estimator`(distribution: Distribution) throws {
        let axis = try #require(ParameterAxis(distribution))
        let observations = [0.0, 0.2, 0.21, 0.9].enumerated().map { index, value in
            switch axis.support {
            case .cells(let count): return (Double(index) + 0.5) / count
            case .choices: return Double(index)
            default: return value
            }
        }
        let estimator = ParzenEstimator([observations], on: [axis])
        var generator = Xoshiro256(seed: DrawSeed(seed: 1, trial: 1, name: ""))
        let candidates = estimator.candidates(20_000, using: &generator)[0]
        // The integral of the density up to twenty bounds, beside the part of the candidates below.
        let fine = 2_000
        let points: [Double]
        let step: Double
        switch axis.support {
        case .interval: (points, step) = ((0..<fine).map { (Double($0) + 0.5) / Double(fine) }, 1 / Double(fine))
        case .line: (points, step) = ((0..<fine).map { (Double($0) + 0.5) / 200 - 5 }, 1 / 200)
        case .cells(let count): (points, step) = ((0..<Int(count)).map { (Double($0) + 0.5) / count }, 1)
        case .choices(let prior): (points, step) = (prior.indices.map(Double.init), 1)
        }
        var total = 0.0
        let checked = max(points.count / 20, 1)
        for (place, (point, density)) in zip(points, estimator.logDensities(of: [points])).enumerated() {
            total += exp(density) * step
            guard place % checked == 0 else { continue }
            let part = Double(candidates.count { $0 <= point + step * (step == 1 ? 0 : 0.5) }) / 20_000
            // The critical value of the Kolmogorov-Smirnov statistic.
            #expect(abs(part - total) < GoodnessOfFit.kolmogorovSmirnovBound / 20_000.0.squareRoot() + 1e-3)
        }
    }
}
