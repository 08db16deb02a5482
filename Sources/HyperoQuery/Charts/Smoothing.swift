/// The exponential moving average of a curve, without the bias of its start.
package enum Smoothing {
    /// Returns the averages of a curve: each is the mean of the values so far, with weights that decrease by a factor per value.
    ///
    /// The sum of the weights is 1 at every value. An average that begins at 0 or at the first value is biased towards it for
    /// about `1 / (1 - weight)` values. Source: D. P. Kingma, J. Ba, "Adam", ICLR 2015, section 3.
    ///
    /// - Parameters:
    ///   - values: the values in order. A value that is not finite is not changed and does not count, so that gaps stay gaps.
    ///   - weight: the factor, from 0, which changes nothing, to below 1.
    package static func smoothed(_ values: [Double], weight: Double) -> [Double] {
        guard weight > 0 else { return values }
        var (mean, sumOfWeights) = (0.0, 0.0)
        return values.map { value in
            guard value.isFinite else { return value }
            sumOfWeights = weight * sumOfWeights + 1
            // Two products, because the difference of two finite doubles may be infinite.
            mean = mean * (1 - 1 / sumOfWeights) + value / sumOfWeights
            // The sum of the products may be rounded up to infinity.
            mean = min(max(mean, -Double.greatestFiniteMagnitude), .greatestFiniteMagnitude)
            return mean
        }
    }
}
