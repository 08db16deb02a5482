import HyperoRedis
import HyperoSchema

/// A folded batch on its way into a transaction.
struct FoldedBatch {
    var batch = DecodedBatch()
    var folded = FoldResult()
    /// The entries as they came, for the dead letters.
    var read = XReadReply()
    /// Where the stream is read with it; its id is the cursor.
    var place: StreamPosition
    /// Entries that went from the stream before they were read.
    var missed = 0
    /// Whether the cursor went back before it.
    var isRewind = false
    /// Whether the lease ran out under another owner before it.
    var isTakeover = false
    /// What earlier transactions owe to the dead letters.
    var owed: [PendingDeadLetters] = []

    var cursor: StreamID { place.id }

    var isEmpty: Bool { batch.isEmpty && missed == 0 && !isRewind && !isTakeover && owed.isEmpty }

    var hasLetters: Bool { !folded.deadLetters.isEmpty || !owed.isEmpty }
}
