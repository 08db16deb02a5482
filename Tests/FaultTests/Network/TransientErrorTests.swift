import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("Transient server errors", .serialized)
struct TransientErrorTests {
    @Test(arguments: TransientError.allCases)
    func `Client and ingest recover from a transient server error with few retries`(error: TransientError) throws {
        let fixture = try NetworkFixture(configuration: TransientError.configuration)
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        let experiment = hypero.battery("transient").experiment()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        let before = fixture.proxy.traffic
        try error.inject(into: fixture.server) {
            experiment.logRows(0..<3_000)
            guard error != .loading else { return }
            // The error lasts for at least 4 s.
            #expect(!hypero.flush(until: .applied, timeout: .seconds(4)))
        }
        #expect(fixture.notices.contains { $0.contains(error.rawValue) })
        experiment.finish()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        #expect(try fixture.missingNumbers(through: hypero.counters.accepted) == [])
        try fixture.expectIndexesMatchModel()

        // A batch has at most 1,024 events. The backoff of up to 50 ms, 100 ms, 200 ms … allows some in the first
        // second.
        let after = fixture.proxy.traffic
        #expect(after.connections - before.connections <= 40)
        #expect(after.requests - before.requests <= 40 * 1_024)
        #expect(fixture.notices.count <= 2 * 6)
        #expect(ingest.stderr.split(separator: "\n").count <= 40, "\(ingest.stderr)")
    }

    @Test func `Client and ingest keep their connections during CLIENT PAUSE`() throws {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        let experiment = hypero.battery("transient").experiment()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        let before = fixture.proxy.traffic
        fixture.server.cli("CLIENT", "PAUSE", "3000")
        experiment.logRows(0..<3_000)
        experiment.finish()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        try fixture.expectIndexesMatchModel()
        // A very slow machine may reconnect once after a timeout.
        #expect(fixture.proxy.traffic.connections - before.connections <= 1)
        #expect(fixture.notices.count <= 2)
    }

    @Test func `A refused event is not overtaken if the server recovers in the middle of a batch`() throws {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        fixture.proxy.network = .narrow(bytesPerSecond: 50_000)
        try TransientError.noReplicas.inject(into: fixture.server) {
            let experiment = hypero.battery("transient").experiment()
            for value in 1...2_000 { experiment.insertHP("value", value) }
            let before = fixture.proxy.traffic.requestBytes
            #expect(eventually(within: NetworkFixture.timeout) { fixture.proxy.traffic.requestBytes > before + 20_000 })
        }
        #expect(eventually(within: NetworkFixture.timeout) { hypero.counters.sent > 0 })
        fixture.proxy.network = .good
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        var connection = try fixture.connect()
        var fields = try connection.call(
            "HMGET", fixture.keyspace.ingest, IngestField.applied, IngestField.dead, IngestField.gaps)
        let counts = try fields.strings().map { $0 ?? "0" }
        #expect(counts == ["2002", "0", "0"])
        var members = try connection.call("ZRANGE", fixture.keyspace.experiments(of: Self.battery), "0", "-1")
        let id = try #require(try members.strings().compactMap { $0.flatMap { ExperimentID($0) } }.first)
        var value = try connection.call("HGET", fixture.keyspace.experiment(id), Prefix.param + "value")
        #expect(try value.string() == "2000")
    }

    private static let battery = BatteryID(name: "transient", version: 1, description: "")
}
