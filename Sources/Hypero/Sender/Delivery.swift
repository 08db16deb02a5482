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
        /// The time after which a process with open experiments shows that it lives, if it sends nothing else.
        var aliveInterval = Duration.seconds(60)
        /// The longest time for which a process that ends without `close` waits for the journal to be sent.
        var exitTimeout = Duration.zero
        /// The refused log calls, which a process that ends without closing its client reports; nil in an adoption.
        var refusals: Refusals?
        let notify: @Sendable (String) -> Void
        /// The claims and trials of this process; nil in an adoption.
        var board: TrialBoard?
    }

    /// The callbacks of a delivery to the code that runs it.
    struct Callbacks {
        /// Returns true if the delivery must end.
        let isEnding: () -> Bool
        /// Called before each action, and every few milliseconds while waiting for Redis. Returns false to give up.
        let shouldContinue: () -> Bool
        /// Runs a system call that may block.
        let blocking: (() -> Void) -> Void
        /// The servers that the deliveries of one thread know.
        let knownServers = KnownServers()

        /// - Parameter isEnding: nil if the delivery must end once it has to give up.
        init(
            isEnding: (() -> Bool)? = nil, shouldContinue: @escaping () -> Bool,
            blocking: @escaping (() -> Void) -> Void
        ) {
            self.isEnding = isEnding ?? { !shouldContinue() }
            self.shouldContinue = shouldContinue
            self.blocking = blocking
        }
    }

    var outbox: Outbox
    /// The watermark: the highest sequence number up to which every event was seen applied.
    var applied: UInt64 = 0
    /// The number of events that became dead letters.
    var dead: UInt64 = 0
    /// The number of events that were dropped because of a deletion.
    var deleted: UInt64 = 0
    /// true if the last attempt to reach the server, or to send events to it, has failed.
    var isFailing = false

    /// The copies of records for a server that has lost its data. Empty for an orphaned journal.
    var restoration = Restoration()
    /// The last sequence number of the copies that the last rewind has sent again; 0 for none.
    private var restoredThrough: UInt64 = 0
    /// The last time when the server has received an event of this process.
    var lastSignOfLife = MonotonicTime.now
    /// true if the file of the open experiments exists.
    var hasStoredOpen = false
    /// true once the user knows that events are sent without transactions.
    var hasReportedMissingTransactions = false
    /// true once the user knows that the journal is full.
    var hasReportedFullJournal = false
    /// true once the user knows that Redis has lost events.
    var hasReportedLoss = false
    /// The durable sequence number when the producer's key was found to have expired. Redis lacks the numbers up to it.
    var forgotten: UInt64 = 0

    /// The looks for the answers to claims, and for the orders to stop.
    var claimSchedule = AnswerSchedule(first: .milliseconds(2), longest: .milliseconds(200))
    var stopSchedule = AnswerSchedule(first: .milliseconds(4), longest: .seconds(1))
    /// The watermark of the latest look for orders to stop.
    var lastJudged: UInt64 = 0

    var machine = SenderMachine()
    var durability: DurabilityWindow
    var keyLifetime: KeyLifetime
    /// The highest sequence number in the watermark that was read last.
    var lastWatermarkSeq: UInt64 = 0
    let configuration: Configuration
    let journal: Journal
    /// The sequence numbers in an orphaned journal; nil for the journal of this process.
    let orphanRanges: [ClosedRange<UInt64>]?
    /// true if an orphaned journal has open experiments: its segments stay until all events are durable, because the adopter
    /// after a killed one needs them to give the ends of the experiments the same numbers.
    let keepsSegments: Bool
    /// true if the machine has not been restarted since the orphaned journal was written.
    let orphanHasSameBoot: Bool
    var link: Link
    var renderer: RecordRenderer
    /// The resumed experiments whose last attempts must be read before their starts are sent.
    var unknownAttempts: [Journal.ResumedExperiment] = []
    /// The declarations of this process that are not compared with those of the server yet.
    var declarations = UncheckedDeclarations()
    /// The rendered events in flight.
    var batch = RESPWriter(capacity: 64 << 10)
    /// The rendered events of the next batch.
    var nextBatch = RESPWriter(capacity: 64 << 10)
    /// The number of events allowed in the next batch. After a failure it is 1, to try whether Redis accepts events
    /// again.
    var batchLimit = Self.maxBatchEvents
    var notices: UserNotices
    let callbacks: Callbacks
    var generator = SystemRandomNumberGenerator()

    var lastAccepted: UInt64 = 0
    var lastEvent = MonotonicTime(nanoseconds: 0)
    var lastWatermarkRead = MonotonicTime(nanoseconds: 0)
    /// The last time when the stream was known to contain the acknowledged events, or when the watermark moved.
    var lastDurabilityCheck = MonotonicTime(nanoseconds: 0)
    /// The gap below the events that the ingest has passed, while it stays as it is; nil without one.
    var gap: Gap?
    /// The latest gap whose events were sent again.
    var resentGap: Gap?
    /// The progress as stored in the journal.
    var progress: SegmentHeader.Progress

    /// The size in bytes at which a batch is full. hiredis moves a larger buffer in memory at each partial write.
    static let batchBytes = 256 << 10
    static let maxBatchEvents = 1_024
    /// The number of batches sent before the journal and the watermark are read again, which takes about 10 to 50 ms.
    static let batchesInARow = 8
    /// The maximum number of checksums written between two actions.
    static let checksumsPerStep = 16_384
    static let watermarkInterval: Duration = .seconds(1)
    /// The longest time between two looks while all sent events are applied and not yet durable.
    static let appliedWatermarkInterval: Duration = .seconds(5)
    static let awaitedWatermarkInterval: Duration = .milliseconds(2)

    /// - Parameter orphan: The orphaned journal that the configuration's journal was created from; nil for the journal
    ///   of this process.
    init(_ configuration: Configuration, orphan: OrphanedJournal? = nil, callbacks: Callbacks) {
        self.configuration = configuration
        journal = configuration.journal
        durability = DurabilityWindow(configuration.durabilityWindow)
        self.callbacks = callbacks
        outbox = Outbox(writesChecksums: orphan == nil)
        keyLifetime = configuration.keyLifetime
        orphanRanges = orphan?.scan.ranges
        keepsSegments = orphan.map { !$0.scan.open.isEmpty } ?? false
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

    /// Missing events below the highest one that was applied.
    struct Gap {
        /// The sequence number before the first missing event.
        let applied: UInt64
        /// The highest number that was sent when the gap was seen first.
        let sent: UInt64
        let since: MonotonicTime
        /// The time after which the events count as lost.
        var wait: Duration
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
        case .readAttempt: readAttempt()
        case .readClaims: readClaims()
        case .readWatermark: readWatermark()
        case .renewKey: renewKey()
        case .sendAlive: sendAlive()
        case .idle: return .idle
        case .finish: return .finished
        }
        return .worked
    }

    /// true if an event was logged within the last second.
    var isBusy: Bool { .now < lastEvent + .seconds(1) }

    /// true if all events are durable.
    var isDurable: Bool { durability.durable >= outbox.accepted }

    /// true if the account of the connection may not read the watermark.
    var cannotConfirm: Bool { link.isConnected && !link.canReadWatermark }

    var isOrphan: Bool { orphanRanges != nil }

    /// true if an experiment is open.
    var hasOpenExperiments: Bool { !restoration.open.isEmpty }

    /// Closes the connection and the journal. Unsent events are reported.
    ///
    /// The files are removed if all events are durable. They stay otherwise, and if experiments are open that the client has not
    /// left to other processes by `close`: the next client ends them as `lost`.
    ///
    /// - Parameters:
    ///   - isClosed: true if the client was closed.
    ///   - keepsFiles: true to keep the files in any case.
    mutating func end(isClosed: Bool = false, keepsFiles: Bool = false) {
        link.close()
        journal.finishAppending(within: .seconds(1), blocking: callbacks.blocking)
        // Include the last records, or all records of an orphaned journal that ends before its first step.
        outbox.update(journal.published())
        outbox.writeChecksums(atMost: .max)
        // An adopter reports the journals that it has not finished.
        if orphanRanges == nil {
            reportNotRecorded()
            reportUnsent(of: outbox.accepted)
        }
        let keepsFiles = keepsFiles || !isDurable || hasOpenExperiments && !isClosed
        if keepsFiles, isClosed, orphanRanges == nil { journal.folder?.store(restoration.open, isClosed: true) }
        journal.end(removing: outbox.heldSegments, keepsFiles: keepsFiles)
    }
}

