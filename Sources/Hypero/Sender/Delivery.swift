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
    private var generator = SystemRandomNumberGenerator()

    private var lastAccepted: UInt64 = 0
    private var lastEvent = MonotonicTime(nanoseconds: 0)
    private var lastWatermark = MonotonicTime(nanoseconds: 0)
    /// False for an account that may only write: then what is sent counts as safe.
    private var canReadWatermark = true

    /// What is appended to hiredis' buffer at once; more would be moved about in memory with each partial write.
    private static let batchBytes = 256 << 10
    private static let batchEvents = 1_024
    private static let watermarkInterval: Duration = .seconds(1)
    private static let awaitedWatermarkInterval: Duration = .milliseconds(2)

    init(
        journal: Journal, url: RedisURL, producer: ProducerID, keyspace: Keyspace,
        notify: @escaping @Sendable (String) -> Void
    ) {
        self.journal = journal
        self.url = url
        self.producer = producer
        self.keyspace = keyspace
        renderer = RecordRenderer(stream: keyspace.events, producer: producer.text)
        notices = Notices(notify)
    }

    /// Whether something was logged within the last second.
    var isBusy: Bool { .now < lastEvent + .seconds(1) }

    /// Takes over what was logged, sees to the journal's room, and says what there is to do.
    mutating func look(isEnding: Bool, endsWhenSent: Bool, isAwaited: Bool) -> SenderMachine.Work {
        let now = MonotonicTime.now
        let published = journal.published()
        if published.accepted != lastAccepted { (lastAccepted, lastEvent) = (published.accepted, now) }
        outbox.update(published)
        let safe = canReadWatermark ? applied : outbox.sent
        for segment in outbox.releasable(applied: safe, makingRoom: journal.isNearlyFull) { journal.release(segment) }
        journal.prepare()
        if let notice = journal.takeNotice() { notices.trouble(notice) }
        let interval = isAwaited ? Self.awaitedWatermarkInterval : Self.watermarkInterval
        return SenderMachine.Work(
            hasEvents: outbox.hasEvents,
            isWatermarkDue: canReadWatermark && applied < outbox.sent && now >= lastWatermark + interval,
            isEnding: isEnding, endsWhenSent: endsWhenSent)
    }

    /// - Parameter mayWait: asked while waiting for Redis; false gives up.
    mutating func connect(while mayWait: @escaping () -> Bool) {
        let journal = journal
        do {
            connection = try RedisConnection.open(to: elsewhere ?? url, name: "hypero-\(producer.text)") {
                // The training goes on meanwhile, and needs the next segment in time.
                journal.prepare()
                return mayWait()
            }
            machine.connected()
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

    /// `HGET {hypero}:producer:<id> seq` answers the watermark, or null before the first event is applied.
    mutating func readWatermark() {
        lastWatermark = .now
        do {
            guard var reply = try connection?.call("HGET", keyspace.producer(producer), ProducerField.seq) else {
                return
            }
            if let seq = try reply.string().flatMap(UInt64.init) { applied = max(applied, seq) }
        } catch {
            if error.class == .denied { canReadWatermark = false } else { failed(error) }
        }
    }

    /// Says what is left behind, or removes the files when nothing is.
    mutating func end() {
        connection = nil
        if outbox.hasEvents {
            let place = journal.path.map { "in \($0)" } ?? "in memory and are lost"
            notices.trouble("\(lastAccepted - outbox.sent) events were not sent; they stay \(place)")
        } else {
            journal.removeFiles(and: outbox.held)
        }
    }

    private mutating func failed(_ error: RedisError) {
        if case .moved(let host, let port) = error.class {
            elsewhere = (elsewhere ?? url).moved(toHost: host, port: port)
        } else {
            notices.trouble("\(error.description); events are kept in the journal and sent later")
            if error.class == .broken || error.class == .readOnly { elsewhere = nil }
        }
        let draw = Double.random(in: 0..<1, using: &generator)
        if machine.failed(error.class, now: .now, draw: draw) { connection = nil }
    }

    private static var unconnected: RedisError { RedisError(.broken, "there is no connection") }
}
