import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("A server that has lost everything", .serialized)
struct RestorationTests {
    private let server: RedisServer
    private let fixture: ClientFixture
    private let client: Client
    private let experiment: Experiment
    private var key: String { "{hypero}:producer:\(client.producer.text)" }

    /// Creates a client with two experiments whose first segments are removed, because their events are durable.
    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
        client = try fixture.client(server.url) {
            $0.durabilityWindow = .zero
            $0.segmentSize = 16 << 10
        }
        let battery = Hypero(client).battery("b")
        let ended = battery.experiment()
        ended.insertHP("lr", 9)
        ended.log(epoch: 1, valid: 1)
        ended.finish()
        experiment = battery.experiment()
        experiment.insertHP("lr", 1)
        experiment.insertHP("lr", 2)
        experiment.updateMeta("commit", "4f2a91c")
        for epoch in 0..<2_000 { experiment.log(epoch: epoch, valid: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", key, "seq", "\(client.counters.accepted)")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        #expect(eventually(within: .seconds(60)) { fixture.segments.count <= 2 })
    }

    /// Waits for the second after which a client looks before it sends events.
    private func waitUntilCheckIsDue() {
        let start = MonotonicTime.now
        #expect(eventually(within: .seconds(60)) { .now > start + .milliseconds(1_001) })
    }

    /// Logs an event, and returns the entries once it is sent.
    private func entriesAfterEvent() throws -> [DecodedEntry] {
        experiment.log(epoch: 5_000, valid: 2)
        #expect(eventually(within: .seconds(60)) { (try? server.entries().last?.seq) == client.counters.accepted })
        return try server.entries()
    }

    @Test(arguments: ["FLUSHALL", "RESTART"])
    func `gets the battery and the open experiments again before any row, under their own numbers`(cause: String) throws
    {
        if cause == "FLUSHALL" {
            server.cli("FLUSHALL")
            waitUntilCheckIsDue()
        } else {
            server.kill()
            try server.restart()
        }
        let entries = try entriesAfterEvent()
        let seqs = try entries.map { try #require($0.seq) }
        #expect(seqs == seqs.sorted() && Set(seqs).count == seqs.count)
        let first = entries.prefix { $0.event?.body.kind != .epoch }.compactMap(\.event)
        try #require(first.map(\.body.kind) == [.battery, .start, .param, .meta])
        #expect(first[2].body == .param([Event.Entry(name: "lr", value: "2")]))
        #expect(first.dropFirst().allSatisfy { $0.experiment?.text == experiment.id })
        #expect(first.compactMap(\.origin?.seq) == [1, 7, 9, 10])
        #expect(fixture.recorder.count(containing: "events lost by Redis") == 1)

        // The ingest has applied what was sent. The rows that were removed from the journal are not in the indexes.
        server.cli("HSET", key, "seq", "\(client.counters.accepted)", "missing", "2-6 8 11-\(seqs[4] - 1)")
        #expect(!client.flush(until: .applied, deadline: MonotonicTime(nanoseconds: .max)))
        #expect(client.counters.applied == client.counters.accepted)
        #expect(try server.entries().count == entries.count)
    }

    @Test func `which an ingest has seen first at a later event gets them too`() throws {
        // The server was wiped, and the ingest applied the event before the client saw the loss.
        let accepted = client.counters.accepted
        server.cli("DEL", "{hypero}:events")
        server.cli("HSET", key, "missing", "1-\(accepted - 1)")
        _ = try entriesAfterEvent()
        #expect(
            eventually(within: .seconds(60)) {
                (try? server.entries().contains { $0.event?.body.kind == .battery }) == true
            })
    }

    @Test func `gets them once per connection from an account that may not read`() throws {
        server.cli("ACL", "SETUSER", "default", "-hget", "-xrange")
        server.cli("CLIENT", "KILL", "TYPE", "normal")
        experiment.log(epoch: 5_000, valid: 2)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("ACL", "SETUSER", "default", "+@all")
        let counts = try server.entries().count { $0.event?.body.kind == .meta }
        #expect(counts == 2)
    }

    @Test func `gets very many copies between removed rows only once, although the ingest counts them as missing`()
        throws
    {
        // More ranges than an ingest keeps apart.
        for index in 0..<100 {
            experiment.insertHP("p\(index)", index)
            experiment.log(epoch: 10_000 + index, valid: 1)
        }
        for epoch in 20_000..<22_000 { experiment.log(epoch: epoch, valid: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", key, "seq", "\(client.counters.accepted)")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        #expect(eventually(within: .seconds(60)) { fixture.segments.count <= 2 })
        server.cli("FLUSHALL")
        waitUntilCheckIsDue()
        let seqs = try entriesAfterEvent().compactMap(\.seq)

        // As an ingest does after these entries: it merges the last ranges to one, which contains copies.
        var missing: [ClosedRange<UInt64>] = []
        var next: UInt64 = 1
        for seq in seqs {
            if seq > next { missing.append(next...seq - 1) }
            next = seq + 1
        }
        try #require(missing.count > 64)
        missing.replaceSubrange(63..., with: [missing[63].lowerBound...(missing.last?.upperBound ?? 0)])
        let accepted = client.counters.accepted
        server.cli("HSET", key, "seq", "\(accepted)", "missing", SequenceRanges.text(of: missing))
        #expect(eventually(within: .seconds(20)) { client.counters.applied == accepted })
        #expect(try server.entries().compactMap(\.seq) == seqs)
    }

    @Test func `An experiment that has ended is forgotten once its end is durable`() throws {
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", key, "seq", "\(client.counters.accepted)")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        server.cli("FLUSHALL")
        waitUntilCheckIsDue()
        Hypero(client).battery("c").experiment().finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(eventually(within: .seconds(60)) { (try? server.entries().last?.seq) == client.counters.accepted })
        let entries = try server.entries().compactMap(\.event)
        #expect(!entries.contains { $0.body.kind == .meta })
        #expect(entries.first?.body.kind == .battery)
    }
}

@Suite("The copies of the records of open experiments")
struct RestorationCopyTests {
    private let fixture: ClientFixture
    private let client: Client
    private let battery: Battery

    init() throws {
        fixture = try ClientFixture()
        client = try fixture.client()
        battery = Hypero(client).battery("b")
    }

    /// Returns the kinds of the copies after the records of the client's journal.
    ///
    /// - Parameter forgetsEnded: true if the last record is durable.
    private func kinds(forgetsEnded: Bool) -> [RecordKind] {
        var restoration = Restoration()
        JournalFixture.forEachRecord(in: client.journal.withLock { client.journal.currentPiece }) {
            restoration.read($0)
        }
        if forgetsEnded { restoration.forgetEnded(through: client.counters.accepted) }
        return withExtendedLifetime(restoration) { $0.records(after: 0).map(\.kind) }
    }

    @Test func `Names that differ only in their normalization form are kept apart`() {
        let experiment = battery.experiment()
        experiment.insertHP("caf\u{E9}", 1)
        experiment.insertHP("cafe\u{301}", 2)
        experiment.insertHP("\u{301}x", 3)
        #expect(kinds(forgetsEnded: false) == [.battery, .start, .param, .param, .param])
    }

    @Test func `An experiment that is resumed after its end is not forgotten once the end is durable`() {
        battery.experiment(resuming: "a-1").fail("x")
        #expect(kinds(forgetsEnded: true) == [.battery])
        let experiment = battery.experiment(resuming: "a-1")
        experiment.insertHP("lr", 1)
        #expect(kinds(forgetsEnded: true) == [.battery, .start, .param])
    }
}

@Suite("Signs of life")
struct AliveTests {
    @Test func `A process with an open experiment shows that it lives, outside of its numbered events`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url) { $0.aliveInterval = .milliseconds(20) }
        let experiment = Hypero(client).battery("b").experiment()
        experiment.log(epoch: 1, valid: 1)
        #expect(
            eventually(within: .seconds(60)) {
                (try? server.entries().count { $0.event?.body == .alive(client.producer) }) ?? 0 >= 3
            })
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        let entries = try server.entries()
        #expect(entries.compactMap(\.seq) == [1, 2, 3, 4])
        let alive = try #require(entries.first { $0.event?.body.kind == .alive })
        #expect(alive.fields.map { $0[0] } == ["event", "producer", "time"])
        #expect(client.counters.accepted == 4)
        #expect(client.close(timeout: .seconds(60)))
        #expect(try server.entries().last?.event?.body.kind == .end)
    }

    @Test func `A sign of life needs a connection, and waits for events, the watermark and the key`() {
        var machine = SenderMachine()
        let now = MonotonicTime(nanoseconds: 0)
        var work = SenderMachine.Work(
            hasEvents: false, isWatermarkDue: false, isAliveDue: true, isEnding: false, endsWhenSent: false)
        #expect(machine.next(work, now: now) == .connect)
        machine.connected()
        machine.caughtUp()
        #expect(machine.next(work, now: now) == .sendAlive)
        work.isRenewalDue = true
        #expect(machine.next(work, now: now) == .renewKey)
        work.hasEvents = true
        #expect(machine.next(work, now: now) == .send)
    }
}
