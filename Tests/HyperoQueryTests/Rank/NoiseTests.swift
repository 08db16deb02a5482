import Testing

@testable import HyperoQuery

/// The statistics of groups: means, standard deviations, and the differences that may be luck.
@Suite struct NoiseTests {
    @Test(
        arguments: [
            ([], Double.nan, nil), ([3], 3, nil), ([2, 2, 2], 2, 0), ([1, 2, 3, 4], 2.5, 1.2909944487358056),
            ([-1, 1], 0, 1.4142135623730951),
            // Equal values have no spread, also if their sum cannot be represented.
            ([0.1, 0.1, 0.1], 0.1, 0),
            // Squares beyond the range of a double.
            ([1e300, 3e300], 2e300, 1.4142135623730951e300), ([1e-300, 3e-300], 2e-300, 1.4142135623730951e-300),
            ([1e308, -1e308], 0, 1.4142135623730951e308),
            // A small spread beside a large mean.
            ([1e9 + 1, 1e9 + 2, 1e9 + 3], 1e9 + 2, 1),
        ] as [([Double], Double, Double?)])
    func `A spread has the mean and the standard deviation of a sample`(
        values: [Double], mean: Double, deviation: Double?
    ) throws {
        let spread = Spread(values)
        #expect(spread.count == values.count)
        #expect(spread.mean.isNaN && mean.isNaN || abs(spread.mean - mean) <= abs(mean) * 1e-15)
        let found = spread.standardDeviation
        #expect((found == nil) == (deviation == nil))
        if let found, let deviation { #expect(abs(found - deviation) <= deviation * 1e-14) }
    }

    @Test func `The pooled deviation weighs the variances of groups by n - 1`() {
        // (2 * 0.0004 + 1 * 0.005) / 3
        let groups = [[0.9, 0.92, 0.94], [0.95, 0.85], [0.89], []].map { Spread($0) }
        #expect(abs(Spread.pooled(groups)! - 0.04396968652757639) < 1e-15)
        #expect(Spread.pooled([Spread([1]), Spread([2])]) == nil)
        #expect(Spread.pooled([Spread([1, 1])]) == 0)
        let large = Spread.pooled([Spread([1e300, 3e300]), Spread([1e300, 3e300])])
        #expect(large.map { abs($0 / 1.4142135623730951e300 - 1) < 1e-14 } ?? false)
    }

    @Test func `Replicas give the noise, and without them the last quarter of a curve`() throws {
        let replicas = try #require(Noise(replicas: [Spread([1, 3]), Spread([5])]))
        #expect(replicas.source == .replicas(groupCount: 1) && replicas.standardDeviation == 2.0.squareRoot())
        #expect(Noise(replicas: [Spread([5])]) == nil)
        // Equal values are no estimate of a difference.
        #expect(Noise(replicas: [Spread([5, 5]), Spread([3, 3, 3])]) == nil)
        #expect(Noise(curve: Array(repeating: 0.5, count: 20), of: "a-1") == nil)
        // The last 4 of 16 epochs; of 13 epochs too, because a part of an epoch counts as one. The differences are 2, -2 and 2.
        let start: [Double?] = Array(repeating: 100, count: 12)
        let curve = try #require(Noise(curve: start + [1, 3, 1, 3], of: "a-1"))
        #expect(curve.source == .curve(experiment: "a-1", epochCount: 4))
        #expect(abs(curve.standardDeviation - (16.0 / 3).squareRoot() / 2.0.squareRoot()) < 1e-15)
        let short = Noise(curve: Array(start.dropFirst(3)) + [1, 3, 1, 3], of: "a-1")
        #expect(short?.standardDeviation == curve.standardDeviation)
        // The slope of a curve that rises is no noise.
        let rising = try #require(Noise(curve: start + [11, 23, 31, 43], of: "a-1"))
        #expect(abs(rising.standardDeviation - curve.standardDeviation) < 1e-12)
        #expect(Noise(curve: (1...40).map { 0.1 * Double($0) }, of: "a-1") == nil)
        // Missing and infinite values do not count.
        #expect(Noise(curve: start + [1, nil, 3, 1], of: "a-1") == nil)
        #expect(Noise(curve: start + [1, .infinity, 3, 1], of: "a-1") == nil)
        #expect(Noise(curve: [1, 3, 1, 3], of: "a-1") == nil)
        #expect(Noise(curve: [], of: "a-1") == nil)
    }

    @Test(
        arguments: [
            (2, (1, 1), true), (-2, (1, 1), true), (2.01, (1, 1), false),
            // The mean of four differs less by luck: 2 * sqrt((1/4 + 1/4) / 2) = 1.
            (1, (4, 4), true), (1.01, (4, 4), false), (1.58, (1, 4), true), (1.59, (1, 4), false),
            (0, (1, 1), true), (.nan, (1, 1), false), (.infinity, (1, 1), false),
        ] as [(Double, (Int, Int), Bool)])
    func `A difference of two standard deviations may be luck, and less of means of several`(
        difference: Double, counts: (Int, Int), isCovered: Bool
    ) throws {
        // The standard deviation of 0, 1 and 2 is 1.
        let noise = try #require(Noise(replicas: [Spread([0, 1, 2])]))
        #expect(noise.covers(difference, counts: counts) == isCovered)
    }
}
