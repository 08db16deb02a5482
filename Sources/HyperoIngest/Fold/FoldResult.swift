import HyperoSchema

/// The result of folding a batch: the changes of the indexes, and the state after the batch.
package struct FoldResult {
    /// An entry that becomes a dead letter.
    package struct DeadLetter: Hashable {
        /// The index in ``DecodedBatch/items``.
        let item: Int
        package let reason: String
    }

    /// The numbers of entries by outcome; the sum of the first four is the number of entries in the batch.
    package struct Counts: Hashable {
        package internal(set) var applied = 0
        package internal(set) var duplicates = 0
        package internal(set) var dead = 0
        /// The number of events of deleted experiments and batteries.
        package internal(set) var deleted = 0
        /// The change of the number of missing sequence numbers.
        package private(set) var gaps = 0
    }

    package internal(set) var changes = IndexChanges()
    /// The rows of the changes.
    package internal(set) var rows = RowTable()
    package internal(set) var deadLetters: [DeadLetter] = []
    /// The indexes of the items that were applied before, or whose subject was deleted, ascending.
    var skipped: [Int] = []
    /// The deleted batteries that were declared again, with the times of their deletions in Unix milliseconds.
    var revived: [(battery: BatteryID, deleted: Int64)] = []
    /// The tombstones (``Tombstones/member(for:in:)``) of experiments with an event that was dropped because its battery was
    /// deleted, with the time of the deletion in Unix milliseconds.
    var withheld: [(member: String, deleted: Int64)] = []
    package internal(set) var counts = Counts()
    var posterior = PosteriorState()
}

extension FoldResult.Counts {
    mutating func addGaps(_ count: Int) { gaps += count }

    /// Returns the changes of the ingest's counters.
    func changes(in keyspace: Keyspace) -> [IndexChange] {
        [
            (IngestField.applied, applied), (IngestField.duplicates, duplicates), (IngestField.gaps, gaps),
            (IngestField.dead, dead), (IngestField.deleted, deleted),
        ].filter { $0.1 != 0 }.map { .increment(key: keyspace.ingest, field: $0.0, by: $0.1) }
    }
}

extension Fold {
    /// The reason of a dead letter whose battery was not declared.
    static func undeclared(_ battery: BatteryID) -> String {
        "battery not found: \(battery.text) was never declared in this partition"
    }

    /// The reason of a dead letter whose experiment belongs to another battery.
    static func wrongBattery(_ battery: BatteryID, of experiment: ExperimentID, in actual: String) -> String {
        "wrong battery: \(battery.text), experiment \(experiment.text) belongs to \(actual)"
    }
}