// The journal.
extension Delivery {
    /// Collects new records, writes checksums, releases segments, and returns the work to do.
    private mutating func updateJournal(endsWhenSent: Bool, isAwaited: Bool) -> SenderMachine.Work {
        // Evaluated before the journal is read: the client closes the journal before it ends the sender, so no record
        // is appended after the end.
        let isEnding = !callbacks.shouldContinue() && callbacks.isEnding()
        let now = MonotonicTime.now
        let published = journal.published()
        if published.accepted != lastAccepted { (lastAccepted, lastEvent) = (published.accepted, now) }
        // After the records: an experiment is announced before its start is recorded.
        unknownAttempts += journal.takeResumed()
        outbox.update(published)
        outbox.writeChecksums(atMost: Self.checksumsPerStep)
        // Without permission to read the watermark, sent events count as applied.
        let watermark = link.canReadWatermark ? applied : outbox.sent
        if cannotConfirm { observeSent(now: now) }
        let free =
            keepsSegments
            ? []
            : outbox.releasable(
                durable: durability.durable, applied: watermark, makingRoom: journal.isNearlyFull)
        if !free.isEmpty { storeOpenExperiments() }
        for segment in free { journal.release(segment) }
        if restoration.hasEnded { restoration.forgetEnded(through: durability.durable) }
        if outbox.isQuiet { restoration.releaseReplaced() }
        if let notice = journal.takeNotice() { notices.event(notice) }
        reportFullJournal()
        // Read the watermark until all sent events are durable, and before new ones are sent, to notice a server that has lost
        // some: it would apply no event of a battery that it does not know any more.
        let isDue =
            durability.durable < outbox.sent && now >= nextWatermarkRead(isAwaited: isAwaited)
            || outbox.hasEvents && lastWatermarkSeq > 0 && now >= lastWatermarkRead + Self.watermarkInterval
            || stopSchedule.isDue(at: now)
        let board = configuration.board
        let isWaiting = board?.hasClaims ?? false
        let isAliveDue =
            orphanRanges == nil && (hasOpenExperiments || isWaiting) && now >= lastSignOfLife + aliveInterval
        return SenderMachine.Work(
            hasEvents: outbox.hasEvents, isWatermarkDue: link.canReadWatermark && isDue,
            isRenewalDue: orphanRanges == nil && keyLifetime.isDue(at: .sinceBoot), isAliveDue: isAliveDue,
            isAttemptUnknown: !unknownAttempts.isEmpty, areClaimsDue: isWaiting && claimSchedule.isDue(at: now),
            isEnding: isEnding, endsWhenSent: endsWhenSent)
    }

