import Hypero
import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// The programs with the addresses of a primary and its replica, of which the replica becomes the primary.
@Suite("Promotions")
struct PromotionTests {
    @Test(arguments: [false, true])
    func `Client, ingest and query follow a promotion to another address`(isKilled: Bool) throws {
        let fixture = try NetworkFixture()
        let primary = fixture.server
        let replica = try RedisServer(tcp: true)
        try replica.follow(primary)
        let url = "redis://127.0.0.1:\(primary.port ?? 0),127.0.0.1:\(replica.port ?? 0)"
        let ingest = try fixture.ingest(at: url)
        defer { ingest.kill() }
        let hypero = try fixture.client(url: url)
        let experiment = hypero.battery("promotions").experiment()
        experiment.logRows(0..<500)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))

        if isKilled { primary.kill() }
        #expect(replica.cli("REPLICAOF", "NO", "ONE") == "OK")
        if !isKilled { primary.cli("REPLICAOF", "127.0.0.1", "\(replica.port ?? 0)") }
        experiment.logRows(500..<1_000)
        experiment.finish()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        #expect(try fixture.missingNumbers(through: hypero.counters.accepted, on: replica) == [])
        try fixture.expectIndexesMatchModel(on: replica)
        // A query may read from the replica, which follows a moment later.
        var rank: ChildProcess.Outcome?
        #expect(
            eventually(within: NetworkFixture.timeout) {
                rank = try? ChildProcess.run(
                    "hypero-query", ["rank", "promotions", "--redis", url], within: .seconds(60))
                return rank?.stdout.contains("999") == true
            }, "\(String(describing: rank))")
    }

    @Test func `status warns of a list of servers with two primaries`() throws {
        let primary = try RedisServer(appendOnly: false, tcp: true)
        let other = try RedisServer(appendOnly: false, tcp: true)
        let ports = [primary, other].map { $0.port ?? 0 }
        let url = "redis://127.0.0.1:\(ports[0]),127.0.0.1:\(ports[1])"
        func warnings(_ url: String) throws -> [String] {
            try Store(url).status().warnings.filter { $0.contains("is a primary, and so is") }
        }
        let found = try warnings(url)
        #expect(
            found.count == 1 && found.allSatisfy { $0.contains(":\(ports[0]) ") && $0.contains(":\(ports[1]):") },
            "\(found)")
        // Servers that do not answer, before and between the two.
        let silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
        let dead = "127.0.0.1:\(silent.port ?? 0)"
        #expect(
            try warnings(
                "redis://\(dead),\(dead),\(dead),127.0.0.1:\(ports[0]),\(dead),127.0.0.1:\(ports[1])"
            ).count == 1)
        // One server under two addresses, and a replica.
        #expect(try warnings("redis://127.0.0.1:\(ports[0]),localhost:\(ports[0])").isEmpty)
        try other.follow(primary)
        #expect(try warnings(url).isEmpty)
    }

    @Test func `A journal that names one of several addresses is sent by a client with another list of them`() throws {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let port = try SocketAddress.freePort()
        let dead = "127.0.0.1:\(port)"
        let hypero = try fixture.client(url: "redis://\(dead)")
        hypero.battery("promotions").experiment().finish()
        hypero.close(timeout: .zero)
        fixture.waitUntilJournalsAreUnlocked()
        let adoption = try ChildProcess.run(
            "hypero-ingest",
            [
                "adopt", "--journal", fixture.journal, "--redis",
                "redis://\(dead),127.0.0.1:\(fixture.server.port ?? 0)",
                "--settle", "0.1",
            ],
            within: .seconds(120))
        #expect(adoption.ending == .exited(0), "\(adoption.stdout)\(adoption.stderr)")
        #expect(adoption.stdout.contains("1 journal sent and removed"))
    }
}
