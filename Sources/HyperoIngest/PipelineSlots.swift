package import HyperoRedis
package import HyperoSchema

/// The batches of a pipeline between the stream and the indexes: a state machine without socket, clock or logger.
///
///     adopt --> prefetched --fold--> next --submit--> in flight --complete--> applied
///                   ^                 |
///                   +-----------------+ complete with failures
///
///     rollBack: all slots are emptied, and reading resumes at the applied position.
///
/// A batch is folded onto the state that Redis will have once the batches before it are applied. If a command of the
/// batch in flight fails, that state is wrong, and the batches after it are folded again.
package struct PipelineSlots {
    /// A batch that was read and decoded but not folded.
    package struct Prefetched {
        package fileprivate(set) var batch: DecodedBatch
        /// The raw entries, for dead letters.
        package let reply: XReadReply
        /// The stream position after the batch.
        package fileprivate(set) var position: StreamPosition
        fileprivate var state = PriorStateProgress.unknown
    }

    /// The progress of reading the state onto which a prefetched batch is folded.
    fileprivate enum PriorStateProgress {
        case unknown
        /// The lookup is sent before the next transaction.
        case queued(StateLookup)
        /// Known from the cache and earlier lookups.
        case known(PriorState)
    }

    private let keyspace: Keyspace
    private var cache = StateCache()
    /// The deleted subjects that had events. A batch that was folded may have revived some.
    private var tombstones: Tombstones
    package private(set) var prefetched: Prefetched?
    /// The batch that the next transaction applies.
    package private(set) var next: FoldedBatch?
    package private(set) var inFlight: FoldedBatch?
    /// The last completed batch. Its memory is released after the next transaction is sent, because the release takes
    /// time.
    private var completed: FoldedBatch?
    /// The stream position up to which entries are applied. Its id is the cursor.
    package private(set) var applied: StreamPosition
    /// True if a transaction has applied more than the cursor.
    package private(set) var hasAppliedChanges = false
    /// True if the stream may have entries after ``readPosition``.
    package private(set) var mayHaveMore: Bool

    /// Creates the slots of a pipeline that resumes at a checkpoint.
    ///
    /// - Parameters:
    ///   - checkpoint: the first batch, at whose position reading starts.
    ///   - mayHaveMore: true if the stream must be read before it counts as exhausted.
    ///   - tombstones: the deleted experiments and batteries.
    package init(
        resumingAt checkpoint: FoldedBatch, mayHaveMore: Bool, tombstones: Tombstones = Tombstones(),
        in keyspace: Keyspace
    ) {
        self.keyspace = keyspace
        self.tombstones = tombstones
        next = checkpoint
        applied = checkpoint.position
        self.mayHaveMore = mayHaveMore
    }

    /// The stream position up to which entries are read.
    package var readPosition: StreamPosition {
        prefetched?.position ?? foldedPosition
    }

    /// The stream position before the prefetched batch.
    private var foldedPosition: StreamPosition { next?.position ?? inFlight?.position ?? applied }

    /// True if the next transaction changes nothing but the cursor and the lease.
    package var isNextEmpty: Bool { next?.isEmpty ?? true }

    /// True if all entries that were read are applied, and the stream was read to its end.
    package var isCaughtUp: Bool { isNextEmpty && inFlight == nil && prefetched == nil && !mayHaveMore }

    /// Returns whether a drain has applied all entries up to its goal; false without a goal.
    func isDrained(to goal: StreamID?) -> Bool {
        guard let goal, next?.pendingDeadLetters.isEmpty ?? true else { return false }
        return applied.id >= goal || isCaughtUp
    }
}

// MARK: - Reading

extension PipelineSlots {
    /// Fills the empty prefetched slot with a batch that was read after ``readPosition``.
    package mutating func adopt(_ read: ReadBatch) {
        precondition(prefetched == nil, "the prefetched batch must be folded first")
        mayHaveMore = read.mayHaveMore
        guard !read.batch.isEmpty else { return }
        var position = readPosition
        position.advance(by: read.batch.items.count, to: read.batch.items.last?.id)
        prefetched = Prefetched(batch: read.batch, reply: read.reply, position: position)
    }

    /// Counts the entries that were removed from the stream before they were read.
    ///
    /// ``next`` must be the batch that was folded before the last read. The transaction of that batch writes the count.
    package mutating func countMissed(in stream: StreamInfo) -> StreamPosition.CheckResult {
        precondition(next != nil && inFlight == nil, "an empty batch must precede the adopted one")
        var position = readPosition
        let finding = position.check(against: stream)
        guard case .missed(let count) = finding, let before = next?.position.id else { return finding }
        next?.position = position.rewound(to: before, by: prefetched?.batch.items.count ?? 0)
        next?.missedEntries = count
        prefetched?.position = position
        return finding
    }

    /// Returns the lookup that the prefetched batch needs; nil if the slot is empty, no state is missing, or the
    /// lookup was returned before.
    ///
    /// The server answers the lookup before it applies ``next``, so subjects of that batch are left out. Their state
    /// would be stale.
    package mutating func queueLookup() -> StateLookup? {
        guard let prefetched, case .unknown = prefetched.state else { return nil }
        let known = cache.priorState(of: prefetched.batch)
        let missing = MissingState(subjectsOf: prefetched.batch, given: known, except: next?.batch)
        guard !missing.isEmpty else {
            self.prefetched?.state = .known(known)
            return nil
        }
        let lookup = StateLookup(batch: prefetched.batch, missing: missing, state: known)
        self.prefetched?.state = .queued(lookup)
        return lookup
    }

