import HyperoCore
import HyperoRedis
import HyperoSchema

/// The delivery of one journal to Redis: sending its events, reading the watermark, and releasing its segments.
///
/// ``SenderMachine`` decides the next action, and ``step(endsWhenSent:isAwaited:)`` performs it. Used by one thread.
struct Delivery: ~Copyable {
    /// The journal and its destination.
    struct Configuration: Sendable {
        let journal: Journal
        let url: RedisURL
        let keyspace: Keyspace
        /// The time for which an applied event stays in the journal.
        let durabilityWindow: Duration
        var keyLifetime = KeyLifetime()
        let notify: @Sendable (String) -> Void
    }

    /// The callbacks of a delivery to the code that runs it.
    struct Callbacks {
        /// Called before each action, and every few milliseconds while waiting for Redis. Returns false to give up.
        let shouldContinue: () -> Bool
        /// Runs a system call that may block.
        let blocking: (() -> Void) -> Void
    }

    private(set) var outbox: Outbox
    /// The watermark: the highest sequence number up to which every event was seen applied.
    private(set) var applied: UInt64 = 0
    /// The number of events that became dead letters.
    private(set) var dead: UInt64 = 0

    private var machine = SenderMachine()
    private var durability: DurabilityWindow
    private var keyLifetime: KeyLifetime
    /// The highest sequence number in the watermark that was read last.
    private var lastWatermarkSeq: UInt64 = 0
    private let journal: Journal
    /// The sequence numbers in an orphaned journal; nil for the journal of this process.
    private let orphanRanges: [ClosedRange<UInt64>]?
    /// true if the machine has not been restarted since the orphaned journal was written.
    private let orphanHasSameBoot: Bool
    private var link: Link
    private let renderer: RecordRenderer
    /// The rendered events in flight.
    private var batch = RESPWriter(capacity: 64 << 10)
    /// The rendered events of the next batch.
    private var nextBatch = RESPWriter(capacity: 64 << 10)
    /// The number of events allowed in the next batch. After a failure it is 1, to try whether Redis accepts events
    /// again.
    private var batchLimit = Self.maxBatchEvents
    private var notices: UserNotices
    private let callbacks: Callbacks
    private var generator = SystemRandomNumberGenerator()

    private var lastAccepted: UInt64 = 0
    private var lastEvent = MonotonicTime(nanoseconds: 0)
    private var lastWatermarkRead = MonotonicTime(nanoseconds: 0)
    /// The last time when the stream was known to contain the acknowledged events, or when the watermark moved.
    private var lastDurabilityCheck = MonotonicTime(nanoseconds: 0)
    /// The time since which the ingest has passed all sent events although some of them are missing; nil if none are
    /// missing.
    private var missingSince: MonotonicTime?
    /// The progress as stored in the journal.
    private var progress: SegmentHeader.Progress

    /// The size in bytes at which a batch is full. hiredis moves a larger buffer in memory at each partial write.
    private static let batchBytes = 256 << 10
    private static let maxBatchEvents = 1_024
    /// The number of batches sent before the journal and the watermark are read again, which takes about 10 to 50 ms.
    private static let batchesInARow = 8
    /// The maximum number of checksums written between two actions.
    private static let checksumsPerStep = 16_384
    private static let watermarkInterval: Duration = .seconds(1)
    private static let awaitedWatermarkInterval: Duration = .milliseconds(2)

    /// - Parameter orphan: The orphaned journal that the configuration's journal was created from; nil for the journal
    ///   of this process.
    init(_ configuration: Configuration, orphan: OrphanedJournal? = nil, callbacks: Callbacks) {
        journal = configuration.journal
        durability = DurabilityWindow(configuration.durabilityWindow)
        self.callbacks = callbacks
        outbox = Outbox(writesChecksums: orphan == nil)
        keyLifetime = configuration.keyLifetime
        orphanRanges = orphan?.scan.ranges
        orphanHasSameBoot = orphan.map { $0.header.machine.hasSameBoot(as: .current) } ?? false
        progress = orphan?.progress ?? SegmentHeader.Progress()
        let identity = journal.identity
        link = Link(
            url: configuration.url, keyspace: configuration.keyspace, producer: identity.producer,
            // Shorter for an orphaned journal, because the events of this process wait meanwhile.
            timeout: orphan == nil ? .seconds(5) : .seconds(2), callbacks: callbacks)
        renderer = RecordRenderer(stream: configuration.keyspace.events, identity)
        notices = UserNotices(configuration.notify)
    }

    /// The result of one step.
    enum Step {
        case worked
        /// There is nothing to do for now.
        case idle
        case finished
    }

