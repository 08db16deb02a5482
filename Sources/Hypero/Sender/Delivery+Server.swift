import HyperoCore
import HyperoRedis
import HyperoSchema

extension Delivery {
    /// Performs the steps of a delivery that need no server, once. See ``Rehearsal``.
    mutating func rehearse() {
        _ = step()
        prepareBatch()
        outbox.startBatch()
        swap(&batch, &nextBatch)
        finishBatch(Shipment.Outcome(answered: 1, refused: [0], failure: RedisError(.other, "rehearsal")))
        observe(applied: read(AppliedWatermark(seq: "3", missing: "1-2")))
        rewind(to: 0)
        link.close()
    }
}

// The server.
extension Delivery {
    mutating func connect() {
        do {
            try link.connect()
            machine.connected()
        } catch {
            fail(with: error)
        }
    }

    /// Checks whether the server still has the events that it or an earlier server has acknowledged. If some are lost,
    /// all events after the watermark are sent again before new ones. The ingest drops duplicates.
    ///
    /// An account without permission to check sends its events again once per connection, and not at each later check. The
    /// batteries and the open experiments are among them, because the server may have lost everything.
    mutating func catchUp() {
        lastDurabilityCheck = .now
        lastWatermarkRead = .now
        do {
            let state = try link.readState(acknowledged: progress.acknowledged)
            let isFirst = !machine.hasCaughtUp
            machine.caughtUp()
            isFailing = false
            let serverWatermark = state.watermark.map { read($0) }
            let watermark = serverWatermark ?? durability.durable
            // An orphaned journal of an account that may not look is not sent again by each of its adopters.
            let sentBefore = isOrphan && serverWatermark == nil ? progress.applied?.seq : nil
            let isUnknown = isFirst && state.hasAcknowledged == nil && sentBefore == nil
            let isLost = state.hasAcknowledged == false || isUnknown
            if isLost || watermark < applied {
                rewind(to: watermark, known: serverWatermark == nil ? 0 : nil)
            } else if let seq = sentBefore ?? progress.acknowledged?.seq {
                outbox.skip(to: seq)
            }
            if serverWatermark != nil { observe(applied: watermark) }
        } catch {
            fail(with: error)
        }
    }

    mutating func readWatermark() {
        lastWatermarkRead = .now
        do {
            guard let watermark = try link.readWatermark() else { return }
            let current = read(watermark)
            let hasMoved = current != applied
            let areLost = hasLostGap(below: watermark, current: current)
            // A lower watermark means that the server has lost keys.
            if current < applied || areLost { rewind(to: current) }
            observe(applied: current)
            try checkDeclarations()
            try readStopReasons()
            // A watermark that does not move may belong to a slow ingest, or to a stream that has lost its end while
            // this connection stayed open.
            if hasMoved { lastDurabilityCheck = .now }
            if applied < outbox.sent, progress.acknowledged != nil, .now >= lastDurabilityCheck + durability.duration {
                catchUp()
            }
        } catch {
            fail(with: error)
        }
    }

    /// Returns whether events are missing that the ingest has passed: another client deleted their entries, or the server has
    /// lost them before they were seen applied.
    ///
    /// The ingest must have passed all that was sent when the gap was seen first. Entries of events with an unknown outcome may
    /// still arrive, so wait as long as for durability. The training may log meanwhile. If the gap stays after its events were sent
    /// again, the ingest may have stopped: wait twice as long each time.
    ///
    /// Wait for a second only if the gap begins with the first event and there are dead letters: without the declaration of their
    /// battery, all further events become dead letters.
    private mutating func hasLostGap(below watermark: AppliedWatermark, current: UInt64) -> Bool {
        let seq = watermark.seq
        guard current < seq else {
            (gap, resentGap) = (nil, nil)
            return false
        }
        if gap?.applied != current {
            let isSame = resentGap?.applied == current
            let wait = isSame ? min((resentGap?.wait ?? .zero) * 2, Self.maxGapWait) : durability.duration
            gap = Gap(applied: current, sent: outbox.sent, since: .now, wait: wait)
        }
        if current == 0, watermark.dead > 0, resentGap?.applied != 0 {
            gap?.wait = min(Self.watermarkInterval, durability.duration)
        }
        guard let gap, seq >= gap.sent, .now >= gap.since + gap.wait else { return false }
        resentGap = gap
        return true
    }

    private static var maxGapWait: Duration { .seconds(600) }

    /// Reads the last attempt of an experiment that this process resumes: its own is the next one, whatever the clocks of the
    /// hosts say. An account that may not read it takes the second one for its own.
    mutating func readAttempt() {
        guard let resumed = unknownAttempts.last else { return }
        let id = resumed.id
        do {
            let found = try link.readAttempt(of: id)
            unknownAttempts.removeLast()
            renderer.setAttempt(max(found?.attempt ?? 1, 1) + 1, of: id)
            guard let found else { return }
            if let battery = found.battery {
                guard battery != resumed.battery.text else { return }
                notices.event(
                    "experiment resumed in another battery: \(id.text) belongs to \(printable(battery)), not to "
                        + "\(resumed.battery.text). Its events become dead letters. Resume it in its own battery")
            } else {
                notices.event(
                    "experiment resumed that Redis does not have: \(id.text). Check the id, unless events of an earlier process "
                        + "are still in a journal or are not applied yet")
            }
        } catch {
            fail(with: error)
        }
    }

