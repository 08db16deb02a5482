import HyperoRedis
import HyperoCore
import HyperoSchema

// What it does with Redis.
extension Delivery {
    mutating func connect() {
        let host = host
        do {
            connection = try RedisConnection.open(
                to: elsewhere ?? url, name: "hypero-\(producer.text)",
                // A living training's events wait meanwhile.
                timeout: left == nil ? .seconds(5) : .seconds(2), shouldContinue: host.goesOn,
                blocking: host.whileBlocked)
            machine.connected()
            canReadWatermark = true
            shipment = Shipment()
        } catch {
            failed(error)
        }
    }

    /// Looks whether the server still has what it, or one before it, acknowledged; else all behind the watermark is
    /// sent again, before anything new. What was applied all the same is recognised by its number.
    ///
    /// `XRANGE events <id> <id>` answers the entry of the last event that was acknowledged: when it is there and ours,
    /// those before it are too, for Redis forgets from the end. An account that may not ask sends again.
    mutating func catchUp() {
        guard connection != nil else { return failed(Self.unconnected) }
        lookedBack = .now
        writer.removeAll()
        askForWatermark()
        if let id = progress.taken?.id.description { writer.command("XRANGE", keyspace.events, id, id) }
        do {
            try connection?.send(writer)
            let watermark = try receiveWatermark()
            let isThere = progress.taken == nil ? false : try receiveLastTaken()
            let isFirst = !machine.hasCaughtUp
            machine.caughtUp()
            let known = watermark.map { min($0.applied(held: held), outbox.accepted) }
            let safe = known ?? settling.settled
            // An account that may not look has to send again, but not every few seconds.
            if isThere == false || isFirst && isThere == nil || safe < applied {
                rewind(to: safe)
            } else if let taken = progress.taken {
                outbox.skip(to: taken.seq)
            }
            if known != nil { saw(applied: safe) }
        } catch {
            failed(error)
        }
    }

    /// Sends some batches, as long as there is something to send and all goes well.
    ///
    /// While Redis takes one, the next is rendered; a few in a row, so that the journal and the watermark are looked at in
    /// between.
    mutating func send() {
        guard connection != nil else { return failed(Self.unconnected) }
        for left in (0..<Self.batchesInARow).reversed() {
            prepareBatch()
            outbox.sendBatch()
            swap(&batch, &nextBatch)
            let goesOn = left > 0 && batchEvents > 1 && outbox.hasMore && host.goesOn()
            guard let outcome = ship(goesOn: goesOn) else { return failed(Self.unconnected) }
            note(outcome)
            guard outcome.failure == nil, goesOn else { return }
        }
    }

    /// Takes the next batch and renders it, if that is not done yet.
    private mutating func prepareBatch() {
        guard !outbox.isPrepared else { return }
        nextBatch.removeAll()
        outbox.prepareBatch { record in
            renderer.render(record, into: &nextBatch)
            return nextBatch.count >= Self.batchBytes || nextBatch.commands >= batchEvents
        }
    }

    /// Sends the batch, and takes what becomes of it.
    ///
    /// What Redis refuses is sent again; so is what has no reply because the connection broke, under the same number, for
    /// it is not known whether it is in the stream.
    private mutating func ship(goesOn: Bool) -> Shipment.Outcome? {
        guard var connection = connection.take() else { return nil }
        var outcome = shipment.send(batch, goesOn: goesOn, over: &connection)
        if outcome == nil {
            if goesOn { prepareBatch() }
            outcome = shipment.receive(over: &connection)
        }
        self.connection = consume connection
        return outcome
    }

    private mutating func note(_ outcome: Shipment.Outcome) {
        if let seq = outbox.finishBatch(answered: outcome.answered, refused: outcome.refused) {
            // With a hole before it, it says nothing of the others.
            progress.taken = outbox.hasHoles(before: seq) ? nil : outcome.id.map { .init(seq: seq, id: $0) }
            outbox.note(progress)
        }
        if let failure = outcome.failure {
            batchEvents = 1
            failed(failure)
        } else {
            batchEvents = min(2 * batchEvents, Self.mostBatchEvents)
            machine.succeeded()
            notices.isWell("Redis at \(elsewhere ?? url) takes events again")
        }
    }

