import Glibc
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("Outages of Redis")
struct OutageTests {
    private static let timeout: Duration = .seconds(120)

    private static func log(_ client: Client, rows: Int) -> Experiment {
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<rows { experiment.log(epoch: epoch, train: 0.5) }
        return experiment
    }

    @Test func `flush and close return false without Redis, and the journal keeps the events`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client()
        let experiment = Self.log(client, rows: 5_000)
        #expect(!client.flush(until: .sent, deadline: .now + .milliseconds(50)))
        #expect(!client.flush(until: .applied, deadline: .now + .milliseconds(50)))
        #expect(!client.close(timeout: .milliseconds(200)))
        experiment.finish()
        let counters = client.counters
        #expect(counters.accepted == 5_002)
        #expect(counters.queued == 5_002)
        #expect(counters.dropped.closed == 1)
        #expect(fixture.journals == [client.producer.text])
        // The sender reports the missing server once. It reports the unsent events at its end, after `close` has
        // returned.
        let folder = fixture.folder.file("journal") + "/" + client.producer.text
        let last = "events not sent: 5002. They stay in \(folder). "
        #expect(eventually(within: .seconds(60)) { fixture.recorder.notices.contains { $0.hasPrefix(last) } })
        #expect(fixture.recorder.count(containing: "the client is closed") == 1)
        #expect(fixture.recorder.notices.count == 3)
    }

    @Test func `Events logged before Redis starts are sent once and in order`() throws {
        let server = try RedisServer(appendOnly: false)
        server.stop()
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        _ = Self.log(client, rows: 3_000)
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "cannot connect") == 1 })
        try server.restart()
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        #expect(try server.seqs() == Array(1...3_002))
        // A starting server fails with more than one error.
        #expect(fixture.recorder.notices.count <= 2 * 5)
        #expect(fixture.recorder.notices.last?.contains("accepts events again") == true)
        #expect(client.close(timeout: .seconds(30)))
    }

    @Test func `Repeated kills of Redis during concurrent logging lose no event`() throws {
        // With everysec, Redis postpones its write(2) for up to 2 s during an fsync but still acknowledges commands, so
        // a kill loses acknowledged events. This test has no ingest, and covers only the client.
        let server = try RedisServer(configuration: ["appendfsync always"])
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url) { $0.segmentSize = 64 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        let workers = ThreadGroup(4) { thread in
            for epoch in 0..<3_000 {
                experiment.log(epoch: epoch, ["t\(thread)": Double(epoch)])
                if epoch % 30 == 0 { usleep(10_000) }
            }
        }
        var kills = 0
        while workers.isWorking {
            let sent = client.counters.sent
            eventually(within: .seconds(5)) { client.counters.sent > sent || !workers.isWorking }
            server.kill()
            kills += 1
            try server.restart()
        }
        #expect(kills > 0)
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        let accepted = client.counters.accepted
        #expect(accepted == 12_002)
        #expect(client.counters.dropped.total == 0)
        let missing = Set(1...accepted).subtracting(try server.seqs())
        #expect(missing.sorted() == [])
        #expect(fixture.recorder.notices.count <= 2 * 8)
        #expect(client.close(timeout: .seconds(30)))
    }

    @Test func `Repeatedly killed connections lose no event and cause few notices`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        let workers = ThreadGroup(2) { _ in
            for epoch in 0..<4_000 {
                experiment.log(epoch: epoch, train: 1)
                if epoch % 40 == 0 { usleep(10_000) }
            }
        }
        while workers.isWorking { server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        #expect(Set(try server.seqs()) == Set(1...8_002))
        #expect(fixture.recorder.notices.count <= 2 * 8)
    }

    @Test func `flush and close keep their deadlines while Redis hangs, and log calls are accepted`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        let experiment = Self.log(client, rows: 10)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.suspend()
        for epoch in 0..<20_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(!client.flush(until: .sent, deadline: .now + .milliseconds(100)))
        #expect(!client.flush(until: .applied, deadline: .now + .milliseconds(100)))
        #expect(!client.close(timeout: .milliseconds(300)))
        server.resume()
        #expect(client.counters.accepted == 20_012)
        #expect(client.counters.dropped.total == 0)
        // The sender thread may report this after the deadline on a loaded machine.
        #expect(
            eventually(within: .seconds(60)) { fixture.recorder.count(containing: "events not sent: 20000") == 1 })
        // The client itself cancelled the wait, so the wait is not reported as an error of Redis.
        #expect(fixture.recorder.count(containing: "cancelled while waiting") == 0)
    }

    @Test func `Events logged while Redis is out of memory are sent when memory is available`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        let experiment = Self.log(client, rows: 10)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("CONFIG", "SET", "maxmemory", "1mb")
        for epoch in 0..<2_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "OOM") == 1 })
        #expect(client.counters.queued > 0)
        server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        #expect(try server.seqs().sorted() == Array(1...2_012))
        #expect(fixture.recorder.notices.last?.contains("accepts events again") == true)
    }

    @Test func `Events logged while the server is a replica are sent when it is the primary again`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        let experiment = Self.log(client, rows: 10)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("REPLICAOF", "127.0.0.1", "1")
        for epoch in 0..<2_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "READONLY") > 0 })
        server.cli("REPLICAOF", "NO", "ONE")
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        #expect(try server.seqs().sorted() == Array(1...2_012))
        #expect(fixture.recorder.notices.last?.contains("accepts events again") == true)
    }

    @Test func `Events logged while the stream key has the wrong type are sent when the key is deleted`() throws {
        let server = try RedisServer(appendOnly: false)
        server.cli("SET", "{hypero}:events", "x")
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        _ = Self.log(client, rows: 1_500)
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "WRONGTYPE") == 1 })
        #expect(client.counters.sent == 0)
        server.cli("DEL", "{hypero}:events")
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        #expect(try server.seqs() == Array(1...1_502))
        #expect(fixture.recorder.notices.last?.contains("accepts events again") == true)
    }
}
