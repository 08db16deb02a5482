import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("The producer's key in Redis", .serialized)
struct ProducerKeyTests {
    private let server: RedisServer
    private let fixture: ClientFixture

    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
    }

    /// Creates a client whose ten events are sent, and durable as soon as they are applied.
    private func client(_ keyLifetime: KeyLifetime = KeyLifetime()) throws -> (Client, Experiment) {
        let client = try fixture.client(server.url) {
            $0.durabilityWindow = .zero
            $0.keyLifetime = keyLifetime
        }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<8 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        return (client, experiment)
    }

    private func set(_ client: Client, _ fields: String...) {
        server.cli(["HSET", "{hypero}:producer:\(client.producer.text)"] + fields)
    }

    private func flush(_ client: Client, until confirmation: Hypero.Confirmation = .applied) -> Bool {
        client.flush(until: confirmation, deadline: .now + .seconds(60))
    }

    @Test func `Durable events that only a young key lacks are not sent again`() throws {
        let (client, experiment) = try client(KeyLifetime(duration: .zero, renewalInterval: .seconds(86_400)))
        set(client, "seq", "10")
        #expect(flush(client))
        experiment.finish()
        #expect(flush(client, until: .sent))
        // The ingest has applied the event after the key had expired.
        set(client, "seq", "11", "missing", "1-10")
        #expect(flush(client))
        #expect(client.counters.applied == 11)
        #expect(client.close(timeout: .seconds(60)))
        #expect(try server.seqs() == Array(1...11))
    }

    @Test func `Durable events are not sent again while an expired key is not written yet`() throws {
        let (client, experiment) = try client(KeyLifetime(duration: .zero, renewalInterval: .seconds(86_400)))
        set(client, "seq", "10")
        #expect(flush(client))
        server.cli("DEL", "{hypero}:producer:\(client.producer.text)")
        experiment.finish()
        #expect(flush(client, until: .sent))
        #expect(!client.flush(until: .applied, deadline: .now + .milliseconds(200)))
        #expect(client.counters.applied == 10)
        set(client, "seq", "11", "missing", "1-10")
        #expect(flush(client))
        #expect(try server.seqs() == Array(1...11))
    }

    @Test func `Durable events are sent again if a key that cannot have expired is lost`() throws {
        let (client, experiment) = try client()
        set(client, "seq", "10")
        #expect(flush(client))
        server.cli("FLUSHALL")
        experiment.finish()
        #expect(eventually(within: .seconds(60)) { Set((try? server.seqs()) ?? []) == Set(1...11) })
    }

    @Test func `An idle client renews its key`() throws {
        let (client, _) = try client(KeyLifetime(renewalInterval: .milliseconds(50)))
        set(client, "seq", "10")
        #expect(flush(client))
        server.cli("PEXPIRE", "{hypero}:producer:\(client.producer.text)", "600000")
        #expect(
            eventually(within: .seconds(60)) {
                Int(server.cli("TTL", "{hypero}:producer:\(client.producer.text)")) ?? 0 > 29 * 86_400
            })
        #expect(fixture.recorder.notices == [])
    }

    @Test func `A client without permission to renew its key says nothing and continues`() throws {
        server.cli("ACL", "SETUSER", "default", "-pexpire")
        let (client, experiment) = try client(KeyLifetime(renewalInterval: .milliseconds(20)))
        set(client, "seq", "10")
        #expect(flush(client))
        #expect(eventually(within: .seconds(60)) { server.cli("INFO", "errorstats").contains("NOPERM:count") })
        experiment.finish()
        #expect(flush(client, until: .sent))
        #expect(fixture.recorder.notices.filter { !$0.contains("not ranked") } == [])
    }

    @Test func `The key is renewed once per interval, also while the machine is suspended`() {
        func at(_ days: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: days * 86_400 * 1_000_000_000) }
        var lifetime = KeyLifetime()
        // A key that was never seen cannot be renewed, and has not expired.
        #expect(!lifetime.isDue(at: at(100)) && !lifetime.hasExpired(at: at(100)))
        lifetime.renew(at: at(100))
        #expect(!lifetime.isDue(at: at(100)))
        #expect(lifetime.isDue(at: at(101)))
        #expect(!lifetime.hasExpired(at: at(129)))
        #expect(lifetime.hasExpired(at: at(130)))
    }

    @Test func `flush until applied returns false if an event became a dead letter, and the user is told once`() throws
    {
        let (client, experiment) = try client()
        set(client, "dead", "2", "seq", "10")
        let start = MonotonicTime.now
        #expect(!flush(client))
        // Not by its deadline: all events are processed.
        #expect(.now - start < .seconds(60))
        #expect(client.counters.dead == 2)
        #expect(client.counters.applied == 10)
        experiment.finish()
        set(client, "dead", "3", "seq", "11")
        #expect(eventually(within: .seconds(60)) { !flush(client) && client.counters.dead == 3 })
        #expect(fixture.recorder.count(containing: "became dead letters") == 1)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(client.close(timeout: .seconds(60)))
    }

    @Test(arguments: [
        (true, 20, 40, 20), (true, 40, 20, -20), (true, 1_700_000_000, 40, 40 - 1_700_000_000),
        // After a restart, at least the time since boot has passed, whatever the clock says.
        (false, 20, 40, 40), (false, 1_700_000_000, 5, 5), (false, 0, 5, 5),
    ])
    func `The age of a watermark in an orphaned journal does not depend on the wall clock`(
        hasSameBoot: Bool, since: Int64, now: Int64, age: Int64
    ) {
        let stored = SegmentHeader.Progress.Applied(
            seq: 1, since: MonotonicTime(nanoseconds: since * 1_000_000_000))
        #expect(
            stored.lowestAge(hasSameBoot: hasSameBoot, now: MonotonicTime(nanoseconds: now * 1_000_000_000))
                == .seconds(age))
    }

    @Test func `Idle clients with a key to renew connect, and send events first`() {
        var machine = SenderMachine()
        let now = MonotonicTime(nanoseconds: 0)
        var work = SenderMachine.Work(
            hasEvents: false, isWatermarkDue: false, isRenewalDue: true, isEnding: false, endsWhenSent: false)
        #expect(machine.next(work, now: now) == .connect)
        machine.connected()
        machine.caughtUp()
        #expect(machine.next(work, now: now) == .renewKey)
        work.hasEvents = true
        #expect(machine.next(work, now: now) == .send)
        work.isWatermarkDue = true
        #expect(machine.next(work, now: now) == .readWatermark)
    }
}
