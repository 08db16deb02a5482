package import HyperoRedis
package import HyperoSchema

/// A folded batch: everything that one transaction applies.
package struct FoldedBatch {
    package var batch = DecodedBatch()
    package var result = FoldResult()
    /// The raw entries, for dead letters.
    var reply = XReadReply()
    /// The stream position after the batch. Its id is the cursor.
    package var position: StreamPosition
    /// The number of entries that were removed from the stream before they were read.
    package var missedEntries = 0
    /// True if the cursor has moved back before this batch.
    var isRewind = false
    /// True if the previous owner's lease expired instead of being released.
    var isTakeover = false
    /// The dead letters of earlier batches that this transaction writes.
    package var pendingDeadLetters = PendingDeadLetters()

    /// Creates the first batch of an owner, which has no entries.
    package init(resumingAt position: StreamPosition) {
        self.position = position
    }

    init(
        batch: DecodedBatch, result: FoldResult, reply: XReadReply, position: StreamPosition,
        pendingDeadLetters: PendingDeadLetters
    ) {
        self.batch = batch
        self.result = result
        self.reply = reply
        self.position = position
        self.pendingDeadLetters = pendingDeadLetters
    }

    package var cursor: StreamID { position.id }

    /// True if the transaction changes nothing but the cursor and the lease.
    package var isEmpty: Bool {
        batch.isEmpty && missedEntries == 0 && !isRewind && !isTakeover && pendingDeadLetters.isEmpty
    }

    var hasDeadLetters: Bool { !result.deadLetters.isEmpty || !pendingDeadLetters.isEmpty }

    /// The dead letters of the batch's own entries.
    var ownDeadLetters: PendingDeadLetters.Group {
        PendingDeadLetters.Group(batch: batch, reply: reply, letters: result.deadLetters, isCounted: true)
    }
}
