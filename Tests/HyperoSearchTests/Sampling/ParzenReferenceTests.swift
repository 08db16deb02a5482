import Glibc
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoSearch

/// The estimator beside an implementation in numpy and scipy, which has no code in common with it.
///
/// The sample has 40 trials of seven hyper-parameters with one uniform draw each, the top 53 bits of SplitMix64, and the value
/// u0 u1 + u3. Four candidates follow. The reference has the weights, widths and kernels of ``ParzenEstimator``.
@Suite("The Parzen estimator beside a reference implementation")
struct ParzenReferenceTests {
    private static let letters = ["a", "b", "c"].map(Value.string)
    private static let distributions: [Distribution] = [
        .uniform(low: -5, high: 10), .logUniform(low: 1e-5, high: 0.1), .randint(low: 1, high: 4),
        .randint(low: 8, high: 512), .normal(mean: 3, standardDeviation: 2),
        .categorical(choices: letters, weights: nil), .categorical(choices: letters, weights: [4, 3, 1]),
    ]

    private let good: [[Double]]
    private let bad: [[Double]]
    private let candidates: [[Double]]
    private let goodNumbers: [Int]

    init() throws {
        var generator = SeededGenerator(seed: 2026)
        func unit() -> Double { Double(generator.next() >> 11) * 0x1p-53 }
        let axes = try Self.distributions.map { try #require(ParameterAxis($0)) }
        var history = SearchHistory(direction: .min)
        for number in 0..<40 {
            let units = axes.map { _ in unit() }
            let parameters = zip(units, Self.distributions).enumerated().map { index, draw in
                PastTrial.Parameter("\(index)", draw.1, Self.value(of: draw.1, draw.0))
            }
            history.record(PastTrial(number: number, .finished(value: units[0] * units[1] + units[3]), parameters))
        }
        func coordinates(_ trials: [KeptTrial]) -> [[Double]] {
            var lists = axes.map { _ in [Double]() }
            for trial in trials { trial.appendCoordinates(of: Array(axes.indices), to: &lists) }
            return lists
        }
        (good, bad) = (coordinates(history.good), coordinates(history.bad(includesRunning: false)))
        goodNumbers = history.good.map(\.number)
        let points = try (0..<4).map { _ in
            try axes.map { axis in
                let value = Self.value(of: axis.distribution, unit())
                return try #require(axis.coordinate(of: value, from: axis.distribution))
            }
        }
        candidates = axes.indices.map { axis in points.map { $0[axis] } }
    }

    private static func value(of distribution: Distribution, _ unit: Double) -> DrawnValue {
        switch distribution {
        case .uniform(let low, let high): .number(low + (high - low) * unit)
        case .logUniform(let low, let high): .number(exp(log(low) + (log(high) - log(low)) * unit))
        case .normal(let mean, let deviation): .number(mean + deviation * (4 * unit - 2))
        case .randint(let low, let high): .integer(low + Int(Double(high - low + 1) * unit))
        case .categorical(let choices, _): .choice(Int(Double(choices.count) * unit))
        }
    }

    private func scores(of parameters: [Int]) -> [Double] {
        let axes = parameters.compactMap { ParameterAxis(Self.distributions[$0]) }
        func logDensities(_ observations: [[Double]]) -> [Double] {
            ParzenEstimator(parameters.map { observations[$0] }, on: axes)
                .logDensities(of: parameters.map { candidates[$0] })
        }
        return zip(logDensities(good), logDensities(bad)).map { $0 - $1 }
    }

    @Test func `The best tenth of the trials is good`() {
        #expect(goodNumbers == [2, 20, 37, 38])
    }

    @Test(arguments: [
        ([0], [-0.9177087119864504, -0.28709913485537353, 0.9555899133572772, -0.9444082701135472], 1e-9),
        ([1], [1.2974390097559776, 0.06742597643430259, 0.44969574329471107, 0.08210529139917466], 1e-9),
        ([2], [0.20412666596633566, 0.20412666596633566, 0.16061834096369154, 0.20412666596633566], 1e-9),
        // The probabilities of many cells are a series.
        ([3], [2.7905584953274305, 1.229909141388057, 0.7695890522836137, 2.732655076344286], 1e-5),
        ([4], [-0.5444019546231682, -1.4919378035266493, 0.702021073942241, 0.7349299376010648], 1e-9),
        ([5], [0.15082288973458335, -0.09531017980432477, 0.15082288973458335, 0.15082288973458335], 1e-9),
        ([6], [-0.09531017980432455, 0.7621400520468968, -0.09531017980432455, -0.09531017980432455], 1e-9),
        (
            [0, 1, 2, 3, 4, 5, 6], [2.1202229298344335, 3.620839402004446, 5.146238497992504, 0.47158273041517695], 1e-5
        ),
    ])
    func `The scores of candidates are those of the reference`(
        parameters: [Int], expected: [Double], tolerance: Double
    ) {
        let scores = scores(of: parameters)
        #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < tolerance }, "\(scores)")
    }
}
