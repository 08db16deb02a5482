import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

/// The pipeline from the stream to the indexes: read, decode, fold, commit.
///
///     XREAD ----> XReadReply ----> DecodedBatch ----> FoldedBatch ----> Transaction ----> EXEC
///                          decode               fold              write            commit
///
/// With a backlog all stages run at once, on four batches: while Redis applies the first, the second is folded onto the
/// state that the first leaves, the state that the third needs is looked up, and the fourth is read and decoded by
/// ``Prefetcher``. ``PipelineSlots`` keeps the batches and their order; this type reads and writes.
struct Pipeline: ~Copyable {
    /// The result of one step.
    enum StepResult {
        case applied
        /// The goal of a drain is reached.
        case drained
        /// The pipeline must not be used again.
        case stopped(Transaction.Obstacle)
    }

    /// The last entry that a drain applies; nil without a drain.
    private let goal: StreamID?
    /// True if entries after the goal must not be applied.
    private let endsAtGoal: Bool
    private(set) var slots: PipelineSlots
    var fence: Fence
    /// False if the caller has other work once all entries are applied, such as a rebuild.
    private let waitsForEntries: Bool
    /// The transaction of the next batch, or of the batch in flight.
    private var transaction: Transaction
    /// The transaction of the next batch while another is in flight.
    private var nextTransaction: Transaction
    private var lookups: LookupQueue
    private var deadLetterBudget: DeadLetterBudget
    private var batchSize = BatchSize()
    /// The reason why dead letters cannot be written; nil if they can.
    private var deadLetterError: RedisError?
    /// The error of a dead letter stream that was full at the checkpoint; nil if it was not full. The stream is not
    /// checked again, because the reply to XINFO may be large.
    private let fullStreamError: RedisError?
    /// The time between the sending of the last transaction and the arrival of its outcome.
    private(set) var roundTrip = Duration.zero
    /// The server's clock in Unix milliseconds, as it was read last.
    private var clock: Int64
    /// The time at which the state of the stream was read last.
    private var streamInfoTime = MonotonicTime.now
    /// The time at which counters were corrected last.
    var correctionTime = MonotonicTime.now

    /// The number of epochs after which a fold reads no further whole curve. The events of the other curves wait.
    private static let maxCurveEpochs = 1 << 20

    /// The longest wait for prefetched entries while Redis applies a transaction.
    private static let maxPrefetchWait: Duration = .milliseconds(20)
    /// The time between two reads of the stream's state. The reply to XINFO contains the first and the last entry,
    /// which may be large.
    private static let streamInfoInterval: Duration = .seconds(1)

    init(
        resumingAt checkpoint: Checkpoint, hasTombstones: Bool = false, fence: Fence, goal: StreamID?,
        endsAtGoal: Bool = false, deadLetterLimit: Int = Limits.deadLetterBytes, waitsForEntries: Bool = true
    ) throws(RedisError) {
        let lease = fence.lease
        self.goal = goal
        self.endsAtGoal = endsAtGoal
        self.waitsForEntries = waitsForEntries
        self.fence = fence
        // A drain ends at the end of the stream, so it must not start by waiting for entries.
        slots = PipelineSlots(
            resumingAt: checkpoint.batch, mayHaveMore: goal != nil, in: lease.keyspace)
        lookups = LookupQueue(keyspace: lease.keyspace, hasTombstones: hasTombstones)
        let (series, duration) = (checkpoint.series, lease.duration)
        transaction = Transaction(
            keyspace: lease.keyspace, owner: lease.owner, leaseDuration: duration, series: series)
        nextTransaction = Transaction(
            keyspace: lease.keyspace, owner: lease.owner, leaseDuration: duration, series: series)
        deadLetterError = checkpoint.deadLetterError ?? checkpoint.fullStreamError
        fullStreamError = checkpoint.fullStreamError
        clock = checkpoint.clock
        deadLetterBudget = DeadLetterBudget(limit: deadLetterLimit)
        try transaction.write(checkpoint.batch, since: clock, room: deadLetterBudget.room)
    }

    private var keyspace: Keyspace { fence.lease.keyspace }
    /// The longest wait for entries, after which the lease is renewed.
    private var maxIdleWait: Duration {
        waitsForEntries ? min(fence.lease.duration / 3, .seconds(1)) : .milliseconds(1)
    }

