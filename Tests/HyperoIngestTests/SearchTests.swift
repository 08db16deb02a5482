import Foundation
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport
import Testing

/// Searches whose trials a real ingest grants.
@Suite struct SearchTests {
    private static let search = SearchID("s0123abcd")!

    private final class Fixture: Sendable {
        let ingest: IngestFixture
        var server: RedisServer { ingest.server }
        var keyspace: Keyspace { ingest.keyspace }

        init() throws { ingest = try IngestFixture() }

        func add(_ fields: String...) { server.cli(["XADD", keyspace.events, "*"] + fields) }

        func declare(trials: Int, attempts: Int = 3, lease: Int = 600_000) throws {
            try ingest.add([EventSequence.declaration])
            add(
                "event", "search", "battery", EventSequence.battery.text, "search", SearchTests.search.text, "trials",
                "\(trials)", "seed", "1", "attempts", "\(attempts)", "lease", "\(lease)")
        }

        func claim(_ producer: String, _ seq: Int) {
            add(
                "event", "claim", "battery", EventSequence.battery.text, "search", SearchTests.search.text, "producer",
                producer, "seq", "\(seq)")
        }

        func event(_ event: String, trial: Int, _ producer: String, _ seq: Int, _ fields: String...) {
            let common = [
                "event", event, "experiment", "\(SearchTests.search.text)-\(trial)", "battery",
                EventSequence.battery.text, "producer", producer, "seq", "\(seq)",
            ]
            server.cli(["XADD", keyspace.events, "*"] + common + fields)
        }

        func producer(_ id: String, _ field: String) -> String {
            server.cli("HGET", keyspace.producer(ProducerID(id)!), field)
        }

        func search(_ field: String) -> String { server.cli("HGET", keyspace.search(SearchTests.search), field) }
    }

    @Test func `Shell commands declare a search, claim its trials and end them`() throws {
        let fixture = try Fixture()
        let ingest = try fixture.ingest.ingest()
        try fixture.declare(trials: 2)
        fixture.add(
            "event", "enqueue", "battery", EventSequence.battery.text, "search", Self.search.text, "param.lr", "0.003")
        for seq in 1...3 { fixture.claim("w", seq) }
        #expect(eventually { fixture.producer("w", "none.s0123abcd") == "3 2" })
        #expect(fixture.producer("w", "grant.1") == #"1 1 {"lr":0.003}"# && fixture.producer("w", "grant.2") == "2 1")
        fixture.event("start", trial: 1, "w", 4, "attempt", "1", "token", "w:1")
        fixture.event("param", trial: 1, "w", 5, "param.lr", "0.003")
        #expect(eventually { fixture.producer("w", "seq") == "5" })
        fixture.event("epoch", trial: 1, "w", 6, "epoch", "1", "curve.valid", "0.5")
        #expect(eventually { fixture.producer("w", "seq") == "6" })
        fixture.event("end", trial: 1, "w", 7, "status", "done", "attempt", "1")
        #expect(eventually { fixture.search("ended") == "1" })
        #expect(fixture.producer("w", "grant.1") == "" && fixture.search("open.1") == "")
        let history = fixture.server.cli("XRANGE", fixture.keyspace.trials(of: Self.search), "-", "+")
        #expect(history.contains("running") && history.contains("done") && history.contains("param.lr"))
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
        ingest.terminate()
        #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
    }

    @Test func `A grant that Redis has lost is healed by the start of its trial`() throws {
        let fixture = try Fixture()
        try fixture.declare(trials: 3)
        fixture.claim("p", 1)
        fixture.claim("q", 1)
        try fixture.ingest.drain()
        // A failover to a replica that has neither the claims nor the search.
        fixture.server.cli("DEL", fixture.keyspace.search(Self.search), fixture.keyspace.producer(ProducerID("q")!))
        try fixture.declare(trials: 3)
        fixture.event("start", trial: 2, "q", 2, "attempt", "1", "token", "q:1")
        for seq in 2...4 { fixture.claim("p", seq) }
        try fixture.ingest.drain()
        #expect(fixture.producer("p", "grant.2") == "1 1" && fixture.producer("p", "grant.3") == "3 1")
        #expect(fixture.producer("p", "none.s0123abcd") == "4 3")
    }

