import HyperoCore

/// The samples of one training, in three parts.
struct Dataset: Sendable {
    let train: Samples
    let valid: Samples
    let test: Samples
}

extension Dataset {
    /// Splits and scales the digits.
    init(_ digits: Digits) {
        let split = DatasetSplit(count: digits.count)
        self.init(
            train: digits.samples(split.train), valid: digits.samples(split.valid), test: digits.samples(split.test))
    }
}

/// Inputs and labels in the flat layout that the perceptron reads: row by row, without gaps.
struct Samples: Sendable, Equatable {
    /// The number of inputs per row.
    let width: Int
    /// `count * width` numbers.
    let inputs: [Double]
    /// One class per row.
    let labels: [Int]

    var count: Int { labels.count }
}

/// The indices of the samples in each part: `train` for training, `valid` to determine the best epoch, and `test`, which
/// influences no choice.
struct DatasetSplit: Sendable, Equatable {
    /// The same for all experiments of all runs, so that their accuracies can be compared.
    static let seed: UInt64 = 1998
    static let validCount = 300
    static let testCount = 300

    let train: [Int]
    let valid: [Int]
    let test: [Int]

    /// Splits the indices 0..<count at random.
    ///
    /// - Parameters:
    ///   - count: at least 601.
    ///   - seed: determines the split.
    init(count: Int, seed: UInt64 = DatasetSplit.seed) {
        precondition(
            count > Self.validCount + Self.testCount,
            "count must be above \(Self.validCount + Self.testCount), not \(count)")
        var indices = Array(0..<count)
        var generator = SplitMix64(seed: seed)
        generator.shuffle(&indices)
        let trainCount = count - Self.validCount - Self.testCount
        train = Array(indices[..<trainCount])
        valid = Array(indices[trainCount..<trainCount + Self.validCount])
        test = Array(indices[(trainCount + Self.validCount)...])
    }
}