    /// Applies the next batch, folds the batch after it, and prefetches further entries.
    ///
    /// Without entries, the step renews the lease with an empty transaction, and waits for entries for at most a third
    /// of the lease's duration, and a second.
    ///
    /// - Throws: an error after which the pipeline must not be used again.
    mutating func step(in context: inout PipelineContext) throws(RedisError) -> StepResult {
        (transaction.archived, nextTransaction.archived) = (context.archiver?.fieldValue, context.archiver?.fieldValue)
        // Without a backlog, the prefetched entries are folded first: an empty transaction would only delay them.
        if slots.isNextEmpty, slots.prefetched != nil, !slots.mayHaveMore, let result = try foldNext(in: &context) {
            return result
        }
        // The cursor must not pass entries whose dead letters cannot be written.
        if slots.next?.hasDeadLetters == true {
            if let deadLetterError { throw deadLetterError }
            if !deadLetterBudget.isMeasured {
                guard try enforceDeadLetterLimit(in: &context) else { return .stopped(.cursorChanged) }
                // The size decides whether the letters are cut.
                try writeNext()
            }
        }
        let shield = context.shield
        shield.isShielded = true
        defer { shield.isShielded = false }
        // The read of very large entries may outlast the lease. After a rollback, their next read would take as long.
        if fence.isStale, try !fence.renew(over: &context.connection) { return .stopped(.cursorChanged) }
        // XTRIM is not part of the transaction. If that one is aborted, the entries of pending dead letters are still needed.
        if context.pendingDeadLetters.isEmpty, let id = context.trimPlan.nextBound(archived: context.archiver?.archived)
        {
            transaction.writeTrim(below: id)
        }
        transaction.writeFence()
        let isIdle = slots.prefetched == nil && !slots.mayHaveMore && goal == nil
        return isIdle ? try runIdle(in: &context) : try runBacklog(in: &context)
    }

    /// Commits the checkpoint with the pending dead letters, in the last transaction before the lease is released.
    /// Reads no entries.
    mutating func finish(in context: inout PipelineContext) throws(RedisError) {
        if let deadLetterError { throw deadLetterError }
        transaction.writeFence()
        _ = try send(in: &context)
        try settle(try transaction.receive(from: &context.connection), in: &context)
    }
}

// MARK: - Dead letters

extension Pipeline {
    /// Removes the oldest dead letters if all together take too much memory. Called between two steps, and sends nothing
    /// unless the last step has written dead letters.
    ///
    /// - Returns: false if the pipeline must not be used again.
    mutating func boundDeadLetters(in context: inout PipelineContext) throws(RedisError) -> Bool {
        deadLetterBudget.isDue ? try enforceDeadLetterLimit(in: &context) : true
    }

    private mutating func enforceDeadLetterLimit(in context: inout PipelineContext) throws(RedisError) -> Bool {
        context.shield.isShielded = true
        defer { context.shield.isShielded = false }
        let trimmer = DeadLetterTrimmer(keyspace: keyspace, logger: context.logger)
        return try trimmer.enforce(&deadLetterBudget, fence: &fence, over: &context.connection)
    }
}

// MARK: - With a backlog

extension Pipeline {
    /// Sends the next batch, and folds the prefetched one while Redis applies it.
    private mutating func runBacklog(in context: inout PipelineContext) throws(RedisError) -> StepResult {
        // A folded batch is sent at once. Without one, the step can wait for entries, and a shutdown ends this wait.
        let needsEntries = slots.isNextEmpty
        context.shield.isShielded = !needsEntries
        try adoptPrefetched(waitingAtMost: needsEntries ? maxIdleWait : .zero, in: context)
        context.shield.isShielded = true
        queueLookup()
        let lookup = try send(in: &context)

        // The outcome is read even if the next steps fail, because its failed commands must become dead letters.
        var failure: RedisError?
        do {
            if let lookup { try resolve(lookup, in: &context) }
        } catch {
            if error.category == .connection { throw error }
            failure = error
        }
        do {
            try adoptPrefetched(waitingAtMost: Self.maxPrefetchWait, in: context)
            if failure == nil, context.vanished.isEmpty, slots.fold() == nil, let next = slots.next {
                // The dead letters in flight are not recorded yet.
                let room = deadLetterBudget.room - transaction.deadLetters.bytes
                try nextTransaction.write(next, since: clock, room: room)
                prefetchForNextStep(in: context)
            }
        } catch {
            failure = failure ?? error
        }
        let outcome = try transaction.receive(from: &context.connection)
        try settle(outcome, in: &context)
        if let obstacle = outcome.obstacle { return .stopped(obstacle) }
        if let failure { throw failure }
        if !context.vanished.isEmpty { return .stopped(.keysVanished) }
        if slots.next != nil {
            swap(&transaction, &nextTransaction)
        } else if let result = try foldNext(in: &context) {
            return result
        }
        return slots.isDrained(to: goal) ? .drained : .applied
    }