    @Test func `A search whose key has another type makes its claims dead letters`() throws {
        let fixture = try Fixture()
        try fixture.declare(trials: 3)
        try fixture.ingest.drain()
        fixture.server.cli("SET", fixture.keyspace.search(Self.search), "x")
        fixture.claim("p", 1)
        fixture.event("start", trial: 1, "p", 2)
        try fixture.ingest.drain()
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
        #expect(
            fixture.server.cli("HGET", fixture.keyspace.experiment(Self.search.experiment(ofTrial: 1)), "status")
                == "running")
    }

    @Test func `A history of another type makes the entries dead letters that it would have, and no others`() throws {
        let fixture = try Fixture()
        try fixture.declare(trials: 3)
        fixture.server.cli("SET", fixture.keyspace.trials(of: Self.search), "x")
        fixture.claim("p", 1)
        try fixture.ingest.drain()
        fixture.event("start", trial: 1, "p", 2, "attempt", "1", "token", "p:1")
        fixture.event("epoch", trial: 1, "p", 3, "epoch", "1", "curve.valid", "0.5")
        try fixture.ingest.add(EventSequence.training(by: "other", experiments: 1, epochs: 1))
        try fixture.ingest.drain()
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
    }

    @Test func `The deletion of a battery removes its searches`() throws {
        let fixture = try Fixture()
        try fixture.declare(trials: 3)
        fixture.claim("p", 1)
        fixture.event("start", trial: 1, "p", 2, "attempt", "1", "token", "p:1")
        fixture.event("epoch", trial: 1, "p", 3, "epoch", "1", "curve.valid", "0.5")
        try fixture.ingest.drain()
        #expect(fixture.server.cli("XLEN", fixture.keyspace.trials(of: Self.search)) == "1")
        fixture.server.cli(
            "XADD", fixture.keyspace.control, "*", "event", "delete", "battery", EventSequence.battery.text)
        // Dropped, and no declaration.
        fixture.claim("p", 4)
        try fixture.ingest.drain()
        let left = fixture.server.cli("KEYS", "*").split(separator: "\n").filter {
            $0.contains(":search") || $0.contains(":battery:")
        }
        #expect(left.isEmpty)
        #expect(try fixture.ingest.metric(IngestField.deleted) == "1")
    }

    @Test func `A replay of the archive has the same grants, trials and numbers`() throws {
        let (fixture, other, folder) = (try Fixture(), try Fixture(), try TemporaryFolder())
        let archive = folder.file("archive")
        try fixture.declare(trials: 3)
        fixture.claim("p", 1)
        try fixture.ingest.drain("--archive", archive)
        fixture.event("start", trial: 1, "p", 2, "attempt", "1", "token", "p:1")
        fixture.event("epoch", trial: 1, "p", 3, "epoch", "1", "curve.valid", "0.5")
        fixture.event("end", trial: 1, "p", 4, "status", "done")
        for seq in 1...3 { fixture.claim("q", seq) }
        try fixture.ingest.drain("--archive", archive)
        let files = try FileManager.default.contentsOfDirectory(atPath: archive).sorted().map { "\(archive)/\($0)" }
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["replay", "--redis", other.server.url] + files, within: .seconds(120))
        #expect(outcome.succeeded, "\(outcome.stderr)")
        #expect(other.producer("q", "none.s0123abcd") == "3 2" && other.search("ended") == "1")
        #expect(try other.ingest.indexes() == (try fixture.ingest.indexes()))
        #expect(other.server.cli("XLEN", other.keyspace.trials(of: Self.search)) == "2")
    }

    // MARK: - Many processes

    /// The work of a process that claims until all trials have ended.
    ///
    /// - Returns: the grants that it has read.
    private static func work(_ fixture: Fixture, worker: Int, seed: UInt64) throws -> [String] {
        var random = SeededGenerator(seed: seed &* 100 + UInt64(worker))
        var (life, seq): (Int, Int) = (0, 0)
        var grants: [String] = []
        while true {
            let producer = "w\(worker)x\(life)"
            seq += 1
            let claim = seq
            fixture.claim(producer, claim)
            var (grant, none) = ("", "")
            let isAnswered = eventually {
                grant = fixture.producer(producer, "grant.\(claim)")
                none = fixture.producer(producer, "none.\(search.text)")
                return grant != "" || none.hasPrefix("\(claim) ")
            }
            guard isAnswered else { throw TestFailure("the claim \(claim) of \(producer) was not answered") }
            guard grant != "" else {
                if none == "\(claim) 0" { return grants }
                usleep(200_000)
                continue
            }
            guard grant != "lost" else { continue }
            grants.append(grant)
            let words = grant.split(separator: " ")
            let (trial, attempt) = (Int(words[0])!, String(words[1]))
            seq += 1
            fixture.event("start", trial: trial, producer, seq, "attempt", attempt, "token", "\(producer):\(claim)")
            let fate = Double.random(in: 0..<1, using: &random)
            if fate < 0.15 {
                (life, seq) = (life + 1, 0)
                continue
            }
            if fate < 0.2 { usleep(2_500_000) }
            seq += 1
            fixture.event("epoch", trial: trial, producer, seq, "epoch", "1", "curve.valid", "0.5")
            seq += 1
            fixture.event("end", trial: trial, producer, seq, "status", "done")
        }
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `Every number ends once while processes and ingests are killed`(seed: UInt64) throws {
        let (fixture, trials) = (try Fixture(), 40)
        var ingest = try fixture.ingest.ingest(lease: "0.5")
        try fixture.declare(trials: trials, attempts: 100, lease: 1_000)
        let group = ThreadGroup(8) { try Self.work(fixture, worker: $0, seed: seed) }
        while group.isRunning {
            usleep(700_000)
            ingest.kill()
            ingest = try fixture.ingest.ingest(lease: "0.5")
        }
        let grants = try group.results().flatMap { $0 }
        #expect(fixture.search("ended") == "\(trials)" && fixture.search("next") == "\(trials + 1)")
        #expect(Set(grants).count == grants.count)
        #expect(Set(grants.map { $0.split(separator: " ")[0] }).count == trials)
        for trial in 1...trials {
            let key = fixture.keyspace.experiment(Self.search.experiment(ofTrial: trial))
            #expect(fixture.server.cli("HGET", key, "status") == "done")
        }
        let history = fixture.server.cli("XRANGE", fixture.keyspace.trials(of: Self.search), "-", "+")
        #expect(history.split(separator: "\n").count { $0 == "done" } == trials)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
    }
}
