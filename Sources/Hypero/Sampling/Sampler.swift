import Glibc

/// Draws hyper-parameters. Every draw is a function of the generator alone, so that a seed gives the same values on
/// every machine; those of `logUniform` and `normal` to the last bits, which are the mathematical library's.
///
/// A bound that makes no sense is a mistake in the program and traps with a sentence that names the parameter.
struct Sampler {
    private var generator: Xoshiro256

    init(seed: UInt64, stream: UInt64) {
        generator = Xoshiro256(seed: seed, stream: stream)
    }

    /// From `low...high`; rounding may reach the upper end.
    mutating func uniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        check(
            name, low.isFinite && high.isFinite && low <= high, "uniform needs finite low <= high, not \(low), \(high)")
        // All in halves: the width of -1e308...1e308 is infinite, and a part of it may be.
        let value = 2 * (low / 2 + (high / 2 - low / 2) * unit())
        return min(max(value, low), high)
    }

    /// From `low...high`, uniform in the logarithm.
    mutating func logUniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        check(
            name, low > 0 && high.isFinite && low <= high,
            "logUniform needs 0 < low <= high, both finite, not \(low), \(high)")
        let value = exp(Glibc.log(low) + (Glibc.log(high) - Glibc.log(low)) * unit())
        return min(max(value, low), high)
    }

    /// By Box and Muller, "A note on the generation of random normal deviates", 1958.
    mutating func normal(_ name: String, mean: Double, standardDeviation: Double) -> Double {
        check(
            name, mean.isFinite && standardDeviation.isFinite && standardDeviation >= 0,
            "normal needs a finite mean and a standardDeviation >= 0, not \(mean), \(standardDeviation)")
        let radius = (-2 * Glibc.log(1 - unit())).squareRoot()
        return mean + standardDeviation * radius * cos(2 * Double.pi * unit())
    }

    /// From `low...high`, each as likely: the bits beyond a multiple of the width are drawn again.
    mutating func randint(_ name: String, _ low: Int, _ high: Int) -> Int {
        check(name, low <= high, "randint needs low <= high, not \(low), \(high)")
        let width = UInt64(bitPattern: Int64(high)) &- UInt64(bitPattern: Int64(low)) &+ 1
        // All of Int: every draw is a value.
        guard width > 0 else { return Int(bitPattern: UInt(generator.next())) }
        let unfair = (0 &- width) % width
        var draw = generator.next()
        while draw < unfair { draw = generator.next() }
        return Int(Int64(bitPattern: UInt64(bitPattern: Int64(low)) &+ draw % width))
    }

    /// An index, as likely as its share of the weights.
    mutating func categorical(_ name: String, _ weights: some Collection<Double>) -> Int {
        check(
            name, weights.allSatisfy { $0.isFinite && $0 >= 0 },
            "categorical needs weights that are finite and >= 0, not \(Array(weights))")
        let sum = weights.reduce(0, +)
        check(
            name, sum > 0 && sum.isFinite, "categorical needs weights whose sum is finite and above 0, not \(sum)")
        var left = unit() * sum
        var chosen = 0
        for (index, weight) in weights.enumerated() where weight > 0 {
            chosen = index
            left -= weight
            if left < 0 { break }
        }
        return chosen
    }

    /// From `0..<1` in steps of 2^-53.
    private mutating func unit() -> Double {
        Double(generator.next() >> 11) * 0x1p-53
    }

    private func check(_ name: String, _ isSensible: Bool, _ sentence: @autoclosure () -> String) {
        // Not `precondition`, which says nothing in a release build.
        if !isSensible { fatalError("hypero: hyper-parameter \"\(name)\": \(sentence())") }
    }
}
