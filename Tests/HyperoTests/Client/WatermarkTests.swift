import HyperoRedis
import HyperoCore
import TestSupport
import Testing

@testable import Hypero

@Suite("The client's view of the watermark", .serialized)
struct WatermarkTests {
    private let server: RedisServer
    private let fixture: ClientFixture
    private let client: Client
    private var key: String { "{hypero}:producer:\(client.producer.text)" }

    init() throws {
        server = try RedisServer()
        fixture = try ClientFixture()
        client = try fixture.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<8 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
    }

    private func flushUntilApplied(within limit: Duration = .seconds(60)) -> Bool {
        client.flush(until: .applied, deadline: .now + limit)
    }

    /// Waits until the counter of applied events has the value, and `flush` still waits for further events.
    ///
    /// - Returns: false if the condition is not met within 60 s.
    private func waitUntilCounted(applied: UInt64) -> Bool {
        eventually(within: .seconds(60)) {
            !flushUntilApplied(within: .milliseconds(20)) && client.counters.applied == applied
        }
    }

    @Test func `flush until applied returns true when the watermark covers every event`() {
        #expect(!flushUntilApplied(within: .milliseconds(50)))
        server.cli("HSET", key, "seq", "9")
        #expect(waitUntilCounted(applied: 9))
        server.cli("HSET", key, "seq", "10")
        #expect(flushUntilApplied())
        #expect(client.counters.applied == 10)
        #expect(client.counters.released == 0)
    }

    @Test func `Events missing below the watermark do not count as applied`() {
        server.cli("HSET", key, "seq", "10", "missing", "4-5 8")
        #expect(waitUntilCounted(applied: 3))
        server.cli("HSET", key, "missing", "8")
        #expect(waitUntilCounted(applied: 7))
        server.cli("HDEL", key, "missing")
        #expect(flushUntilApplied())
    }

    @Test func `The watermark is read again after an outage that begins when all events are sent`() throws {
        server.kill()
        #expect(!flushUntilApplied(within: .milliseconds(300)))
        try server.restart()
        server.cli("HSET", key, "seq", "10")
        #expect(flushUntilApplied())
    }

    @Test(arguments: [
        ["SET", "KEY", "x"], ["HSET", "KEY", "seq", "many"], ["HSET", "KEY", "seq", "-1"],
        ["HSET", "KEY", "seq", ""],
        ["HSET", "KEY", "seq", "99999999999999999999999"], ["HSET", "KEY", "seq", "10", "missing", "0"],
        ["HSET", "KEY", "seq", "10", "missing", "1"],
    ])
    func `An invalid watermark counts as no watermark and does not stop the sender`(command: [String]) throws {
        server.cli(command.map { $0 == "KEY" ? key : $0 })
        #expect(!flushUntilApplied(within: .milliseconds(200)))
        #expect(client.counters.applied == 0)
        let experiment = Hypero(client).battery("b").experiment()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(try server.seqs() == Array(1...13))
    }

    @Test func `A watermark beyond the last logged event covers every event`() {
        server.cli("HSET", key, "seq", "1000000")
        #expect(flushUntilApplied())
        #expect(client.counters.applied == 10)
    }
}
