/// The distribution of a hyper-parameter, with its arguments.
package enum Distribution {
    /// Uniform over `low...high`.
    case uniform(low: Double, high: Double)
    /// Over `low...high`, uniform in the logarithm.
    case logUniform(low: Double, high: Double)
    /// The normal distribution.
    case normal(mean: Double, standardDeviation: Double)
    /// The integers `low...high`, all equally likely.
    case randint(low: Int, high: Int)
    /// Indexes, each with a probability proportional to its weight.
    case categorical(weights: [Double])

    /// The reason why nothing can be drawn, as the rest of a sentence about the hyper-parameter; nil if the arguments are valid.
    package var violation: String? {
        switch self {
        case .uniform(let low, let high):
            low.isFinite && high.isFinite && low <= high
                ? nil : "uniform needs finite bounds with low <= high, not \(low) and \(high)"
        case .logUniform(let low, let high):
            low > 0 && high.isFinite && low <= high
                ? nil : "logUniform needs finite bounds with 0 < low <= high, not \(low) and \(high)"
        case .normal(let mean, let standardDeviation):
            mean.isFinite && standardDeviation.isFinite && standardDeviation >= 0
                ? nil
                : "normal needs a finite mean and a finite standardDeviation >= 0, not \(mean) and \(standardDeviation)"
        case .randint(let low, let high):
            low <= high ? nil : "randint needs low <= high, not \(low) and \(high)"
        case .categorical(let weights):
            if !weights.allSatisfy({ $0.isFinite && $0 >= 0 }) {
                "categorical needs finite weights >= 0, not \(weights)"
            } else {
                weights.reduce(0, +) > 0 && weights.reduce(0, +).isFinite
                    ? nil : "categorical needs weights with a finite sum above 0, not \(weights.reduce(0, +))"
            }
        }
    }
}
