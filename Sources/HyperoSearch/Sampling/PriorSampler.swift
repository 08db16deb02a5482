import Glibc
package import HyperoSchema

/// A source of hyper-parameters that draws each one from its distribution, without regard to the results of other trials.
///
/// A value depends only on the seed, the number of the trial, the name and the distribution, not on other draws and their order. The
/// same name with the same distribution has the same value again. A value is the same on every machine. `logUniform` and `normal` may
/// differ in the last bits, because they use the math library of the system.
///
/// Invalid bounds are a programming error and trap with a message that names the parameter.
package struct PriorSampler: Sendable {
    /// The seed of the search, or of the client.
    package let seed: UInt64
    /// The number of the trial in its search, or of the experiment.
    package let trial: UInt64

    package init(seed: UInt64, trial: UInt64) {
        self.seed = seed
        self.trial = trial
    }

    /// Draws from a distribution.
    package func value(of name: String, from distribution: Distribution) -> DrawnValue {
        switch distribution {
        case .uniform(let low, let high): .number(uniform(name, low: low, high: high))
        case .logUniform(let low, let high): .number(logUniform(name, low: low, high: high))
        case .normal(let mean, let deviation): .number(normal(name, mean: mean, standardDeviation: deviation))
        case .randint(let low, let high): .integer(randint(name, low: low, high: high))
        case .categorical(let choices, let weights): .choice(categorical(name, choices, weights: weights))
        }
    }

    /// Draws from the uniform distribution over `low...high`. Rounding may return `high`.
    package func uniform(_ name: String, low: Double, high: Double) -> Double {
        var generator = generator(of: name, .uniform(low: low, high: high))
        // Halve all terms, because the width of -1e308...1e308 overflows to infinity.
        let value = 2 * (low / 2 + (high / 2 - low / 2) * generator.unit())
        return min(max(value, low), high)
    }

    /// Draws from `low...high`, uniformly in the logarithm.
    package func logUniform(_ name: String, low: Double, high: Double) -> Double {
        var generator = generator(of: name, .logUniform(low: low, high: high))
        let value = exp(log(low) + (log(high) - log(low)) * generator.unit())
        return min(max(value, low), high)
    }

    /// Draws from the normal distribution.
    package func normal(_ name: String, mean: Double, standardDeviation: Double) -> Double {
        var generator = generator(of: name, .normal(mean: mean, standardDeviation: standardDeviation))
        return mean + standardDeviation * generator.normal()
    }

    /// Draws an integer from `low...high`, all equally likely.
    package func randint(_ name: String, low: Int, high: Int) -> Int {
        var generator = generator(of: name, .randint(low: low, high: high))
        let width = UInt64(bitPattern: Int64(high)) &- UInt64(bitPattern: Int64(low)) &+ 1
        // The width of the whole range of Int wraps to 0. There every draw is a value.
        guard width > 0 else { return Int(bitPattern: UInt(generator.next())) }
        // Repeat draws below 2^64 modulo the width, which would favor some integers.
        let biased = (0 &- width) % width
        var draw = generator.next()
        while draw < biased { draw = generator.next() }
        return Int(Int64(bitPattern: UInt64(bitPattern: Int64(low)) &+ draw % width))
    }

    /// Draws the index of one of several choices.
    ///
    /// - Parameter weights: The weights of the choices, to which their probabilities are proportional; nil if all are equally likely.
    package func categorical(_ name: String, _ choices: [Value], weights: [Double]?) -> Int {
        var generator = generator(of: name, .categorical(choices: choices, weights: weights))
        let weights = weights ?? Array(repeating: 1, count: choices.count)
        var remaining = generator.unit() * weights.reduce(0, +)
        var chosen = 0
        for (index, weight) in weights.enumerated() where weight > 0 {
            chosen = index
            remaining -= weight
            if remaining < 0 { break }
        }
        return chosen
    }

    private func generator(of name: String, _ distribution: Distribution) -> Xoshiro256 {
        // Not `precondition`, which omits the message in a release build.
        if let violation = distribution.violation { fatalError("hypero: hyper-parameter \"\(name)\": \(violation)") }
        return Xoshiro256(seed: DrawSeed(seed: seed, trial: trial, name: name))
    }
}

/// The value of a hyper-parameter, in the form of its distribution.
package enum DrawnValue: Sendable, Hashable {
    /// A number of `uniform`, `logUniform` or `normal`.
    case number(Double)
    /// An integer of `randint`.
    case integer(Int)
    /// The index of a choice of `categorical`.
    case choice(Int)
}