    /// Compares the declarations that are applied with those that count, and reports each difference once.
    private mutating func checkDeclarations() throws(RedisError) {
        while let declaration = declarations.next(applied: applied) {
            let values = try link.readFields(
                declaration.fields.map(\.name),
                of: declaration.search.map { configuration.keyspace.search($0) }
                    ?? configuration.keyspace.battery(declaration.battery))
            declarations.removeFirst()
            if let difference = values.flatMap(declaration.difference(from:)) { notices.event(difference) }
        }
    }

    mutating func renewKey() {
        do {
            try link.renewKey()
            keyLifetime.renew(at: .sinceBoot)
        } catch {
            fail(with: error)
        }
    }

    mutating func sendAlive() {
        do {
            try link.sendAlive()
            link.hasWritten()
            lastSignOfLife = .now
        } catch {
            fail(with: error)
        }
    }

    /// Sends a few batches in a row, as long as there are events and none fails.
    ///
    /// The next batch is rendered while Redis processes the current one.
    mutating func send() {
        for remaining in (0..<Self.batchesInARow).reversed() {
            prepareBatch()
            outbox.startBatch()
            swap(&batch, &nextBatch)
            let isFollowed = remaining > 0 && batchLimit > 1 && outbox.hasMore && callbacks.shouldContinue()
            let outcome = ship(isFollowed: isFollowed)
            finishBatch(outcome)
            guard outcome.failure == nil, isFollowed else { return }
        }
    }

    /// Collects and renders the next batch, unless it is prepared.
    private mutating func prepareBatch() {
        guard !outbox.isPrepared else { return }
        nextBatch.removeAll()
        outbox.prepareBatch { record in
            renderer.render(record, into: &nextBatch)
            if orphanRanges == nil {
                restoration.read(record)
                declarations.read(record)
                if record.kind == .claim {
                    configuration.board?.setSeq(record.seq, ofClaim: UInt32(truncatingIfNeeded: record.experiment))
                }
            }
            return nextBatch.count >= Self.batchBytes || nextBatch.commands >= batchLimit
        }
    }

    /// Sends the batch and reads its outcome.
    ///
    /// Refused events are sent again. Events without a reply after a broken connection are sent again too, although the
    /// stream may contain them. They keep their sequence numbers, so the ingest drops the duplicates.
    private mutating func ship(isFollowed: Bool) -> Shipment.Outcome {
        if let outcome = link.send(batch, isFollowed: isFollowed) { return outcome }
        if isFollowed { prepareBatch() }
        return link.receive()
    }

    private mutating func finishBatch(_ outcome: Shipment.Outcome) {
        if let seq = outbox.finishBatch(answered: outcome.answered, refused: outcome.refused) {
            // An acknowledged event is stored only if all events before it are acknowledged too.
            progress.acknowledged = outbox.hasRetries(before: seq) ? nil : outcome.id.map { .init(seq: seq, id: $0) }
            outbox.store(progress)
        }
        if !link.usesTransactions { reportMissingTransactions() }
        if outcome.lacksTransactions, let failure = outcome.failure {
            // The next step sends the batch again.
            guard failure.category == .connection else { return }
            _ = machine.failed(.connection, now: .now, draw: 0)
            link.close(after: failure)
        } else if let failure = outcome.failure {
            batchLimit = 1
            fail(with: failure)
        } else {
            batchLimit = min(2 * batchLimit, Self.maxBatchEvents)
            machine.succeeded()
            link.hasWritten()
            isFailing = false
            lastSignOfLife = .now
            planAnswers()
            notices.recovered("Redis at \(link.server) accepts events again")
        }
    }

    /// Reports once that events are sent without transactions.
    private mutating func reportMissingTransactions() {
        guard !hasReportedMissingTransactions else { return }
        hasReportedMissingTransactions = true
        notices.event(
            "Redis at \(link.server) does not permit transactions. Events are sent without: while Redis refuses some writes, "
                + "events may arrive out of order, and a replaced value may win. To avoid this, allow MULTI, EXEC and DISCARD"
        )
    }

    /// Reports an error, schedules the next attempt, and closes the connection if it is unusable.
    mutating func fail(with reported: RedisError) {
        let error = link.verified(reported)
        let isRedirect = if case .redirected = error.code { true } else { false }
        // While the sender ends, the error only means that a wait was cancelled.
        if !isRedirect { isFailing = true }
        if !isRedirect, callbacks.shouldContinue() {
            let place = journal.path == nil ? "memory" : "the journal"
            // Redis ends some errors with a full stop.
            let text = error.description.hasSuffix(".") ? String(error.description.dropLast()) : error.description
            let advice =
                configuration.url.isDefault && error.category == .connection
                ? ". No server was named: start one by hypero up, or set HYPERO_REDIS" : ""
            let account = error.code == .noPermission ? ". \(AccountRole.training.advice)" : ""
            notices.failure("\(text). Events stay in \(place) and are sent later\(advice)\(account)", now: .now)
        }
        let draw = Double.random(in: 0..<1, using: &generator)
        let category = link.hasUnreadReplies ? .connection : error.category
        if machine.failed(category, now: .now, draw: draw) { link.close(after: error) }
    }
}