    /// Performs the next action.
    ///
    /// - Parameters:
    ///   - endsWhenSent: true to finish once all events are sent.
    ///   - isAwaited: true if a caller waits for the watermark, which is then read more often.
    mutating func step(endsWhenSent: Bool = false, isAwaited: Bool = false) -> Step {
        let work = updateJournal(endsWhenSent: endsWhenSent, isAwaited: isAwaited)
        switch machine.next(work, now: .now) {
        case .connect: connect()
        case .catchUp: catchUp()
        case .send: send()
        case .readWatermark: readWatermark()
        case .renewKey: renewKey()
        case .idle: return .idle
        case .finish: return .finished
        }
        return .worked
    }

    /// true if an event was logged within the last second.
    var isBusy: Bool { .now < lastEvent + .seconds(1) }

    /// true if all events are durable.
    var isDurable: Bool { durability.durable >= outbox.accepted }

    /// Closes the connection and the journal. The files are removed if all events are durable, and stay otherwise.
    /// Unsent events are reported.
    mutating func end() {
        link.close()
        journal.finishAppending(within: .seconds(1), blocking: callbacks.blocking)
        // Include the last records, or all records of an orphaned journal that ends before its first step.
        outbox.update(journal.published())
        outbox.writeChecksums(atMost: .max)
        // An adopter reports the journals that it has not finished.
        if outbox.hasEvents, orphanRanges == nil {
            let unsent = outbox.accepted - outbox.sent
            notices.event(
                "events not sent: \(unsent). \(remainder)")
        }
        journal.end(removing: outbox.heldSegments, keepsFiles: !isDurable)
    }

    /// The place where the events are that were not sent, and the command that sends them.
    private var remainder: String {
        let segments = outbox.heldSegments
        let files = segments.count { $0.file != nil }
        guard files > 0, let folder = journal.folder else { return "They were in memory and are lost" }
        guard !folder.isGone else {
            return "The journal \(folder.path) was removed or moved: if it was removed, they are lost"
        }
        let stay =
            "stay in \(folder.path). The next client on this host with the same settings sends them, or `\(adoptCommand(folder))`"
        return files == segments.count ? "They \(stay)" : "Those in memory are lost. Those in files \(stay)"
    }
}

// The journal.
extension Delivery {
    /// Returns the command that sends a journal.
    private func adoptCommand(_ folder: JournalFolder) -> String {
        guard let settings = journal.settings else { return "hypero-ingest adopt" }
        let root = folder.rootPath.contains { $0.isWhitespace } ? "'\(folder.rootPath)'" : folder.rootPath
        var command = "hypero-ingest adopt --journal \(root) --redis \(settings.server)"
        if let namespace = Keyspace.namespace(ofTag: settings.tag), namespace != Keyspace.defaultNamespace {
            command += " --namespace \(namespace)"
        }
        if let partitions = settings.partitions, partitions > 1 { command += " --partitions \(partitions)" }
        return command
    }

    /// Collects new records, writes checksums, releases segments, and returns the work to do.
    private mutating func updateJournal(endsWhenSent: Bool, isAwaited: Bool) -> SenderMachine.Work {
        // Evaluated before the journal is read: the client closes the journal before it ends the sender, so no record
        // is appended after the end.
        let isEnding = !callbacks.shouldContinue()
        let now = MonotonicTime.now
        let published = journal.published()
        if published.accepted != lastAccepted { (lastAccepted, lastEvent) = (published.accepted, now) }
        outbox.update(published)
        outbox.writeChecksums(atMost: Self.checksumsPerStep)
        // Without permission to read the watermark, sent events count as applied.
        let watermark = link.canReadWatermark ? applied : outbox.sent
        if !link.canReadWatermark, link.isConnected { durability.observe(applied: watermark, now: now) }
        let free = outbox.releasable(
            durable: durability.durable, applied: watermark, makingRoom: journal.isNearlyFull)
        for segment in free { journal.release(segment) }
        if let notice = journal.takeNotice() { notices.event(notice) }
        let interval = isAwaited ? Self.awaitedWatermarkInterval : Self.watermarkInterval
        // Read the watermark until all sent events are durable, to notice a server that has lost some.
        let awaitsDurability = link.canReadWatermark && durability.durable < outbox.sent
        return SenderMachine.Work(
            hasEvents: outbox.hasEvents, isWatermarkDue: awaitsDurability && now >= lastWatermarkRead + interval,
            isRenewalDue: orphanRanges == nil && keyLifetime.isDue(at: .sinceBoot),
            isEnding: isEnding, endsWhenSent: endsWhenSent)
    }

    /// The sequence numbers that the journal still has and can send again.
    private var heldRanges: [ClosedRange<UInt64>] {
        orphanRanges ?? outbox.firstHeldSeq.map { [$0...UInt64.max] } ?? []
    }

    /// Rewinds the outbox to the watermark, and forgets the last acknowledged event.
    private mutating func rewind(to watermark: UInt64) {
        missingSince = nil
        progress = SegmentHeader.Progress()
        outbox.rewind(to: watermark)
        outbox.store(progress)
    }

