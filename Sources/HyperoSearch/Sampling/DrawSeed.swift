import HyperoCore

/// The seed of the generator of one draw: a hash of the seed of the search, the number of the trial, and the name of the
/// hyper-parameter.
///
/// A generator per trial, whose numbers the draws take in turn, would be simpler. But one more draw in a branch of the training would
/// change all later draws.
///
/// The hash absorbs words of 64 bits. Each word is combined with the state by exclusive or, and the state is mixed by the finalizer of
/// SplitMix64, in which a changed bit of the input changes each bit of the output with a probability of about one half. The mixing is
/// a bijection, so two names that differ in one word, such as two names of the same size that differ in one byte, have different
/// states. The words are the seed, the number of the trial, the purpose and size of the name, and the bytes of the name in groups of
/// 8, the first byte lowest, with zeros after the last.
struct DrawSeed: Sendable, Hashable {
    /// The use of the random numbers. The draws of one name for different purposes are independent.
    enum Purpose: UInt64 {
        /// A draw from the distribution itself.
        case prior = 0
        /// Candidates for one hyper-parameter.
        case candidates = 1
        /// Candidates for several hyper-parameters together.
        case jointCandidates = 2
    }

    private(set) var bits: UInt64 = 0

    /// Creates the seed of a draw.
    ///
    /// - Parameters:
    ///   - seed: The seed of the search, or of the client.
    ///   - trial: The number of the trial in its search, or of the experiment.
    ///   - name: The name of the hyper-parameter. Two names are the same if their UTF-8 bytes are.
    init(seed: UInt64, trial: UInt64, name: String, purpose: Purpose = .prior) {
        absorb(seed)
        absorb(trial)
        absorb(UInt64(name.utf8.count) | purpose.rawValue << 56)
        var word: UInt64 = 0
        var size: UInt64 = 0
        for byte in name.utf8 {
            word |= UInt64(byte) << (8 * size)
            size += 1
            if size == 8 {
                absorb(word)
                (word, size) = (0, 0)
            }
        }
        if size > 0 { absorb(word) }
    }

    private mutating func absorb(_ word: UInt64) {
        var mixer = SplitMix64(seed: bits ^ word)
        bits = mixer.next()
    }
}
