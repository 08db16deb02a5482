/// Which digits are trained on, which choose the best epoch, and which are only looked at.
struct Split: Sendable, Equatable {
    /// The same for every experiment of every run, so that their accuracies can be compared.
    static let seed: UInt64 = 1998
    static let validCount = 300
    static let testCount = 300

    let train: [Int]
    let valid: [Int]
    let test: [Int]

    /// Deals `count` rows (at least 601) out in a random order that only depends on `seed`.
    init(count: Int, seed: UInt64 = Split.seed) {
        precondition(
            count > Self.validCount + Self.testCount,
            "\(count) digits leave none to train on beside \(Self.validCount) for valid and \(Self.testCount) for test")
        var rows = Array(0..<count)
        var generator = SplitMix64(seed: seed)
        generator.shuffle(&rows)
        let trainCount = count - Self.validCount - Self.testCount
        train = Array(rows[..<trainCount])
        valid = Array(rows[trainCount..<trainCount + Self.validCount])
        test = Array(rows[(trainCount + Self.validCount)...])
    }
}
