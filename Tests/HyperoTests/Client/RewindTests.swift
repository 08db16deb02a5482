import Foundation
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("Resending after data loss", .serialized)
struct RewindTests {
    private let server: RedisServer
    private let fixture: ClientFixture
    private let client: Client
    private let experiment: Experiment
    private var key: String { "{hypero}:producer:\(client.producer.text)" }

    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
        client = try fixture.client(server.url)
        experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<98 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
    }

    /// Ends the experiment, and returns the sequence numbers in the stream after all events are sent.
    private func finish() throws -> [UInt64] {
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        return try server.seqs()
    }

    private func breakConnection() {
        server.cli("CLIENT", "KILL", "TYPE", "normal")
    }

    @Test func `A broken connection alone causes no event to be resent`() throws {
        breakConnection()
        #expect(try finish() == Array(1...101))
    }

    @Test func `Events after the watermark are resent before new ones if the end of the stream is lost`() throws {
        server.cli("HSET", key, "seq", "60")
        // Deletes the last 30 entries, as a loss of the end of the append-only file does.
        for line in server.cli("XREVRANGE", "{hypero}:events", "+", "-", "COUNT", "30").split(separator: "\n")
        where line.contains("-") && line.allSatisfy({ $0.isNumber || $0 == "-" }) {
            server.cli("XDEL", "{hypero}:events", String(line))
        }
        #expect(try server.seqs() == Array(1...70))
        breakConnection()
        #expect(try finish() == Array(1...70) + Array(61...101))
    }

    @Test(arguments: ["CLIENT KILL", "FLUSHALL", "RESTART"])
    func `Every event that the journal still has is resent if the whole stream is lost`(cause: String) throws {
        switch cause {
        case "CLIENT KILL":
            server.cli("DEL", "{hypero}:events")
            breakConnection()
        case "FLUSHALL":
            // The connection stays open, so only the missing watermark reveals the loss.
            server.cli("HSET", key, "seq", "100")
            #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
            server.cli("FLUSHALL")
            #expect(eventually(within: .seconds(60)) { server.cli("XLEN", "{hypero}:events") == "100" })
        default:
            server.kill()
            try server.restart()
        }
        #expect(try finish() == Array(1...101))
    }

    @Test func `A client without read permission resends recently acknowledged events after a reconnection`() throws {
        server.cli("ACL", "SETUSER", "default", "-hget", "-xrange")
        breakConnection()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("ACL", "SETUSER", "default", "+@all")
        #expect(try server.seqs() == Array(1...100) + Array(1...101))
        #expect(fixture.recorder.count(containing: "NOPERM") == 0)
    }

    @Test func `Events of a deleted stream are resent without a reconnection and without new events`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url) { $0.durabilityWindow = .milliseconds(500) }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<98 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "50")
        server.cli("DEL", "{hypero}:events")
        #expect(eventually(within: .seconds(60)) { (try? server.seqs()) == Array(51...100) })
        // The events are not resent while the stream holds them.
        #expect(!client.flush(until: .applied, deadline: .now + .seconds(3)))
        #expect(try server.seqs() == Array(51...100))
    }

    @Test func `A server that forgot the declaration before anything was seen applied gets it again at once`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        // Too long for the test: the events are not sent again because they stay missing.
        let client = try fixture.client(server.url) { $0.durabilityWindow = .seconds(3_600) }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<8 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("FLUSHALL")
        for epoch in 8..<18 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        // As the ingest writes it: the rows of an undeclared battery are dead letters.
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "20", "missing", "1-10", "dead", "10")
        #expect(eventually(within: .seconds(60)) { (try? server.seqs().suffix(20)) == Array(1...20) })
    }

    @Test func `An error during catch-up leaves no unread reply on the connection`() throws {
        // XRANGE is denied, and the restarted server answers LOADING for a while.
        let server = try RedisServer(configuration: [
            "key-load-delay 200", "loading-process-events-interval-bytes 1024",
            "user default on nopass ~* &* +@all -xrange",
        ])
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<5_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.kill()
        try server.restart()
        for epoch in 5_000..<8_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.close(timeout: .seconds(120)))
        #expect(client.counters.sent == 8_002)
        server.cli("ACL", "SETUSER", "default", "+xrange")
        #expect(Set(try server.seqs()) == Set(1...8_002))
    }

    @Test func `An idle client resends recent events that a server lost in a restart`() throws {
        server.cli("HSET", key, "seq", "100")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        server.kill()
        try server.restart()
        #expect(eventually(within: .seconds(60)) { server.cli("XLEN", "{hypero}:events") == "100" })
        #expect(client.counters.applied == 0)
    }

    @Test func `Events missing below the watermark are resent after the ingest has passed them`() throws {
        server.cli("DEL", "{hypero}:events")
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", key, "seq", "101", "missing", "41-100")
        #expect(eventually(within: .seconds(60)) { (try? server.seqs()) == Array([101] + Array(41...101)) })
    }

    @Test func `Events missing below the watermark are resent although the training keeps logging`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url) { $0.durabilityWindow = .milliseconds(300) }
        let key = "{hypero}:producer:\(client.producer.text)"
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<98 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("DEL", "{hypero}:events")
        var epoch = 98
        // The ingest passes each new event and never had those before.
        #expect(
            eventually(within: .seconds(60)) {
                experiment.log(epoch: epoch, train: 1)
                epoch += 1
                guard client.flush(until: .sent, deadline: .now + .seconds(60)) else { return false }
                server.cli("HSET", key, "seq", String(client.counters.accepted), "missing", "41-100")
                let seqs = Set((try? server.seqs()) ?? [])
                return seqs.isSuperset(of: 41...100)
            })
    }

    @Test func `Applied events are kept as long as Redis is unreachable`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url) { $0.durabilityWindow = .milliseconds(300) }
        let experiment = Hypero(client).battery("b").experiment()
        experiment.log(epoch: 1, train: 1)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "3")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        // The outage is longer than the durability window, and the restarted server has lost the applied events.
        server.kill()
        let killed = ContinuousClock.now
        #expect(eventually(within: .seconds(60)) { ContinuousClock.now - killed > .milliseconds(900) })
        #expect(client.close(timeout: .seconds(60)))
        #expect(fixture.journals == [client.producer.text])
        try server.restart()
        let next = try fixture.client(server.url)
        #expect(eventually(within: .seconds(60)) { (try? server.seqs()) == [1, 2, 3] })
        #expect(next.close(timeout: .seconds(60)))
    }
}
