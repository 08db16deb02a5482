import Glibc

/// A source of hyper-parameters, drawn from a seeded generator.
///
/// Every draw depends on the generator only, so a seed gives the same values on every machine. `logUniform` and
/// `normal` may differ in the last bits, because they use the math library of the system.
///
/// Invalid bounds are a programming error and trap with a message that names the parameter.
struct Sampler {
    private var generator: Xoshiro256

    init(seed: UInt64, stream: UInt64) {
        generator = Xoshiro256(seed: seed, stream: stream)
    }

    /// Draws from the uniform distribution over `low...high`. Rounding may return `high`.
    mutating func uniform(_ name: String, low: Double, high: Double) -> Double {
        check(name, .uniform(low: low, high: high))
        // Halve all terms, because the width of -1e308...1e308 overflows to infinity.
        let value = 2 * (low / 2 + (high / 2 - low / 2) * unit())
        return min(max(value, low), high)
    }

    /// Draws from `low...high`, uniformly in the logarithm.
    mutating func logUniform(_ name: String, low: Double, high: Double) -> Double {
        check(name, .logUniform(low: low, high: high))
        let value = exp(Glibc.log(low) + (Glibc.log(high) - Glibc.log(low)) * unit())
        return min(max(value, low), high)
    }

    /// Draws from the normal distribution.
    ///
    /// Source: Box and Muller, "A note on the generation of random normal deviates", 1958.
    mutating func normal(_ name: String, mean: Double, standardDeviation: Double) -> Double {
        check(name, .normal(mean: mean, standardDeviation: standardDeviation))
        let radius = (-2 * Glibc.log(1 - unit())).squareRoot()
        return mean + standardDeviation * radius * cos(2 * Double.pi * unit())
    }

    /// Draws an integer from `low...high`, all equally likely.
    mutating func randint(_ name: String, low: Int, high: Int) -> Int {
        check(name, .randint(low: low, high: high))
        let width = UInt64(bitPattern: Int64(high)) &- UInt64(bitPattern: Int64(low)) &+ 1
        // The width of the whole range of Int wraps to 0. There every draw is a value.
        guard width > 0 else { return Int(bitPattern: UInt(generator.next())) }
        // Repeat draws below 2^64 modulo the width, which would favor some integers.
        let biased = (0 &- width) % width
        var draw = generator.next()
        while draw < biased { draw = generator.next() }
        return Int(Int64(bitPattern: UInt64(bitPattern: Int64(low)) &+ draw % width))
    }

    /// Draws an index of the weights. Its probability is proportional to the weight at the index.
    mutating func categorical(_ name: String, weights: [Double]) -> Int {
        check(name, .categorical(weights: weights))
        var remaining = unit() * weights.reduce(0, +)
        var chosen = 0
        for (index, weight) in weights.enumerated() where weight > 0 {
            chosen = index
            remaining -= weight
            if remaining < 0 { break }
        }
        return chosen
    }

    /// Draws from `0..<1` in steps of 2^-53.
    private mutating func unit() -> Double {
        Double(generator.next() >> 11) * 0x1p-53
    }

    private func check(_ name: String, _ distribution: Distribution) {
        // Not `precondition`, which omits the message in a release build.
        if let violation = distribution.violation { fatalError("hypero: hyper-parameter \"\(name)\": \(violation)") }
    }
}
