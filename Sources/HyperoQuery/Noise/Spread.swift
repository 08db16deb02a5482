import Glibc

/// The mean and the standard deviation of values, by the corrected two-pass algorithm.
///
/// Source: Chan, Golub, LeVeque, Algorithms for computing the sample variance, The American Statistician 37 (1983).
struct Spread: Sendable, Hashable {
    private(set) var count = 0
    /// The mean of the values divided by ``scale``.
    private var scaledMean = 0.0
    /// The sum of the squares of the deviations, divided by the square of ``scale``.
    private var scaledSquares = 0.0
    /// A power of two. The squares of values above 1e154 would overflow.
    private let scale: Double

    /// - Parameter values: finite values.
    init(_ values: some Collection<Double>) {
        let largest = values.reduce(0) { max($0, abs($1)) }
        // Half the range of the exponents, so that neither squares nor sums of squares overflow or vanish.
        scale = largest > 1e100 || largest > 0 && largest < 1e-100 ? scalbn(1, ilogb(largest)) : 1
        guard let first = values.first else { return }
        count = values.count
        // The sum of the differences to one of the values is exact for equal values.
        let shift = first / scale
        scaledMean = shift + values.reduce(0) { $0 + ($1 / scale - shift) } / Double(count)
        var residue = 0.0
        for value in values {
            let deviation = value / scale - scaledMean
            residue += deviation
            scaledSquares += deviation * deviation
        }
        // Without rounding the residue would be 0.
        scaledMean += residue / Double(count)
        scaledSquares -= residue * residue / Double(count)
    }

    /// The mean; nan without values.
    var mean: Double { count > 0 ? scaledMean * scale : .nan }

    /// The standard deviation of a sample, with n - 1 in the denominator; nil for fewer than two values.
    var standardDeviation: Double? {
        count > 1 ? (max(scaledSquares, 0) / Double(count - 1)).squareRoot() * scale : nil
    }

    /// Returns the pooled standard deviation of groups: the square root of the mean of their variances, each weighted by
    /// n - 1.
    ///
    /// - Returns: nil if no group has two values.
    static func pooled(_ groups: some Sequence<Spread>) -> Double? {
        let deviations = groups.compactMap { group in
            group.standardDeviation.map { (deviation: $0, weight: Double(group.count - 1)) }
        }
        let weight = deviations.reduce(0) { $0 + $1.weight }
        guard weight > 0 else { return nil }
        let largest = deviations.reduce(0) { max($0, $1.deviation) }
        guard largest > 0 else { return 0 }
        let mean = deviations.reduce(0) { sum, group in
            let ratio = group.deviation / largest
            return sum + group.weight / weight * ratio * ratio
        }
        return mean.squareRoot() * largest
    }
}
