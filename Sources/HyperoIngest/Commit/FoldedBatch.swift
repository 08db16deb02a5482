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
    /// The cursor before the batch.
    let previousCursor: StreamID
    /// The number of entries that were removed from the stream before they were read.
    package var missedEntries = 0
    /// The number of dead letters that were removed to free memory and are not counted yet.
    var trimmedDeadLetters = 0
    /// True if the cursor has moved back before this batch.
    var isRewind = false
    /// True if the previous owner's lease expired instead of being released.
    var isTakeover = false
    /// The number of partitions that the transaction records; nil for all but the first transaction of an owner.
    var partitions: Int?
    /// The dead letters of an earlier batch that this transaction writes. Such a batch has no entries of its own, because
    /// ``IngestField/unconfirmed`` must keep the earlier batch until its dead letters are written.
    package var pendingDeadLetters = PendingDeadLetters()

    /// Creates the first batch of an owner, which has no entries.
    package init(resumingAt position: StreamPosition) {
        self.position = position
        previousCursor = position.id
    }

    init(
        batch: DecodedBatch, result: FoldResult, reply: XReadReply, after previous: StreamPosition,
        position: StreamPosition
    ) {
        self.batch = batch
        self.result = result
        self.reply = reply
        self.position = position
        previousCursor = previous.id
    }

    /// Creates a batch without entries that writes the dead letters of an earlier one.
    init(writing pendingDeadLetters: PendingDeadLetters, at position: StreamPosition) {
        self.init(resumingAt: position)
        self.pendingDeadLetters = pendingDeadLetters
    }

    package var cursor: StreamID { position.id }

    /// True if the transaction changes nothing but the cursor and the lease.
    package var isEmpty: Bool {
        batch.isEmpty && missedEntries == 0 && trimmedDeadLetters == 0 && !isRewind && !isTakeover
            && pendingDeadLetters.isEmpty
    }

    var hasDeadLetters: Bool { !result.deadLetters.isEmpty || !pendingDeadLetters.isEmpty }

    /// The dead letters of the batch's own entries.
    var ownDeadLetters: PendingDeadLetters.Group {
        PendingDeadLetters.Group(batch: batch, reply: reply, letters: result.deadLetters, isCounted: true)
    }
}
