import HyperoCore
import HyperoRedis
import HyperoSchema

/// What the sender's thread works with, and each thing it does: connect, catch up, send a batch, read the watermark.
struct Delivery: ~Copyable {
    var machine = SenderMachine()
    var outbox: Outbox
    /// The watermark: the highest sequence number below which all was seen applied.
    var applied: UInt64 = 0
    var settling: DurabilityWindow

    private let journal: Journal
    /// Which numbers a journal that was left has; nil for a living one.
    let left: [ClosedRange<UInt64>]?
    let url: RedisURL
    let keyspace: Keyspace
    let producer: ProducerID
    let renderer: RecordRenderer
    var connection: RedisConnection?
    /// Where an error reply said that the keys are; nil for where the user said.
    var elsewhere: RedisURL?
    /// What is asked.
    var writer = RESPWriter(capacity: 1 << 10)
    /// The events on their way, and those after them.
    var batch = RESPWriter(capacity: 64 << 10)
    var nextBatch = RESPWriter(capacity: 64 << 10)
    var notices: UserNotices
    let host: DeliveryHost
    var generator = SystemRandomNumberGenerator()

    private var lastAccepted: UInt64 = 0
    private var lastEvent = MonotonicTime(nanoseconds: 0)
    var lastWatermark = MonotonicTime(nanoseconds: 0)
    /// When it was last looked, or not needed to look, whether the stream has what it acknowledged.
    var lookedBack = MonotonicTime(nanoseconds: 0)
    /// Since when the ingest is through with all that was sent, and lacks some of it.
    var holesSince: MonotonicTime?
    /// As the journal has it written down.
    var progress = SegmentHeader.Progress()
    /// False on a connection that may only write.
    var canReadWatermark = true
    var shipment = Shipment()
    /// How many events the next batch may have: after trouble a single one tries whether it is over.
    var batchEvents = Self.mostBatchEvents

    /// What is appended to hiredis' buffer at once; more would be moved about in memory with each partial write.
    static let batchBytes = 256 << 10
    static let mostBatchEvents = 1_024
    /// Batches sent before the journal and the watermark are looked at again: some 10 to 50 ms.
    static let batchesInARow = 8
    /// Records that get their checksums between two looks at the connection.
    private static let sealedAtOnce = 16_384
    private static let watermarkInterval: Duration = .seconds(1)
    private static let awaitedWatermarkInterval: Duration = .milliseconds(2)

    /// - Parameter left: what of a journal that was left is only read; nil for a living one.
    init(
        journal: Journal, left: OrphanedJournal? = nil, url: RedisURL, keyspace: Keyspace, settling: Duration,
        notify: @escaping @Sendable (String) -> Void, host: DeliveryHost
    ) {
        self.journal = journal
        self.url = url
        self.keyspace = keyspace
        self.settling = DurabilityWindow(settling)
        self.host = host
        outbox = Outbox(seals: left == nil)
        self.left = left?.scan.ranges
        progress = left?.progress ?? SegmentHeader.Progress()
        let identity = journal.identity
        producer = identity.producer
        renderer = RecordRenderer(stream: keyspace.events, identity)
        notices = UserNotices(notify)
    }

    /// What a step came to.
    enum Step {
        case worked
        /// There is nothing to do for now.
        case rest
        case finished
    }

    /// Does the next thing.
    ///
    /// - Parameters:
    ///   - endsWhenSent: whether it is finished when there is nothing left to send.
    ///   - isAwaited: whether somebody waits for the watermark.
    mutating func step(endsWhenSent: Bool = false, isAwaited: Bool = false) -> Step {
        let work = look(endsWhenSent: endsWhenSent, isAwaited: isAwaited)
        switch machine.next(work, now: .now) {
        case .connect: connect()
        case .catchUp: catchUp()
        case .send: send()
        case .readWatermark: readWatermark()
        case .rest: return .rest
        case .finish: return .finished
        }
        return .worked
    }

    /// Whether something was logged within the last second.
    var isBusy: Bool { .now < lastEvent + .seconds(1) }

    /// Whether all events are applied, and have been for so long that Redis does not forget them any more.
    var isSettled: Bool { settling.settled >= outbox.accepted }

    /// Takes over what was logged, sees to the journal's room, and says what there is to do.
    private mutating func look(endsWhenSent: Bool, isAwaited: Bool) -> SenderMachine.Work {
        // Asked before the journal is looked at: nothing is appended once it is closed.
        let isEnding = !host.goesOn()
        let now = MonotonicTime.now
        let published = journal.published()
        if published.accepted != lastAccepted { (lastAccepted, lastEvent) = (published.accepted, now) }
        outbox.update(published)
        outbox.seal(atMost: Self.sealedAtOnce)
        // Where nobody says what is applied, what is sent counts.
        let safe = canReadWatermark ? applied : outbox.sent
        if !canReadWatermark, connection != nil { settling.note(applied: safe, now: now) }
        let free = outbox.releasable(settled: settling.settled, applied: safe, makingRoom: journal.isNearlyFull)
        for segment in free { journal.release(segment) }
        if let notice = journal.takeNotice() { notices.tell(notice) }
        let interval = isAwaited ? Self.awaitedWatermarkInterval : Self.watermarkInterval
        return SenderMachine.Work(
            hasEvents: outbox.hasEvents,
            // Until all is settled: a server that went back behind it must not go unnoticed.
            isWatermarkDue: canReadWatermark && settling.settled < outbox.sent && now >= lastWatermark + interval,
            isEnding: isEnding, endsWhenSent: endsWhenSent)
    }

    /// Takes note of a watermark that the server has just given. What was applied when it was asked last may not be so
    /// any more: events settle only by what it says now.
    mutating func saw(applied watermark: UInt64) {
        applied = watermark
        settling.note(applied: applied, now: .now)
        guard applied > 0, applied == outbox.accepted else { return }
        if progress.applied?.seq != applied {
            progress.applied = SegmentHeader.Progress.Applied(seq: applied, since: WallClock.milliseconds)
            outbox.note(progress)
        } else if left != nil, let since = progress.applied?.since {
            let (age, isBeyond) = WallClock.milliseconds.subtractingReportingOverflow(since)
            if !isBeyond, .milliseconds(age) > settling.duration { settling.settle(applied) }
        }
    }

    /// Says what is left behind, or removes the files when nothing can be needed of them; the memory is given back.
    mutating func end() {
        connection = nil
        // What came last, or all of a journal that was not looked at yet.
        outbox.update(journal.published())
        outbox.seal(atMost: .max)
        let left = outbox.hasEvents ? outbox.accepted - outbox.sent : 0
        if left > 0 { notices.tell("\(left) events were not sent; \(Self.place(of: outbox.held, in: journal.path))") }
        journal.end(removing: outbox.held, keepsFiles: !isSettled)
    }

    private static func place(of segments: [Segment], in folder: String?) -> String {
        let files = segments.count { $0.path != nil }
        guard files > 0, let folder else { return "they were in memory and are lost" }
        let stay = "stay in \(folder) and are sent by the next client on this host, or by hypero-ingest adopt"
        return files == segments.count ? "they \(stay)" : "those in memory are lost, those in files \(stay)"
    }
}
