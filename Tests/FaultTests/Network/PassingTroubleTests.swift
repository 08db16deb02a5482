import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("A Redis that takes no commands for now", .serialized)
struct PassingTroubleTests {
    @Test(
        "LOADING, BUSY, MISCONF, NOREPLICAS: client and ingest wait without a storm, say it in few lines, and lose nothing",
        arguments: Trouble.allCases)
    func passing(trouble: Trouble) throws {
        let bench = try NetworkFixture(configuration: Trouble.configuration)
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        let hypero = try bench.client()
        let experiment = hypero.battery("trouble").experiment()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        let before = bench.proxy.traffic
        try trouble.happen(to: bench.server) {
            experiment.logRows(0..<3_000)
            guard trouble != .loading else { return }
            // So long it lasts.
            #expect(!hypero.flush(until: .applied, timeout: .seconds(4)))
        }
        #expect(bench.notices.contains { $0.contains(trouble.rawValue) })
        experiment.finish()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        #expect(try bench.missing(through: hypero.counters.accepted) == [])
        try bench.expectNoDifference()

        // A batch has at most 1,024 events; backing off up to 50 ms, 100 ms, 200 ms … allows some in the first second.
        let after = bench.proxy.traffic
        #expect(after.connections - before.connections <= 40)
        #expect(after.requests - before.requests <= 40 * 1_024)
        #expect(bench.notices.count <= 2 * 6)
        #expect(ingest.stderr.split(separator: "\n").count <= 40, "\(ingest.stderr)")
    }

    @Test("CLIENT PAUSE: client and ingest wait on their connections")
    func paused() throws {
        let bench = try NetworkFixture()
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        let hypero = try bench.client()
        let experiment = hypero.battery("trouble").experiment()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        let before = bench.proxy.traffic
        bench.server.cli("CLIENT", "PAUSE", "3000")
        experiment.logRows(0..<3_000)
        experiment.finish()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        try bench.expectNoDifference()
        // One, or on a very slow machine a second after a timeout.
        #expect(bench.proxy.traffic.connections - before.connections <= 1)
        #expect(bench.notices.count <= 2)
    }

    @Test("Trouble that ends in the middle of a batch: what was refused is not overtaken by what came after it")
    func endingMidBatch() throws {
        let bench = try NetworkFixture()
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        let hypero = try bench.client()
        bench.proxy.network = .narrow(bytesPerSecond: 50_000)
        try Trouble.noReplicas.happen(to: bench.server) {
            let experiment = hypero.battery("trouble").experiment()
            for value in 1...2_000 { experiment.insertHP("value", value) }
            let begun = bench.proxy.traffic.requestBytes
            #expect(eventually(within: NetworkFixture.patience) { bench.proxy.traffic.requestBytes > begun + 20_000 })
        }
        #expect(eventually(within: NetworkFixture.patience) { hypero.counters.sent > 0 })
        bench.proxy.network = .good
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        var connection = try bench.connect()
        var fields = try connection.call(
            "HMGET", bench.keyspace.ingest, IngestField.applied, IngestField.dead, IngestField.gaps)
        let counts = try fields.strings().map { $0 ?? "0" }
        #expect(counts == ["2002", "0", "0"])
        var members = try connection.call("ZRANGE", bench.keyspace.experiments(of: Self.battery), "0", "-1")
        let id = try #require(try members.strings().compactMap { $0.flatMap { ExperimentID($0) } }.first)
        var value = try connection.call("HGET", bench.keyspace.experiment(id), Prefix.param + "value")
        #expect(try value.string() == "2000")
    }

    private static let battery = BatteryID(name: "trouble", version: 1, description: "")
}