    /// Returns the sequence number up to which every event in the journal is applied, and records the dead letters.
    ///
    /// If the watermark is not lower than before, durable events count as applied even if they are missing. Redis has then
    /// lost no key: the key had expired, and the ingest that applied the next event knew of no earlier ones. If they were
    /// sent again, they would be applied a second time, after newer ones.
    private mutating func read(_ watermark: AppliedWatermark) -> UInt64 {
        if watermark.dead > 0, dead == 0 {
            notices.event(
                "events not applied: \(watermark.dead) became dead letters. List them with their reasons by "
                    + "`hypero-query dead`")
        }
        dead = max(dead, watermark.dead)
        if watermark.seq == 0, keyLifetime.hasExpired(at: .sinceBoot) { return durability.durable }
        let durable = watermark.seq >= lastWatermarkSeq ? durability.durable : 0
        if watermark.seq > lastWatermarkSeq { keyLifetime.renew(at: .sinceBoot) }
        lastWatermarkSeq = watermark.seq
        return min(watermark.applied(held: heldRanges, durable: durable), outbox.accepted)
    }

    /// Records a watermark that the server has just returned. An earlier watermark may be outdated: only the current one
    /// makes events durable.
    private mutating func observe(applied watermark: UInt64) {
        applied = watermark
        durability.observe(applied: applied, now: .now)
        guard applied > 0, applied == outbox.accepted else { return }
        if progress.applied?.seq != applied {
            progress.applied = SegmentHeader.Progress.Applied(seq: applied, since: .sinceBoot)
            outbox.store(progress)
        } else if orphanRanges != nil, let stored = progress.applied,
            stored.lowestAge(hasSameBoot: orphanHasSameBoot, now: .sinceBoot) > durability.duration
        {
            durability.markDurable(through: applied)
        }
    }
}

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
    private mutating func connect() {
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
    /// An account without permission to check sends its events again once per connection, and not at each later check.
    private mutating func catchUp() {
        lastDurabilityCheck = .now
        do {
            let state = try link.readState(acknowledged: progress.acknowledged)
            let isFirst = !machine.hasCaughtUp
            machine.caughtUp()
            let serverWatermark = state.watermark.map { read($0) }
            let watermark = serverWatermark ?? durability.durable
            let isLost = state.hasAcknowledged == false || isFirst && state.hasAcknowledged == nil
            if isLost || watermark < applied {
                rewind(to: watermark)
            } else if let acknowledged = progress.acknowledged {
                outbox.skip(to: acknowledged.seq)
            }
            if serverWatermark != nil { observe(applied: watermark) }
        } catch {
            fail(with: error)
        }
    }

    private mutating func readWatermark() {
        lastWatermarkRead = .now
        do {
            guard let watermark = try link.readWatermark() else { return }
            let current = read(watermark)
            let hasMoved = current != applied
            // The ingest has passed all sent events, and some of them are missing: another client deleted their entries.
            // Entries of events with an unknown outcome may still arrive, so wait as long as for durability.
            let isMissing = current < watermark.seq && watermark.seq >= outbox.sent && !outbox.hasEvents
            missingSince = isMissing ? missingSince ?? .now : nil
            let areLost = missingSince.map { .now >= $0 + durability.duration } ?? false
            // A lower watermark means that the server has lost keys.
            if current < applied || areLost { rewind(to: current) }
            observe(applied: current)
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

    private mutating func renewKey() {
        do {
            try link.renewKey()
            keyLifetime.renew(at: .sinceBoot)
        } catch {
            fail(with: error)
        }
    }

    /// Sends a few batches in a row, as long as there are events and none fails.
    ///
    /// The next batch is rendered while Redis processes the current one.
    private mutating func send() {
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
        if let failure = outcome.failure {
            batchLimit = 1
            fail(with: failure)
        } else {
            batchLimit = min(2 * batchLimit, Self.maxBatchEvents)
            machine.succeeded()
            notices.recovered("Redis at \(link.server) accepts events again")
        }
    }

    /// Reports an error, schedules the next attempt, and closes the connection if it is unusable.
    private mutating func fail(with reported: RedisError) {
        let error = link.verified(reported)
        let isRedirect = if case .redirected = error.code { true } else { false }
        // While the sender ends, the error only means that a wait was cancelled.
        if !isRedirect, callbacks.shouldContinue() {
            let place = journal.path == nil ? "memory" : "the journal"
            // Redis ends some errors with a full stop.
            let text = error.description.hasSuffix(".") ? String(error.description.dropLast()) : error.description
            notices.failure("\(text). Events stay in \(place) and are sent later", now: .now)
        }
        let draw = Double.random(in: 0..<1, using: &generator)
        let category = link.hasUnreadReplies ? .connection : error.category
        if machine.failed(category, now: .now, draw: draw) { link.close(after: error) }
    }
}
