import HyperoSchema

/// The result of folding a batch: the changes of the indexes, and the state after the batch.
package struct FoldResult {
    /// An entry that becomes a dead letter.
    package struct DeadLetter: Hashable {
        /// The index in ``DecodedBatch/items``.
        let item: Int
        package let reason: String
    }

    /// The numbers of entries by outcome; the sum of the first three is the number of entries in the batch.
    package struct Counts: Hashable {
        package internal(set) var applied = 0
        package internal(set) var duplicates = 0
        package internal(set) var dead = 0
        /// The change of the number of missing sequence numbers.
        package private(set) var gaps = 0
    }

    package internal(set) var changes: [IndexChange] = []
    /// The rows of the changes.
    package internal(set) var rows = RowTable()
    package internal(set) var deadLetters: [DeadLetter] = []
    /// The indexes of the items that were applied before, ascending.
    var duplicates: [Int] = []
    package internal(set) var counts = Counts()
    var posterior = PosteriorState()
}

extension FoldResult.Counts {
    mutating func addGaps(_ count: Int) { gaps += count }

    /// Returns the changes of the ingest's counters.
    func changes(in keyspace: Keyspace) -> [IndexChange] {
        [
            (IngestField.applied, applied), (IngestField.duplicates, duplicates), (IngestField.gaps, gaps),
            (IngestField.dead, dead),
        ].filter { $0.1 != 0 }.map { .increment(key: keyspace.ingest, field: $0.0, by: $0.1) }
    }
}
