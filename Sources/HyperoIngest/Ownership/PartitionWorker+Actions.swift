import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

extension PartitionWorker {
    /// Performs an action that needs a connection.
    func perform(_ action: PartitionOwner.Action, in context: inout PipelineContext) -> PartitionOwner.Event {
        do {
            switch action {
            case .acquire: return try acquire(in: &context)
            case .recover: return try recover(in: &context)
            case .release:
                try release(in: &context)
                return .released
            default: return try apply(in: &context)
            }
        } catch {
            pipeline = nil
            if error.code == .outOfMemory { freeMemory(in: &context) }
            return .failed(error)
        }
    }

    var checkpointReader: CheckpointReader {
        CheckpointReader(
            keyspace: keyspace, owner: lease.owner, logger: limitedLogger, isReplaying: settings.isReplaying)
    }

    private func acquire(in context: inout PipelineContext) throws(RedisError) -> PartitionOwner.Event {
        let header = try PartitionHeader(of: keyspace, over: &context.connection)
        var isApplied = false
        if settings.isDraining {
            // Called even with pending dead letters, because the call sets the goal of the drain.
            let isDrained = try checkpointReader.isDrained(to: &goal, over: &context.connection)
            // Nothing is to be applied of a stream that was empty at the start.
            goal = goal ?? .zero
            if isDrained, context.pendingDeadLetters.isEmpty, !header.needsMigration {
                isApplied = try !hasCommand(after: header.control, over: &context.connection)
            }
            if isApplied, archiver == nil || !header.hasUnarchived { return .drained }
        }
        guard try lease.acquire(over: &context.connection) else {
            // The other ingest finds them by the field `unconfirmed`, and writes them.
            context.pendingDeadLetters = PendingDeadLetters()
            context.vanished = []
            // The other ingest starts it again.
            rebuild = nil
            lease.duration = settings.leaseDuration
            hasOtherOwner = true
            try countTrimmedDeadLetters(in: &context)
            // The other ingest archives what it has applied.
            return isApplied ? .drained : .standby
        }
        if hasOtherOwner { archiver?.readFolderAgain() }
        hasOtherOwner = false
        return .acquired
    }

    /// Reads the checkpoint and creates the pipeline: WATCH lease ingest, GET lease, and the commands of
    /// ``CheckpointReader``.
    ///
    /// The first transaction runs under this WATCH. It applies no entries, and writes the position and the pending dead
    /// letters. Without a drain, it is sent together with the first XREAD.
    private func recover(in context: inout PipelineContext) throws(RedisError) -> PartitionOwner.Event {
        // Of a folder that answers later, the archiver finds by itself that the server is behind it.
        let archived = archiver?.position(waitingAtMost: min(.seconds(1), lease.duration / 3))
        let fencedSince = MonotonicTime.now
        context.isOutcomeKnown = false
        _ = try context.connection.call("WATCH", keyspace.lease, keyspace.ingest)
        var held = try context.connection.call("GET", keyspace.lease)
        if let error = held.error { throw error.naming(key: keyspace.lease, expected: .string) }
        guard try held.string() == lease.owner else { return .leaseLost }
        let header: PartitionHeader
        do {
            header = try PartitionHeader(of: keyspace, over: &context.connection)
        } catch {
            // A newer ingest may have owned the partition since the lease was acquired.
            if error.code == .other { try lease.release(isConfirmed: false, over: &context.connection) }
            throw error
        }
        let reader = checkpointReader
        var checkpoint = try reader.checkpoint(
            after: appliedCursor, former: archiver?.applied ?? appliedPosition, archived: archived,
            over: &context.connection)
        if checkpoint.batch.isRewind || checkpoint.cursor == .zero { context.rewind = PipelineContext.Rewind() }
        var fence = Fence(lease: lease, since: fencedSince, writtenCursor: checkpoint.cursor)
        // The first and the last entry of the stream may be large, and the link slow.
        if fence.isStale, try !fence.renew(over: &context.connection) { return .cursorChanged }
        guard let letters = try unwrittenDeadLetters(of: checkpoint.unconfirmed, fence: &fence, in: &context) else {
            return .cursorChanged
        }
        context.pendingDeadLetters = letters
        checkpoint.batch.pendingDeadLetters = context.pendingDeadLetters
        checkpoint.batch.trimmedDeadLetters = context.trimmedDeadLetters
        checkpoint.batch.partitions = settings.partitions
        let cursor = checkpoint.batch.cursor
        let position = checkpoint.batch.position
        series = checkpoint.series
        (control, unarchived, commands) = (header.control, header.unarchived, header.commands)
        // Before the thread is told of entries that were applied after them.
        try restoreUnarchivedCommands(over: &context.connection)
        archiver?.begin(
            checkpoint.series, isNew: checkpoint.isNewSeries, at: cursor, count: position.read,
            commands: header.commands.count)
        let mustWriteLetters = if letters.isEmpty { false } else { try needsDeletion(header, in: &context) }
        if mustWriteLetters {
            // The keys of the entries show which of them became dead letters, and a deletion removes these keys.
            var pipeline = try Pipeline(
                resumingAt: checkpoint, fence: fence, goal: goal, deadLetterLimit: settings.deadLetterBytes)
            try pipeline.finish(in: &context)
            return context.pendingDeadLetters.isEmpty ? .interrupted : .cursorChanged
        }
        let work = PreparatoryWork(
            header: header, clock: checkpoint.clock, isConfirmed: letters.isEmpty,
            position: ArchivePosition(series: checkpoint.series.number, id: cursor, count: position.read))
        guard let hasTombstones = try prepare(work, fence: &fence, in: &context) else { return .cursorChanged }
        let surplus = try reader.surplus(before: cursor, retain: settings.retain, over: &context.connection)
        context.trimPlan.start(at: cursor, surplus: surplus)
        // A drain may end before the archive knows its own files, so that it would never trim.
        if settings.isDraining { archiver?.wait(atMost: lease.duration / 3) }
        pipeline = try Pipeline(
            resumingAt: checkpoint, hasTombstones: hasTombstones, fence: fence, goal: goal, endsAtGoal: endsAtGoal,
            deadLetterLimit: settings.deadLetterBytes, waitsForEntries: rebuild == nil)
        // At level info only the first time, because connections may break often.
        logger.log(
            level: appliedCursor == nil ? .info : .debug,
            cursor == .zero ? "starting with the first entry" : "resuming after \(cursor)")
        return .recovered
    }

