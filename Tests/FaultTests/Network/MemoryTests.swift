import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("A Redis out of memory")
struct MemoryTests {
    @Test func `The journal holds events while Redis is out of memory, and the ingest keeps trimming`() throws {
        let fixture = try NetworkFixture()
        let hypero = try fixture.client()
        let experiment = hypero.battery("memory").experiment()
        experiment.logRows(0..<10_000)
        #expect(hypero.flush(until: .sent, timeout: NetworkFixture.timeout))
        #expect(fixture.server.cli("XLEN", fixture.keyspace.events) == "10002")
        // Redis now rejects the writes of the client and of the ingest.
        fixture.server.cli("CONFIG", "SET", "maxmemory", "1mb")
        experiment.logRows(10_000..<40_000)
        experiment.finish()
        #expect(eventually(within: NetworkFixture.timeout) { fixture.notices.contains { $0.contains("OOM") } })
        #expect(hypero.counters.dropped.total == 0)

        // The new limit has room for some of the events. The others fit only after applied entries are trimmed.
        fixture.server.cli("CONFIG", "SET", "maxmemory", "12mb")
        let ingest = try fixture.ingest(at: fixture.server.url, "--retain", "100")
        defer { ingest.kill() }
        #expect(
            eventually(within: NetworkFixture.timeout) { hypero.counters.sent > 20_000 },
            "\(hypero.counters)\n\(ingest.stderr)")
        fixture.server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout), "\(ingest.stderr)")
        var connection = try fixture.connect()
        var counts = try connection.call("HMGET", fixture.keyspace.ingest, IngestField.applied, IngestField.dead)
        #expect(try counts.strings().map { $0 ?? "0" } == ["\(hypero.counters.accepted)", "0"])
        let id = try #require(ExperimentID(experiment.id))
        var rows = try connection.call("HLEN", fixture.keyspace.curve(of: id))
        #expect(try rows.integer() == 40_000)
        #expect(fixture.notices.count <= 2 * 8)
    }
}
