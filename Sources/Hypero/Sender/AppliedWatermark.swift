import HyperoSchema

/// The watermark of a producer, as its client reads it from Redis.
struct AppliedWatermark {
    /// The highest sequence number applied.
    let seq: UInt64
    /// The sequence numbers below `seq` that are not applied.
    let missing: [ClosedRange<UInt64>]
    /// The number of events that became dead letters.
    let dead: UInt64
    /// The number of events that were dropped because of a deletion.
    let deleted: UInt64

    /// true if `missing` may contain applied numbers: the ingest merges the closest ranges if there are more than 64.
    var isMerged: Bool { missing.count >= Self.maxMissingRanges }

    private static let maxMissingRanges = 64
    /// The ingest writes at most 64 ranges of 41 bytes. A longer text would take a multiple of its size in memory.
    private static let maxMissingBytes = 16 << 10

    /// Parses the values of ``ProducerField``. An invalid value counts as nothing applied, and as no dead letter.
    init(seq: String?, missing: String?, dead: String? = nil, deleted: String? = nil) {
        let isValid = missing?.utf8.count ?? 0 <= Self.maxMissingBytes
        self.seq = isValid ? seq.flatMap { UInt64($0) } ?? 0 : 0
        self.dead = dead.flatMap { UInt64($0) } ?? 0
        self.deleted = deleted.flatMap { UInt64($0) } ?? 0
        self.missing =
            isValid ? SequenceRanges.parse(missing ?? "").map { max($0.lowerBound, 1)...max($0.upperBound, 1) } : []
    }

    /// Returns the highest sequence number up to which every event still in the journal is applied. Removed events are
    /// ignored, because they cannot be sent again.
    ///
    /// - Parameters:
    ///   - held: The sequence numbers in the journal, as ranges in order.
    ///   - durable: The highest sequence number that is known to be applied, although it may be missing here.
    func applied(held: [ClosedRange<UInt64>], durable: UInt64 = 0) -> UInt64 {
        for gap in missing where gap.upperBound > durable {
            let gap = max(gap.lowerBound, durable + 1)...gap.upperBound
            guard let held = held.first(where: { $0.overlaps(gap) }) else { continue }
            return min(seq, max(gap.lowerBound, held.lowerBound) - 1)
        }
        return seq
    }
}
