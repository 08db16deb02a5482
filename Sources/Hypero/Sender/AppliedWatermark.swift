import HyperoSchema

/// What a producer's watermark in Redis says, as its own client reads it.
struct AppliedWatermark {
    /// The highest number applied.
    let seq: UInt64
    /// Numbers below it that have not come.
    let missing: [ClosedRange<UInt64>]

    /// What ``ProducerField`` holds; what makes no sense is taken for the worst.
    init(seq: String?, missing: String?) {
        self.seq = seq.flatMap { UInt64($0) } ?? 0
        self.missing = SequenceRanges.parse(missing ?? "").map { max($0.lowerBound, 1)...max($0.upperBound, 1) }
    }

    /// Up to where all is applied of what the journal still has; what was given back before cannot be sent again.
    ///
    /// - Parameter held: the numbers that are still there.
    func applied(held: [ClosedRange<UInt64>]) -> UInt64 {
        for hole in missing {
            guard let held = held.first(where: { $0.overlaps(hole) }) else { continue }
            return min(seq, max(hole.lowerBound, held.lowerBound) - 1)
        }
        return seq
    }
}