    /// Removes the entries of the prefetched batch from the first one of an experiment on. They are read again after the
    /// others are applied.
    ///
    /// - Parameter index: the index of the experiment in the batch, above 0.
    package mutating func shortenPrefetched(beforeExperiment index: Int) {
        guard let batch = prefetched?.batch,
            let first = batch.items.firstIndex(where: { $0.subjects.experiment == index }), first > 0
        else { return }
        prefetched?.batch.items.removeSubrange(first...)
        var position = foldedPosition
        position.advance(by: first, to: batch.items[first - 1].id)
        prefetched?.position = position
        mayHaveMore = true
    }

    /// Removes the entries of the prefetched batch after an id. No further ones are read once one was removed.
    package mutating func shortenPrefetched(through id: StreamID) {
        guard let batch = prefetched?.batch, let last = batch.items.last, last.id > id else { return }
        mayHaveMore = false
        let count = batch.items.prefix { $0.id <= id }.count
        guard count > 0 else {
            prefetched = nil
            return
        }
        prefetched?.batch.items.removeSubrange(count...)
        var position = foldedPosition
        position.advance(by: count, to: batch.items[count - 1].id)
        prefetched?.position = position
    }

    /// Stores the state that a lookup has read for the prefetched batch.
    package mutating func resolve(_ lookup: StateLookup) {
        prefetched?.state = .known(lookup.state)
    }
}

// MARK: - Applying

extension PipelineSlots {
    /// Folds the prefetched batch into ``next``, which must be empty. Without a prefetched batch, ``next`` becomes an
    /// empty batch, whose transaction renews the lease.
    ///
    /// - Parameter pending: the dead letters of an earlier batch. If there are any, ``next`` becomes a batch that writes
    ///   them and nothing else.
    /// - Returns: the lookup to resolve before this function is called again; nil if the batch was folded.
    package mutating func fold(with pending: PendingDeadLetters = PendingDeadLetters()) -> StateLookup? {
        precondition(isNextEmpty, "the next batch must be submitted first")
        guard pending.isEmpty else {
            next = FoldedBatch(writing: pending, at: foldedPosition)
            return nil
        }
        var batch = prefetched?.batch ?? DecodedBatch()
        var state =
            switch prefetched?.state {
            case .known(let state): state
            case .queued(let lookup): lookup.state
            case .unknown, nil: cache.priorState(of: batch)
            }
        tombstones.merge(state.tombstones)
        state.tombstones = tombstones
        var outcome = Fold.fold(batch, onto: state, in: keyspace)
        while case .missing(let missing) = outcome, !missing.subjects.isEmpty {
            // Their state is read by the next lookup, like that of the other subjects.
            batch.add(missing.subjects)
            state.extend(to: batch)
            prefetched?.batch = batch
            prefetched?.state = .known(state)
            outcome = Fold.fold(batch, onto: state, in: keyspace)
        }
        switch outcome {
        case .missing(let missing): return StateLookup(batch: batch, missing: missing, state: state)
        case .folded(let result):
            cache.store(result.posterior, of: batch)
            tombstones.update(with: result)
            next = FoldedBatch(
                batch: batch, result: result, reply: prefetched?.reply ?? XReadReply(), after: foldedPosition,
                position: readPosition)
            prefetched = nil
            return nil
        }
    }

    /// Marks ``next`` as sent.
    ///
    /// - Returns: the queued lookup, which was sent before it; nil if there was none.
    package mutating func submit() -> StateLookup? {
        precondition(next != nil && inFlight == nil, "one batch is in flight at a time")
        inFlight = next.take()
        completed = nil
        guard case .queued(let lookup)? = prefetched?.state else { return nil }
        prefetched?.state = .unknown
        return lookup
    }

    /// Completes the batch in flight, which was applied apart from the commands that failed.
    ///
    /// After a failure, the cache, ``next`` and the lookups are wrong: ``next`` must be folded again, and the batch
    /// after it must be read again. If the cursor was not written, ``applied`` stays, and no further batch may be
    /// applied.
    package mutating func complete(failures: [Transaction.Failure] = []) -> FoldedBatch {
        guard let batch = inFlight.take() else { preconditionFailure("no batch is in flight") }
        if !failures.contains(where: \.isCursor) {
            applied = batch.position
            hasAppliedChanges = hasAppliedChanges || !batch.isEmpty
        }
        if !failures.isEmpty { discardDependents() }
        completed = batch
        return batch
    }

    private mutating func discardDependents() {
        cache.removeAll()
        guard let folded = next.take() else {
            prefetched?.state = .unknown
            return
        }
        mayHaveMore = true
        tombstones.undo(folded.result)
        prefetched =
            folded.batch.isEmpty
            ? nil : Prefetched(batch: folded.batch, reply: folded.reply, position: folded.position)
    }

    /// Empties all slots after a transaction that was not applied. The next read starts at ``applied``.
    package mutating func rollBack() {
        cache.removeAll()
        (prefetched, next, inFlight, completed) = (nil, nil, nil, nil)
        mayHaveMore = true
    }
}
