import HyperoSchema

/// A folded batch on its way into a transaction.
struct Commit {
    var batch = Batch()
    var folded = Folded()
    /// The entries as they came, for the dead letters.
    var read = Read()
    /// The id of the last entry that is applied with it.
    var cursor: StreamID

    var isEmpty: Bool { batch.isEmpty }
}