    /// The time after which a process shows that it lives: a third of the lease, if it has trials of a search.
    private var aliveInterval: Duration {
        guard let lease = configuration.board?.lease else { return configuration.aliveInterval }
        return min(configuration.aliveInterval, .milliseconds(lease / 3))
    }

    /// Returns the time of the next look at the watermark. Between the observations that make events durable, a server with thousands
    /// of trainings need not answer each of them every second.
    private func nextWatermarkRead(isAwaited: Bool) -> MonotonicTime {
        if isAwaited { return lastWatermarkRead + Self.awaitedWatermarkInterval }
        let earliest = lastWatermarkRead + Self.watermarkInterval
        guard applied >= outbox.sent, let observation = durability.nextObservation(after: applied) else {
            return earliest
        }
        return max(min(observation, lastWatermarkRead + Self.appliedWatermarkInterval), earliest)
    }

    /// Returns the sequence numbers that can be sent again if a watermark lacks them: those in the journal, and the copies.
    ///
    /// The copies between many removed rows count as missing even after they were applied, because the ingest merges ranges.
    /// They would be sent again for ever, so the sender sends them once per loss.
    private mutating func heldRanges(for watermark: AppliedWatermark) -> [ClosedRange<UInt64>] {
        if let orphanRanges { return orphanRanges }
        let first = outbox.firstHeldSeq
        let areRestored =
            restoredThrough > 0 && watermark.isMerged && min(outbox.acknowledged, watermark.seq) >= restoredThrough
        let copies = areRestored ? [] : restoration.ranges(before: first ?? .max)
        return copies + (first.map { [$0...UInt64.max] } ?? [])
    }

