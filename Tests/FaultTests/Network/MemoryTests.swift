import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("A Redis without memory")
struct MemoryTests {
    @Test("The journal holds what Redis cannot take, the ingest keeps trimming, and all is applied after")
    func full() throws {
        let bench = try NetworkFixture()
        let hypero = try bench.client()
        let experiment = hypero.battery("memory").experiment()
        experiment.logRows(0..<10_000)
        #expect(hypero.flush(until: .sent, timeout: NetworkFixture.patience))
        #expect(bench.server.cli("XLEN", bench.keyspace.events) == "10002")
        // From now on neither the client nor the ingest may write.
        bench.server.cli("CONFIG", "SET", "maxmemory", "1mb")
        experiment.logRows(10_000..<40_000)
        experiment.finish()
        #expect(eventually(within: NetworkFixture.patience) { bench.notices.contains { $0.contains("OOM") } })
        #expect(hypero.counters.dropped.total == 0)

        // Room for some of it: what is applied is trimmed, or the rest would never fit.
        bench.server.cli("CONFIG", "SET", "maxmemory", "12mb")
        let ingest = try bench.ingest(at: bench.server.url, "--retain", "100")
        defer { ingest.kill() }
        #expect(
            eventually(within: NetworkFixture.patience) { hypero.counters.sent > 20_000 },
            "\(hypero.counters)\n\(ingest.stderr)")
        bench.server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience), "\(ingest.stderr)")
        var connection = try bench.connect()
        var counts = try connection.call("HMGET", bench.keyspace.ingest, IngestField.applied, IngestField.dead)
        #expect(try counts.strings().map { $0 ?? "0" } == ["\(hypero.counters.accepted)", "0"])
        let id = try #require(ExperimentID(experiment.id))
        var rows = try connection.call("HLEN", bench.keyspace.curve(of: id))
        #expect(try rows.integer() == 40_000)
        #expect(bench.notices.count <= 2 * 8)
    }
}
