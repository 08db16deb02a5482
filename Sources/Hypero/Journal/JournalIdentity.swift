import HyperoSchema

/// Who writes a journal: a process' client, or what became of it in a forked child.
struct JournalIdentity: Sendable {
    /// Whose sequence numbers the records carry, and whose experiments are begun here.
    let producer: ProducerID
    /// The producers of the processes it was forked from, the nearest first.
    var ancestors: [ProducerID] = []
    /// Of the draws.
    var seed: UInt64 = 0
    /// How many were begun.
    var experiments: UInt32 = 0
}