    /// Stores the open experiments, whose starts may be in a segment that is about to be removed.
    private mutating func storeOpenExperiments() {
        guard orphanRanges == nil, hasOpenExperiments || hasStoredOpen else { return }
        // A journal whose segments have no record does not tell the numbers that an adopter may give to the ends.
        var open = restoration.open
        open.lastSeq = outbox.accepted
        journal.folder?.store(open, isClosed: false)
        hasStoredOpen = true
    }

    /// Rewinds the outbox to the watermark, and forgets the last acknowledged event.
    ///
    /// - Parameter known: The sequence number up to which the server knows the batteries and the open experiments; nil for the
    ///   watermark.
    mutating func rewind(to watermark: UInt64, known: UInt64? = nil) {
        gap = nil
        progress = SegmentHeader.Progress()
        let copies = restoration.records(after: known ?? watermark)
        restoredThrough = copies.last?.seq ?? 0
        outbox.rewind(to: watermark, restoring: copies)
        outbox.store(progress)
        guard outbox.hasLostRemoved, !hasReportedLoss else { return }
        hasReportedLoss = true
        notices.event(
            "events lost by Redis at \(link.server): at most \(outbox.released), which it had applied. The batteries and the open "
                + "experiments are sent again, and later events are applied")
    }

    /// Returns the sequence number up to which every event in the journal is applied, and records the dead letters.
    ///
    /// Events that were durable when the key had expired count as applied even if they are missing: the ingest that applied the
    /// next event knew of no earlier ones. If they were sent again, they would be applied a second time, after newer ones.
    mutating func read(_ watermark: AppliedWatermark) -> UInt64 {
        if watermark.dead > 0, dead == 0 {
            notices.event(
                "events not applied: \(watermark.dead) became dead letters. List them with their reasons by "
                    + "`hypero-query dead`")
        }
        dead = max(dead, watermark.dead)
        if watermark.deleted > 0, deleted == 0 {
            notices.event(
                "events not applied: \(watermark.deleted) so far, their experiment or battery was deleted. To log to a new one, "
                    + "start another experiment")
        }
        deleted = max(deleted, watermark.deleted)
        if keyLifetime.hasExpired(at: .sinceBoot) {
            forgotten = durability.durable
            if watermark.seq == 0 { return forgotten }
        }
        if watermark.seq < lastWatermarkSeq { forgotten = 0 }
        if watermark.seq > lastWatermarkSeq { keyLifetime.renew(at: .sinceBoot) }
        lastWatermarkSeq = watermark.seq
        return min(watermark.applied(held: heldRanges(for: watermark), durable: forgotten), outbox.accepted)
    }

    /// Records a watermark that the server has just returned. An earlier watermark may be outdated: only the current one
    /// makes events durable. A replica does not: the primary may have lost more, and may be back soon.
    mutating func observe(applied watermark: UInt64) {
        applied = watermark
        guard link.isPrimary else { return }
        durability.observe(applied: applied, now: .now)
        storeIfComplete(applied)
    }

    /// Counts sent events as applied, for an account that may not read the watermark.
    private mutating func observeSent(now: MonotonicTime) {
        durability.observe(applied: outbox.sent, now: now)
        storeIfComplete(outbox.sent)
    }

    /// If all events of the journal are applied, stores the time when this was first seen. An adopter that finds an old enough
    /// time need not wait.
    private mutating func storeIfComplete(_ applied: UInt64) {
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
