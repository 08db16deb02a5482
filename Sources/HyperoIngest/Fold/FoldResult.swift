import HyperoSchema

/// What a batch comes to: the changes of the indexes, and what is known afterwards.
package struct FoldResult {
    /// An entry that goes to the dead letters.
    package struct DeadLetter: Hashable {
        /// Its place in the batch.
        package let item: Int
        package let reason: String

        package init(item: Int, reason: String) {
            self.item = item
            self.reason = reason
        }
    }

    /// How the entries were judged; the first three add up to the entries of the batch.
    package struct Counts: Hashable {
        package var applied = 0
        package var duplicates = 0
        package var dead = 0
        /// Sequence numbers passed over, less those that came after all.
        package var gaps = 0

        package init() {}
    }

    package var changes: [IndexChange] = []
    /// The rows that the changes speak of.
    var rows = RowTable()
    package var deadLetters: [DeadLetter] = []
    /// The places of entries that had been applied before, ascending.
    package var duplicates: [Int] = []
    package var counts = Counts()
    /// In the order of the batch's lists.
    package var producers: [Watermark] = []
    package var batteries: [BatteryState] = []
    package var experiments: [ExperimentState] = []

    package init() {}
}

extension FoldResult.Counts {
    /// Adds to the gaps. They stop at what an integer of Redis holds: sequence numbers are what others wrote.
    mutating func addGaps(_ count: Int) {
        let (sum, isTooMuch) = gaps.addingReportingOverflow(count)
        gaps = isTooMuch ? .max : sum
    }

    func changes(in keys: Keyspace) -> [IndexChange] {
        [
            (IngestField.applied, applied), (IngestField.duplicates, duplicates), (IngestField.gaps, gaps),
            (IngestField.dead, dead),
        ].filter { $0.1 != 0 }.map { .increment(key: keys.ingest, field: $0.0, by: $0.1) }
    }
}
