import HyperoRedis
import HyperoSchema

/// What the sender's thread works with, and each thing it does: connect, send a batch, read the watermark.
struct Delivery: ~Copyable {
    private(set) var machine = SenderMachine()
    private(set) var outbox = Outbox()
    /// The watermark: the highest sequence number that was seen applied.
    private(set) var applied: UInt64 = 0

    private let journal: Journal
    private let url: RedisURL
    private let keyspace: Keyspace
    private let producer: ProducerID
    private let renderer: RecordRenderer
    private var connection: RedisConnection?
    /// Where an error reply said that the keys are; nil for where the user said.
    private var elsewhere: RedisURL?
    private var writer = RESPWriter(capacity: 64 << 10)
    private var notices: Notices
    private let isEnding: () -> Bool
    private var generator = SystemRandomNumberGenerator()

    private var lastAccepted: UInt64 = 0
    private var lastEvent = MonotonicTime(nanoseconds: 0)
    private var lastWatermark = MonotonicTime(nanoseconds: 0)
    /// False on a connection that may only write: then what is sent counts as safe.
    private var canReadWatermark = true

    /// What is appended to hiredis' buffer at once; more would be moved about in memory with each partial write.
    private static let batchBytes = 256 << 10
    private static let batchEvents = 1_024
    private static let watermarkInterval: Duration = .seconds(1)
    private static let awaitedWatermarkInterval: Duration = .milliseconds(2)

    init(
        journal: Journal, url: RedisURL, producer: ProducerID, keyspace: Keyspace,
        notify: @escaping @Sendable (String) -> Void, isEnding: @escaping () -> Bool
    ) {
        self.journal = journal
        self.url = url
        self.producer = producer
        self.keyspace = keyspace
        renderer = RecordRenderer(stream: keyspace.events, producer: producer.text)
        notices = Notices(notify)
        self.isEnding = isEnding
    }

    /// Whether something was logged within the last second.
    var isBusy: Bool { .now < lastEvent + .seconds(1) }

    /// Takes over what was logged, sees to the journal's room, and says what there is to do.
    mutating func look(endsWhenSent: Bool, isAwaited: Bool) -> SenderMachine.Work {
        // Asked before the journal is looked at: nothing is appended once it is closed.
        let isEnding = isEnding()
        let now = MonotonicTime.now
        let published = journal.published()
        if published.accepted != lastAccepted { (lastAccepted, lastEvent) = (published.accepted, now) }
        outbox.update(published)
        let safe = canReadWatermark ? applied : outbox.sent
        for segment in outbox.releasable(applied: safe, makingRoom: journal.isNearlyFull) { journal.release(segment) }
        journal.prepare()
        if let notice = journal.takeNotice() { notices.tell(notice) }
        let interval = isAwaited ? Self.awaitedWatermarkInterval : Self.watermarkInterval
        return SenderMachine.Work(
            hasEvents: outbox.hasEvents,
            isWatermarkDue: canReadWatermark && applied < outbox.sent && now >= lastWatermark + interval,
            isEnding: isEnding, endsWhenSent: endsWhenSent)
    }

    mutating func connect() {
        let journal = journal
        let isEnding = isEnding
        do {
            connection = try RedisConnection.open(to: elsewhere ?? url, name: "hypero-\(producer.text)") {
                // The training goes on meanwhile, and needs the next segment in time.
                journal.prepare()
                return !isEnding()
            }
            machine.connected()
            canReadWatermark = true
        } catch {
            failed(error)
        }
    }

    /// Sends a batch and waits for its replies.
    ///
    /// XADD answers the entry's id. An error reply leaves its event to be sent again; without a reply, because the
    /// connection broke, it is not known whether the event is in the stream, and it is sent again under the same number.
    mutating func send() {
        guard connection != nil else { return failed(Self.unconnected) }
        writer.removeAll()
        outbox.nextBatch { record in
            renderer.render(record, into: &writer)
            return writer.count >= Self.batchBytes || writer.commands >= Self.batchEvents
        }
        var answered = 0
        var refused: [Int] = []
        var failure: RedisError?
        do {
            try connection?.send(writer)
            while answered < writer.commands {
                if let error = try connection?.receive().error {
                    refused.append(answered)
                    failure = failure ?? error
                }
                answered += 1
            }
        } catch {
            failure = error
        }
        outbox.finishBatch(answered: answered, refused: refused)
        if let failure {
            failed(failure)
        } else {
            machine.succeeded()
            notices.isWell("Redis at \(elsewhere ?? url) takes events again")
        }
    }

    /// `HGET {hypero}:producer:<id> seq` answers the highest number applied, or null before the first is, and `missing`
    /// the numbers below it that are not, or null. All below the first of those is applied. Two commands, because an
    /// account may have the right to HGET only; in this order, since what is missing can only be found again.
    ///
    /// An error that is neither passing nor of the connection means that this account or key has no watermark to give.
    mutating func readWatermark() {
        guard connection != nil else { return failed(Self.unconnected) }
        lastWatermark = .now
        writer.removeAll()
        let key = keyspace.producer(producer)
        writer.command("HGET", key, ProducerField.seq)
        writer.command("HGET", key, ProducerField.missing)
        do {
            try connection?.send(writer)
            var seq = try connection?.receive()
            let highest = Result { () throws(RedisError) in try seq?.string().flatMap { UInt64($0) } }
            // Both replies are taken in any case, or the second would answer the next command.
            var missing = try connection?.receive()
            guard let highest = try highest.get() else { return }
            let firstMissing = try missing?.string()?.prefix { $0 != " " && $0 != "-" }
            let contiguous = firstMissing.flatMap { UInt64($0) }.map { min(highest, max($0, 1) - 1) } ?? highest
            applied = max(applied, min(contiguous, lastAccepted))
        } catch {
            switch error.class {
            case .denied, .refused: canReadWatermark = false
            case .passing, .moved, .readOnly, .broken: failed(error)
            }
        }
    }

    /// Says what is left behind, or removes the files when nothing is; the journal's memory is given back.
    mutating func end() {
        connection = nil
        let left = lastAccepted - outbox.sent
        if left > 0 { notices.tell("\(left) events were not sent; \(Self.place(of: outbox.held, in: journal.path))") }
        journal.end(removing: left > 0 ? [] : outbox.held, keepsFiles: left > 0)
    }

    private static func place(of segments: [Segment], in folder: String?) -> String {
        let files = segments.count { $0.path != nil }
        guard files > 0, let folder else { return "they were in memory and are lost" }
        return files == segments.count
            ? "they stay in \(folder)" : "those in files stay in \(folder), those in memory are lost"
    }

    private mutating func failed(_ error: RedisError) {
        var next: RedisURL?
        if case .moved(let host, let port) = error.class {
            next = (elsewhere ?? url).moved(toHost: host, port: port)
        } else if !isEnding() {
            // Else it was we who gave up, and that is no trouble with Redis.
            notices.trouble("\(error.description); events are kept in the journal and sent later", now: .now)
        }
        let draw = Double.random(in: 0..<1, using: &generator)
        guard machine.failed(error.class, now: .now, draw: draw) else { return }
        connection = nil
        elsewhere = next
    }

    private static var unconnected: RedisError { RedisError(.broken, "there is no connection") }
}
