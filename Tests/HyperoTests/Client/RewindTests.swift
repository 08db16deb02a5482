import Foundation
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("A server that forgets what it had acknowledged gets it again", .serialized)
struct RewindTests {
    private let server: RedisServer
    private let bench: ClientFixture
    private let client: Client
    private let experiment: Experiment
    private var key: String { "{hypero}:producer:\(client.producer.text)" }

    init() throws {
        server = try RedisServer(appendOnly: false)
        bench = try ClientFixture()
        client = try bench.client(server.url)
        experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<98 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
    }

    private func finish() throws -> [UInt64] {
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        return try server.seqs()
    }

    private func breakConnection() {
        server.cli("CLIENT", "KILL", "TYPE", "normal")
    }

    @Test("Only the connection broke: nothing goes twice")
    func connectionOnly() throws {
        breakConnection()
        #expect(try finish() == Array(1...101))
    }

    @Test("The end is lost: all behind the watermark, before anything new")
    func lostEnd() throws {
        server.cli("HSET", key, "seq", "60")
        // The last 30 entries go, as with a tail of the append-only file.
        for line in server.cli("XREVRANGE", "{hypero}:events", "+", "-", "COUNT", "30").split(separator: "\n")
        where line.contains("-") && line.allSatisfy({ $0.isNumber || $0 == "-" }) {
            server.cli("XDEL", "{hypero}:events", String(line))
        }
        #expect(try server.seqs() == Array(1...70))
        breakConnection()
        #expect(try finish() == Array(1...70) + Array(61...101))
    }

    @Test("All is lost: all that the journal still has", arguments: ["CLIENT KILL", "FLUSHALL", "RESTART"])
    func lostAll(how: String) throws {
        switch how {
        case "CLIENT KILL":
            server.cli("DEL", "{hypero}:events")
            breakConnection()
        case "FLUSHALL":
            // On a connection that lives: seen by the watermark alone, which was there and is gone.
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

    @Test("An account that may not read sends again what was acknowledged lately")
    func writeOnly() throws {
        server.cli("ACL", "SETUSER", "default", "-hget", "-xrange")
        breakConnection()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("ACL", "SETUSER", "default", "+@all")
        #expect(try server.seqs() == Array(1...100) + Array(1...101))
        #expect(bench.board.count(containing: "NOPERM") == 0)
    }

    @Test("The stream is emptied while nothing breaks and nobody says anything more: it is sent again")
    func emptied() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url) { $0.durabilityWindow = .milliseconds(500) }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<98 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "50")
        server.cli("DEL", "{hypero}:events")
        #expect(eventually(within: .seconds(60)) { (try? server.seqs()) == Array(51...100) })
        // And not again as long as it is there.
        #expect(!client.flush(until: .applied, deadline: .now + .seconds(3)))
        #expect(try server.seqs() == Array(51...100))
    }

    @Test("An error in the middle of the first questions leaves no reply for the next command")
    func outOfStep() throws {
        // The account may not look at the stream; and Redis loads for a while.
        let server = try RedisServer(configuration: [
            "key-load-delay 200", "loading-process-events-interval-bytes 1024",
            "user default on nopass ~* &* +@all -xrange",
        ])
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
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

    @Test("A training that has nothing more to say notices too, while what it said is fresh")
    func idle() throws {
        server.cli("HSET", key, "seq", "100")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        server.kill()
        try server.restart()
        #expect(eventually(within: .seconds(60)) { server.cli("XLEN", "{hypero}:events") == "100" })
        #expect(client.counters.applied == 0)
    }

    @Test("A stream that somebody emptied: what never came is sent again when the ingest is through with the rest")
    func holes() throws {
        server.cli("DEL", "{hypero}:events")
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", key, "seq", "101", "missing", "41-100")
        #expect(eventually(within: .seconds(60)) { (try? server.seqs()) == Array([101] + Array(41...101)) })
    }

    @Test("What was applied when Redis was last asked is kept until it says so again, however long it is away")
    func awayWhileSettling() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url) { $0.durabilityWindow = .milliseconds(300) }
        let experiment = Hypero(client).battery("b").experiment()
        experiment.log(epoch: 1, train: 1)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "3")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        // Longer than it takes to settle; and what was applied is gone when it is back.
        server.kill()
        let killed = ContinuousClock.now
        #expect(eventually(within: .seconds(60)) { ContinuousClock.now - killed > .milliseconds(900) })
        #expect(client.close(timeout: .seconds(60)))
        #expect(bench.journals == [client.producer.text])
        try server.restart()
        let next = try bench.client(server.url)
        #expect(eventually(within: .seconds(60)) { (try? server.seqs()) == [1, 2, 3] })
        #expect(next.close(timeout: .seconds(60)))
    }
}