    /// Adopts the next decoded batch while the transaction is in flight, and queues the state lookup that it needs.
    private mutating func prefetchForNextStep(in context: borrowing PipelineContext) {
        // An error must not discard the folded batch. The next step requests the entries again.
        try? adoptPrefetched(waitingAtMost: .zero, in: context)
        queueLookup()
    }

    /// Moves the batch that the prefetcher has read into the slots, and requests the next one.
    private mutating func adoptPrefetched(
        waitingAtMost duration: Duration, in context: borrowing PipelineContext
    ) throws(RedisError) {
        guard slots.prefetched == nil, slots.mayHaveMore else { return }
        let prefetcher = context.prefetcher
        try prefetcher.request(after: slots.readPosition.id, count: batchSize.count)
        guard let read = try prefetcher.receive(waitingAtMost: duration, shield: context.shield) else { return }
        adopt(read)
        if slots.mayHaveMore { try prefetcher.request(after: slots.readPosition.id, count: batchSize.count) }
    }

    private mutating func queueLookup() {
        if let lookup = slots.queueLookup() { lookups.set(lookup) }
    }
}

// MARK: - Without a backlog

extension Pipeline {
    /// Sends the next batch, which renews the lease if it is empty, and waits for entries.
    private mutating func runIdle(in context: inout PipelineContext) throws(RedisError) -> StepResult {
        let read = BlockingRead(
            after: slots.readPosition.id, count: batchSize.count, block: maxIdleWait,
            withStreamInfo: streamInfoTime + Self.streamInfoInterval <= .now)
        transaction.write(read)
        _ = try send(in: &context)
        let outcome: Transaction.Outcome
        do {
            outcome = try transaction.receive(from: &context.connection)
            // Settled before the wait for XREAD, because the dead letters of failed commands must be known even if its
            // reply never arrives.
            try settle(outcome, in: &context)
        } catch {
            if error.category != .connection { try read.discardReplies(from: &context.connection) }
            throw error
        }
        // Without the wait for XREAD: what is left of the subjects would be visible for as long, and the entries of an aborted
        // transaction would wait for as long. The caller replaces the connection.
        if !context.vanished.isEmpty { return .stopped(outcome.obstacle ?? .keysVanished) }
        if case .cursorChanged = outcome.obstacle { return .stopped(.cursorChanged) }
        context.shield.isShielded = false
        let (entries, stream) = try read.receive(from: &context.connection, in: keyspace)
        if read.withStreamInfo { streamInfoTime = .now }
        if let obstacle = outcome.obstacle { return .stopped(obstacle) }
        let reply = try XReadReply(entries, from: keyspace.events)

        if let result = try foldNext(in: &context) { return result }
        adopt(try ReadBatch(reply, requested: read.count))
        guard let stream else { return .applied }
        guard case .missed(let count) = slots.countMissed(in: stream) else { return .stopped(.cursorChanged) }
        if count > 0 { context.logger.missed(count, from: keyspace.events) }
        try writeNext()
        return .applied
    }
}

// MARK: - Reading, folding, settling

extension Pipeline {
    private mutating func adopt(_ read: ReadBatch) {
        slots.adopt(read)
        if endsAtGoal, let goal { slots.shortenPrefetched(through: goal) }
        batchSize.recordRead(entries: read.reply.received, bytes: read.reply.bytes)
        batchSize.recordKept(entries: read.batch.items.count, of: read.reply.count)
    }

    /// Folds the prefetched batch, and looks up the state that the fold needs: first subjects, then rows and rungs, then
    /// whole curves, then the rows of their best epochs.
    ///
    /// - Returns: the result that ends the step; nil if the batch is folded.
    private mutating func foldNext(in context: inout PipelineContext) throws(RedisError) -> StepResult? {
        while var lookup = slots.fold(with: context.pendingDeadLetters) {
            lookups.set(lookup)
            try lookups.send(over: &context.connection)
            lookup = try lookups.receive(lookup, from: &context.connection, logger: context.logger)
            context.vanished += lookup.state.vanished
            if !context.vanished.isEmpty { return .stopped(.keysVanished) }
            if let result = try readCurves(&lookup, in: &context) { return result }
            if let result = try readRungs(&lookup, in: &context) { return result }
            slots.resolve(lookup)
        }
        lookups.removeAll()
        try writeNext()
        return nil
    }

