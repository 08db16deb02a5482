import HyperoRedis
import HyperoCore
import TestSupport
import Testing

@testable import Hypero

@Suite("How far the ingest is, as the client sees it", .serialized)
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

    private func isApplied(within limit: Duration = .seconds(60)) -> Bool {
        client.flush(until: .applied, deadline: .now + limit)
    }

    /// Whether the counter gets there while somebody waits for more.
    private func isSeen(applied: UInt64) -> Bool {
        eventually(within: .seconds(60)) { !isApplied(within: .milliseconds(20)) && client.counters.applied == applied }
    }

    @Test("All is applied once the watermark says so")
    func applied() {
        #expect(!isApplied(within: .milliseconds(50)))
        server.cli("HSET", key, "seq", "9")
        #expect(isSeen(applied: 9))
        server.cli("HSET", key, "seq", "10")
        #expect(isApplied())
        #expect(client.counters.applied == 10)
        #expect(client.counters.released == 0)
    }

    @Test("What is missing below the watermark is not applied")
    func missing() {
        server.cli("HSET", key, "seq", "10", "missing", "4-5 8")
        #expect(isSeen(applied: 3))
        server.cli("HSET", key, "missing", "8")
        #expect(isSeen(applied: 7))
        server.cli("HDEL", key, "missing")
        #expect(isApplied())
    }

    @Test("An outage after all was sent does not keep the watermark away")
    func afterOutage() throws {
        server.kill()
        #expect(!isApplied(within: .milliseconds(300)))
        try server.restart()
        server.cli("HSET", key, "seq", "10")
        #expect(isApplied())
    }

    @Test(
        "A hash that makes no sense is no watermark, and does not keep events away",
        arguments: [
            ["SET", "KEY", "x"], ["HSET", "KEY", "seq", "many"], ["HSET", "KEY", "seq", "-1"],
            ["HSET", "KEY", "seq", ""],
            ["HSET", "KEY", "seq", "99999999999999999999999"], ["HSET", "KEY", "seq", "10", "missing", "0"],
            ["HSET", "KEY", "seq", "10", "missing", "1"],
        ])
    func nonsense(command: [String]) throws {
        server.cli(command.map { $0 == "KEY" ? key : $0 })
        #expect(!isApplied(within: .milliseconds(200)))
        #expect(client.counters.applied == 0)
        let experiment = Hypero(client).battery("b").experiment()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(try server.seqs() == Array(1...13))
    }

    @Test("A watermark beyond what was logged counts as all")
    func beyond() {
        server.cli("HSET", key, "seq", "1000000")
        #expect(isApplied())
        #expect(client.counters.applied == 10)
    }
}