    /// Returns whether subjects must be deleted before entries are applied.
    private func needsDeletion(
        _ header: PartitionHeader, in context: inout PipelineContext
    ) throws(RedisError) -> Bool {
        guard context.vanished.isEmpty else { return true }
        return try hasCommand(after: header.control, over: &context.connection)
    }

    /// Returns the dead letters of the last transaction that are not in Redis; none if its outcome was handled, and nil if
    /// the state must be read again.
    private func unwrittenDeadLetters(
        of unconfirmed: Unconfirmed?, fence: inout Fence, in context: inout PipelineContext
    ) throws(RedisError) -> PendingDeadLetters? {
        guard let unconfirmed else { return PendingDeadLetters() }
        // After a failure, Redis may have lost the transaction that wrote the dead letters, so they are looked up.
        if context.flawless?.isSameTransaction(as: unconfirmed) == true { return PendingDeadLetters() }
        let reader = UnconfirmedReader(
            checkpoints: checkpointReader, unconfirmed: unconfirmed,
            isShutdownRequested: { [shield] in !shield.shouldContinue })
        return try reader.missingDeadLetters(
            known: context.pendingDeadLetters, fence: &fence, over: &context.connection)
    }

    private func apply(in context: inout PipelineContext) throws(RedisError) -> PartitionOwner.Event {
        guard var pipeline = pipeline.take() else { return .leaseLost }
        let result = try pipeline.step(in: &context)
        if context.connection.pendingReplies > 0 { return .abandoned }
        switch result {
        case .applied:
            recordApplied(pipeline.slots.applied)
            guard try pipeline.boundDeadLetters(in: &context), try pipeline.correctCounters(in: &context) else {
                return .cursorChanged
            }
            if pipeline.slots.isCaughtUp { context.endRewind(of: keyspace.events) }
            if archiver?.needsSeries == true { return .interrupted }
            if try isCommanded(after: pipeline.slots, over: &context.connection) { return .interrupted }
            if shortenLease(after: pipeline) { return .interrupted }
            self.pipeline = consume pipeline
            return .applied
        case .drained:
            recordApplied(pipeline.slots.applied)
            context.endRewind(of: keyspace.events)
            guard try pipeline.boundDeadLetters(in: &context), try pipeline.correctCounters(in: &context) else {
                return .cursorChanged
            }
            return try hasCommand(after: control, over: &context.connection) ? .interrupted : .drained
        case .stopped(.keysVanished):
            recordApplied(pipeline.slots.applied)
            return .interrupted
        case .stopped(.leaseLost):
            lengthenLease()
            return .leaseLost
        case .stopped(.cursorChanged): return .cursorChanged
        }
    }

    private func recordApplied(_ position: StreamPosition) {
        appliedCursor = position.id
        appliedPosition = series.map { ArchivePosition(series: $0.number, id: position.id, count: position.read) }
    }

    private func release(in context: inout PipelineContext) throws(RedisError) {
        shield.isShielded = true
        if !context.pendingDeadLetters.isEmpty { try writePendingDeadLetters(in: &context) }
        try countTrimmedDeadLetters(in: &context)
        let isConfirmed = context.isOutcomeKnown && context.pendingDeadLetters.isEmpty
        try lease.release(isConfirmed: isConfirmed, over: &context.connection)
    }

    /// Writes the pending dead letters if this owner still holds the lease.
    private func writePendingDeadLetters(in context: inout PipelineContext) throws(RedisError) {
        guard try lease.acquire(over: &context.connection), case .recovered = try recover(in: &context),
            var pipeline = pipeline.take()
        else { return }
        do {
            try pipeline.finish(in: &context)
        } catch {
            guard error.category == .refused else { throw error }
            // A dead letter that cannot be written must not prevent the release of the lease.
            limitedLogger.event(error.description, level: .error)
        }
    }
}

// MARK: - Slow links

extension PartitionWorker {
    /// The longest duration to which a lease is lengthened.
    private static let maxLeaseDuration: Duration = .seconds(60)

    /// Doubles the duration of the lease after the lease was lost.
    ///
    /// Over a slow link, the changes of a single entry may take longer than the lease lasts. Its transaction would be sent again
    /// without end.
    private func lengthenLease() {
        lease.duration = max(settings.leaseDuration, min(lease.duration * 2, Self.maxLeaseDuration))
    }

    /// Sets the duration of the lease to the one of the settings again, once a transaction took less than half of it.
    ///
    /// - Returns: whether the duration has changed, so that a new pipeline is needed.
    private func shortenLease(after pipeline: borrowing Pipeline) -> Bool {
        guard lease.duration > settings.leaseDuration, pipeline.slots.hasAppliedChanges,
            pipeline.roundTrip < settings.leaseDuration / 2
        else { return false }
        lease.duration = settings.leaseDuration
        return true
    }
}
