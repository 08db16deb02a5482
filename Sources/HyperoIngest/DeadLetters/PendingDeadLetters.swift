import HyperoSchema

/// Entries of an applied batch that are to become dead letters all the same, because Redis did not run a command.
struct PendingDeadLetters {
    let batch: DecodedBatch
    let read: XReadReply
    /// Ascending.
    let letters: [FoldResult.DeadLetter]
    /// Whether they count as dead already: then it was the letter that Redis did not take.
    let isCounted: Bool

    /// What changes in the counts: they were counted as applied.
    func changes(in keys: Keyspace) -> [IndexChange] {
        guard !isCounted else { return [] }
        return [
            .increment(key: keys.ingest, field: IngestField.applied, by: -letters.count),
            .increment(key: keys.ingest, field: IngestField.dead, by: letters.count),
        ]
    }
}
