import Glibc
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("Whatever happens to Redis, what was accepted arrives")
struct OutageTests {
    private static let patience: Duration = .seconds(120)

    private static func log(_ client: Client, rows: Int) -> Experiment {
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<rows { experiment.log(epoch: epoch, train: 0.5) }
        return experiment
    }

    @Test("Never there: the script runs to its end, flush and close say no, and the journal stays")
    func never() throws {
        let bench = try ClientFixture()
        let client = try bench.client()
        let experiment = Self.log(client, rows: 5_000)
        #expect(!client.flush(until: .sent, deadline: .now + .milliseconds(50)))
        #expect(!client.flush(until: .applied, deadline: .now + .milliseconds(50)))
        #expect(!client.close(timeout: .milliseconds(200)))
        experiment.finish()
        let counters = client.counters
        #expect(counters.accepted == 5_002)
        #expect(counters.queued == 5_002)
        #expect(counters.dropped.closed == 1)
        #expect(bench.journals == [client.producer.text])
        // That nothing answers is told once, and at the end what is left and where; by the thread, in its own time.
        let folder = bench.folder.file("journal") + "/" + client.producer.text
        let last = "events not sent: 5002. They stay in \(folder), "
        #expect(eventually(within: .seconds(60)) { bench.board.sentences.last?.hasPrefix(last) == true })
        #expect(bench.board.sentences.count == 2)
    }

    @Test("There only later: everything arrives, once and in order")
    func later() throws {
        let server = try RedisServer(appendOnly: false)
        server.stop()
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        _ = Self.log(client, rows: 3_000)
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "cannot connect") == 1 })
        try server.restart()
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        #expect(try server.seqs() == Array(1...3_002))
        // While it came up, it was away in more than one way.
        #expect(bench.board.sentences.count <= 2 * 5)
        #expect(bench.board.sentences.last?.contains("accepts events again") == true)
        #expect(client.close(timeout: .seconds(30)))
    }

    @Test("Killed and started again and again while four threads log: no number is missing")
    func killed() throws {
        // With everysec, Redis puts off its write(2) for up to 2 s while an fsync is under way, and answers all the same:
        // a kill then loses what it acknowledged. What is tested here is the client.
        let server = try RedisServer(configuration: ["appendfsync always"])
        let bench = try ClientFixture()
        let client = try bench.client(server.url) { $0.segmentSize = 64 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        let crew = ThreadGroup(4) { thread in
            for epoch in 0..<3_000 {
                experiment.log(epoch: epoch, ["t\(thread)": Double(epoch)])
                if epoch % 30 == 0 { usleep(10_000) }
            }
        }
        var kills = 0
        while crew.isWorking {
            let sent = client.counters.sent
            eventually(within: .seconds(5)) { client.counters.sent > sent || !crew.isWorking }
            server.kill()
            kills += 1
            try server.restart()
        }
        #expect(kills > 0)
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        let accepted = client.counters.accepted
        #expect(accepted == 12_002)
        #expect(client.counters.dropped.total == 0)
        let missing = Set(1...accepted).subtracting(try server.seqs())
        #expect(missing.sorted() == [])
        #expect(bench.board.sentences.count <= 2 * 8)
        #expect(client.close(timeout: .seconds(30)))
    }

    @Test("Connections killed again and again: no number is missing, and few words are made of it")
    func disconnected() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        let crew = ThreadGroup(2) { _ in
            for epoch in 0..<4_000 {
                experiment.log(epoch: epoch, train: 1)
                if epoch % 40 == 0 { usleep(10_000) }
            }
        }
        while crew.isWorking { server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") }
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        #expect(Set(try server.seqs()) == Set(1...8_002))
        #expect(bench.board.sentences.count <= 2 * 8)
    }

    @Test("Stopped: flush and close keep their deadlines, and logging goes on")
    func stopped() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
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
        // The thread says so in its own time: on a loaded machine, that is after the deadline.
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "events not sent: 20000") == 1 })
        // That is our doing, and no trouble of Redis.
        #expect(bench.board.count(containing: "gave up") == 0)
    }

    @Test("Full: nothing is lost when there is memory again")
    func full() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        let experiment = Self.log(client, rows: 10)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("CONFIG", "SET", "maxmemory", "1mb")
        for epoch in 0..<2_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "OOM") == 1 })
        #expect(client.counters.queued > 0)
        server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        #expect(try server.seqs().sorted() == Array(1...2_012))
        #expect(bench.board.sentences.last?.contains("accepts events again") == true)
    }

    @Test("A replica: nothing is lost when it is the primary again")
    func readOnly() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        let experiment = Self.log(client, rows: 10)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("REPLICAOF", "127.0.0.1", "1")
        for epoch in 0..<2_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "READONLY") == 1 })
        server.cli("REPLICAOF", "NO", "ONE")
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        #expect(try server.seqs().sorted() == Array(1...2_012))
        #expect(bench.board.sentences.last?.contains("accepts events again") == true)
    }

    @Test("A stream's key of another type: nothing is lost when it is gone")
    func wrongType() throws {
        let server = try RedisServer(appendOnly: false)
        server.cli("SET", "{hypero}:events", "x")
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        _ = Self.log(client, rows: 1_500)
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "WRONGTYPE") == 1 })
        #expect(client.counters.sent == 0)
        server.cli("DEL", "{hypero}:events")
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        #expect(try server.seqs() == Array(1...1_502))
        #expect(bench.board.sentences.last?.contains("accepts events again") == true)
    }
}