    mutating func readWatermark() {
        guard connection != nil else { return failed(Self.unconnected) }
        lastWatermark = .now
        writer.removeAll()
        askForWatermark()
        do {
            try connection?.send(writer)
            guard let watermark = try receiveWatermark() else { return }
            let now = min(watermark.applied(held: held), outbox.accepted)
            let hasMoved = now != applied
            // Somebody emptied the stream, and some of it was not applied; but what was refused once may be on its way.
            let hasHoles = now < watermark.seq && watermark.seq >= outbox.sent && !outbox.hasEvents
            holesSince = hasHoles ? holesSince ?? .now : nil
            let areLost = holesSince.map { .now >= $0 + settling.duration } ?? false
            // When it went back, the server lost its keys.
            if now < applied || areLost { rewind(to: now) }
            saw(applied: now)
            // The ingest may be slow, or the stream may have lost its end on a connection that lives.
            if hasMoved { lookedBack = .now }
            if applied < outbox.sent, progress.taken != nil, .now >= lookedBack + settling.duration { catchUp() }
        } catch {
            failed(error)
        }
    }

    /// Which numbers the journal still has, and can send again.
    private var held: [ClosedRange<UInt64>] {
        left ?? outbox.firstHeld.map { [$0...UInt64.max] } ?? []
    }

    private mutating func rewind(to watermark: UInt64) {
        holesSince = nil
        progress = SegmentHeader.Progress()
        outbox.rewind(to: watermark)
        outbox.note(progress)
    }

    /// `HGET {hypero}:producer:<id> seq` answers the highest number applied, or null before the first is, and `missing`
    /// the numbers below it that are not, or null. Two commands, because an account may have the right to HGET only; in
    /// this order, since what is missing can only be found again.
    private mutating func askForWatermark() {
        let key = keyspace.producer(producer)
        writer.command("HGET", key, ProducerField.seq)
        writer.command("HGET", key, ProducerField.missing)
    }

    /// - Returns: nil when this account or key has no watermark to give: an error that is neither passing nor of the
    ///   connection.
    private mutating func receiveWatermark() throws(RedisError) -> AppliedWatermark? {
        // Both replies are taken in any case, or the second would answer the next command.
        var seq = try connection?.receive()
        let highest = Result { () throws(RedisError) in try seq?.string() }
        var missing = try connection?.receive()
        do {
            return AppliedWatermark(seq: try highest.get(), missing: try missing?.string())
        } catch {
            guard error.isOfTheAccount else { throw error }
            canReadWatermark = false
            return nil
        }
    }

    /// - Returns: whether the last event that was acknowledged is there; nil when this account may not know.
    private mutating func receiveLastTaken() throws(RedisError) -> Bool? {
        guard var reply = try connection?.receive(), let seq = progress.taken?.seq else { return false }
        do {
            guard try reply.array() == 1 else { return false }
            _ = try reply.array()
            _ = try reply.string()
            let fields = try reply.pairs()
            return fields.contains { $0.name == EventField.producer && $0.value == producer.text }
                && fields.contains { $0.name == EventField.seq && $0.value == String(seq) }
        } catch {
            guard error.isOfTheAccount else { throw error }
            return nil
        }
    }

    private mutating func failed(_ error: RedisError) {
        var next: RedisURL?
        if case .moved(let host, let port) = error.category {
            next = (elsewhere ?? url).withServer(host: host, port: port)
        } else if host.goesOn() {
            // Else it was we who gave up, and that is no trouble with Redis.
            notices.trouble("\(error.description); events are kept in the journal and sent later", now: .now)
        }
        let draw = Double.random(in: 0..<1, using: &generator)
        // A reply that was not taken would answer the next command.
        let isOutOfStep = connection?.pendingReplies ?? 0 > 0
        guard machine.failed(isOutOfStep ? .connection : error.category, now: .now, draw: draw) else { return }
        connection = nil
        elsewhere = next
    }

    private static var unconnected: RedisError { RedisError(.connection, "there is no connection") }
}
