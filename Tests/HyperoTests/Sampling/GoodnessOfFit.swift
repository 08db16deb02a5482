import Glibc

/// How far samples are from what they should be; the tests compare with the value that chance exceeds once in 1,000.
enum GoodnessOfFit {
    /// The greatest distance between the samples' distribution and the expected one, times the root of their number.
    ///
    /// Chance exceeds 1.9495 with probability 0.001. Source: Smirnov, "Table for estimating the goodness of fit of
    /// empirical distributions", Annals of Mathematical Statistics 19 (1948).
    static func kolmogorovSmirnov(_ samples: [Double], _ distribution: (Double) -> Double) -> Double {
        let sorted = samples.sorted()
        let count = Double(sorted.count)
        let distances = sorted.enumerated().map { index, sample in
            let expected = distribution(sample)
            return max(Double(index + 1) / count - expected, expected - Double(index) / count)
        }
        return (distances.max() ?? 0) * count.squareRoot()
    }

    static let kolmogorovSmirnovBound = 1.9495

    /// Pearson's statistic of counts against the shares they should have.
    static func chiSquare(_ counts: [Int], _ shares: [Double]) -> Double {
        let total = Double(counts.reduce(0, +))
        return zip(counts, shares).reduce(0) { sum, cell in
            let expected = cell.1 * total
            return sum + (Double(cell.0) - expected) * (Double(cell.0) - expected) / expected
        }
    }

    /// What chance exceeds with probability 0.001, by degrees of freedom (one less than there are cells).
    ///
    /// Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4, upper-tail critical values.
    static let chiSquareBounds = [1: 10.828, 2: 13.816, 3: 16.266, 6: 22.458, 9: 27.877]
}
