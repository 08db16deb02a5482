import Glibc
import HyperoCore

/// The generator xoshiro256** 1.0, seeded by SplitMix64.
///
/// The system's generator cannot be seeded, and a draw must depend on its ``DrawSeed`` only.
///
/// Source: Blackman and Vigna, <https://prng.di.unimi.it>
struct Xoshiro256: Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(state: (UInt64, UInt64, UInt64, UInt64)) {
        self.state = state
    }

    init(seed: DrawSeed) {
        var mixer = SplitMix64(seed: seed.bits)
        state = (mixer.next(), mixer.next(), mixer.next(), mixer.next())
    }

    mutating func next() -> UInt64 {
        let result = (state.1 &* 5).rotatedLeft(by: 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = state.3.rotatedLeft(by: 45)
        return result
    }

    /// Draws from `0..<1` in steps of 2^-53.
    mutating func unit() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// Draws from the normal distribution with mean 0 and standard deviation 1.
    ///
    /// Source: Box and Muller, "A note on the generation of random normal deviates", 1958.
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }
}

extension UInt64 {
    fileprivate func rotatedLeft(by count: UInt64) -> UInt64 {
        self << count | self >> (64 - count)
    }
}
