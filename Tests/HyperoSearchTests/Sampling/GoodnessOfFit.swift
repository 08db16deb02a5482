import Glibc

/// Statistics of the distance between samples and their expected distribution.
///
/// The bounds are critical values, which correct samples exceed with a probability of 0.001.
enum GoodnessOfFit {
    /// Returns the Kolmogorov-Smirnov statistic: the greatest distance between the empirical and the expected
    /// distribution, times the square root of the number of samples.
    static func kolmogorovSmirnov(of samples: [Double], distribution: (Double) -> Double) -> Double {
        let sorted = samples.sorted()
        let count = Double(sorted.count)
        let distances = sorted.enumerated().map { index, sample in
            let expected = distribution(sample)
            return max(Double(index + 1) / count - expected, expected - Double(index) / count)
        }
        return (distances.max() ?? 0) * count.squareRoot()
    }

    /// The critical value of the Kolmogorov-Smirnov statistic.
    ///
    /// Source: Smirnov, "Table for estimating the goodness of fit of empirical distributions", Annals of Mathematical
    /// Statistics 19 (1948).
    static let kolmogorovSmirnovBound = 1.9495

    /// Returns Pearson's statistic of counts against their expected shares.
    static func chiSquare(of counts: [Int], expectedShares shares: [Double]) -> Double {
        let total = Double(counts.reduce(0, +))
        return zip(counts, shares).reduce(0) { sum, cell in
            let expected = cell.1 * total
            return sum + (Double(cell.0) - expected) * (Double(cell.0) - expected) / expected
        }
    }

    /// The critical values of Pearson's statistic by degrees of freedom, which is the number of cells minus one.
    ///
    /// Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4, upper-tail critical values.
    static let chiSquareBounds = [1: 10.828, 2: 13.816, 3: 16.266, 6: 22.458, 9: 27.877]
}