    /// Reads the whole curves that a lookup needs. The lease is renewed meanwhile, and a shutdown ends the reading: no
    /// transaction is in flight.
    ///
    /// A batch may need a curve for each of its events. The batch is shortened if they are too many for the memory.
    mutating func readCurves(
        _ lookup: inout StateLookup, in context: inout PipelineContext
    ) throws(RedisError) -> StepResult? {
        var epochs = 0
        for (index, objective) in lookup.missing.wholeCurves.sorted(by: { $0.key < $1.key }) {
            if epochs > Self.maxCurveEpochs {
                slots.shortenPrefetched(beforeExperiment: index)
                return nil
            }
            var scan = CurveScan(key: keyspace.curve(of: lookup.batch.experiments[index]), objective: objective)
            do {
                while !scan.isComplete {
                    try scan.readPart(over: &context.connection)
                    if context.isShutdownRequested { return .applied }
                    if fence.isDue, try !fence.renew(over: &context.connection) { return .stopped(.cursorChanged) }
                }
                lookup.state.objectives[index] = scan.reader.objectives
                lookup.state.epochs[index] = scan.reader.epochs
            } catch {
                guard let readError = StateLoader.readError(from: error, key: scan.key, logger: context.logger) else {
                    throw error
                }
                lookup.state.experiments[index] = ExperimentState(readError: readError)
            }
            epochs += scan.reader.count
        }
        return nil
    }

    private mutating func resolve(_ lookup: StateLookup, in context: inout PipelineContext) throws(RedisError) {
        let lookup = try lookups.receive(lookup, from: &context.connection, logger: context.logger)
        context.vanished += lookup.state.vanished
        slots.resolve(lookup)
    }

    private mutating func writeNext() throws(RedisError) {
        if let next = slots.next { try transaction.write(next, since: clock, room: deadLetterBudget.room) }
    }

    /// Sends the queued lookup, the transaction, and the WATCH that fences the next one.
    ///
    /// - Returns: the lookup that was sent; nil if there was none.
    private mutating func send(in context: inout PipelineContext) throws(RedisError) -> StateLookup? {
        try lookups.send(over: &context.connection)
        fence.restart()
        context.isOutcomeKnown = false
        try transaction.send(over: &context.connection)
        return slots.submit()
    }

    /// Completes the batch in flight, and collects the dead letters of its failed commands.
    ///
    /// - Throws: the error of the cursor's command. Nothing may be applied after it.
    private mutating func settle(_ outcome: Transaction.Outcome, in context: inout PipelineContext) throws(RedisError) {
        context.recordTrimming(outcome.trimmed, of: keyspace.events)
        deadLetterError = outcome.deadLetterError ?? fullStreamError
        context.isOutcomeKnown = true
        guard case .applied(let applied) = outcome.ending else { return slots.rollBack() }
        let failures = applied.failures
        clock = applied.clock
        deadLetterBudget.recordWritten(transaction.deadLetters)
        if let error = applied.counterError {
            context.logger.event("cannot write a counter: \(error.description)", level: .error)
        }
        record(applied, in: &context)
        let batch = slots.complete(failures: failures)
        context.recordApplied(batch, as: transaction.unconfirmed, failures: failures, in: keyspace)
        if !applied.vanished.isEmpty {
            context.vanished += VanishedSubject.subjects(ofChanges: applied.vanished, in: batch, keyspace: keyspace)
        }
        roundTrip = .now - fence.since
        batchSize.recordApplied(
            entries: batch.batch.items.count, in: applied.serverTime ?? roundTrip,
            leaseShare: roundTrip / fence.lease.duration)
        // The dead letters of the next batches cannot be written either.
        if let failure = failures.first(where: \.isDeadLetter) {
            deadLetterError = failure.error.naming(key: keyspace.dead, expected: .stream)
        }
        if let failure = failures.first(where: \.isCursor) {
            throw failure.error.naming(key: keyspace.ingest, expected: .hash)
        }
        fence.writtenCursor = batch.cursor
    }
}
