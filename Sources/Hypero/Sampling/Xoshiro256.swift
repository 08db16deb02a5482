import HyperoCore

/// The generator xoshiro256** 1.0, seeded by SplitMix64.
///
/// The system's generator cannot be seeded, and the draws of an experiment must depend on the seed only.
///
/// Source: Blackman and Vigna, <https://prng.di.unimi.it>
struct Xoshiro256: RandomNumberGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(state: (UInt64, UInt64, UInt64, UInt64)) {
        self.state = state
    }

    /// Creates the generator of one experiment.
    ///
    /// - Parameters:
    ///   - seed: The seed of the client.
    ///   - stream: The number of the experiment. The streams of one seed are independent.
    init(seed: UInt64, stream: UInt64) {
        var seedMixer = SplitMix64(seed: seed)
        // Mix the stream's number too, so that neighboring streams share no bits.
        var mixer = SplitMix64(seed: seedMixer.next() ^ (stream &* 0xD129_0D3B_3A0B_5E4D))
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
}

extension UInt64 {
    fileprivate func rotatedLeft(by count: UInt64) -> UInt64 {
        self << count | self >> (64 - count)
    }
}
