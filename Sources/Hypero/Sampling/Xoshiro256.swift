import HyperoCore

/// xoshiro256** 1.0, seeded by SplitMix64. Source: Blackman and Vigna, <https://prng.di.unimi.it>
///
/// Its own and not the system's generator, because an experiment's draws must be the same in every run.
struct Xoshiro256: RandomNumberGenerator {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    init(state: (UInt64, UInt64, UInt64, UInt64)) {
        self.state = state
    }

    /// The stream of one experiment.
    ///
    /// - Parameters:
    ///   - seed: the client's.
    ///   - stream: the experiment's number; streams of one seed do not resemble each other.
    init(seed: UInt64, stream: UInt64) {
        var mix = SplitMix64(seed: seed)
        // The stream's number goes through the mixer as well: neighbours must not share bits.
        var other = SplitMix64(seed: mix.next() ^ (stream &* 0xD129_0D3B_3A0B_5E4D))
        state = (other.next(), other.next(), other.next(), other.next())
    }

    mutating func next() -> UInt64 {
        let result = rotate(state.1 &* 5, 7) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = rotate(state.3, 45)
        return result
    }

    private func rotate(_ value: UInt64, _ count: UInt64) -> UInt64 {
        value << count | value >> (64 - count)
    }
}
