import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("Lost acknowledged writes")
struct LostWritesTests {
    @Test func `The client resends the events that Redis lost with the end of its append-only file`() throws {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.proxy.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        let experiment = hypero.battery("losses").experiment()
        for round in 0..<3 {
            experiment.logRows(round * 1_000..<round * 1_000 + 1_000)
            // The lost events were acknowledged, and in one round also seen as applied.
            #expect(hypero.flush(until: round == 1 ? .applied : .sent, timeout: NetworkFixture.timeout))
            #expect(try fixture.server.restart(losingLastBytes: 64 << 10) == 64 << 10)
        }
        experiment.finish()
        try expectAll(of: hypero, in: fixture)
    }

    @Test func `The client resends the events that a failover lost`() throws {
        let fixture = try NetworkFixture()
        let replica = try RedisServer(tcp: true)
        try replica.follow(fixture.server)
        let ingest = try fixture.ingest(at: fixture.proxy.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        let experiment = hypero.battery("losses").experiment()
        experiment.logRows(0..<2_000)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        replica.fallBehind(fixture.server)
        let fields = fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.applied)
        experiment.logRows(2_000..<4_000)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        experiment.logRows(4_000..<6_000)

        fixture.server.kill()
        try replica.promote()
        // The replica lacks the last writes.
        #expect(Int(replica.cli("HGET", fixture.keyspace.ingest, IngestField.applied)) ?? 0 <= Int(fields) ?? 0)
        fixture.proxy.move(to: replica)
        experiment.logRows(6_000..<6_500)
        experiment.finish()
        try expectAll(of: hypero, in: fixture, on: replica)
    }

    /// Expects every accepted event in the stream and in the indexes.
    private func expectAll(of hypero: Hypero, in fixture: NetworkFixture, on server: RedisServer? = nil) throws {
        let accepted = hypero.counters.accepted
        #expect(hypero.counters.dropped.total == 0)
        var connection = try fixture.connect(to: server)
        // `flush` alone is not enough: the server may have lost events that the client saw as applied.
        let isComplete = try eventually(within: .seconds(40)) {
            _ = hypero.flush(until: .applied, timeout: .seconds(1))
            var reply = try connection.call("HGET", fixture.keyspace.ingest, IngestField.applied)
            return try reply.string() == "\(accepted)"
        }
        #expect(isComplete)
        let missing = try fixture.missingNumbers(through: accepted, on: server)
        #expect(missing.count == 0, "\(missing.prefix(5))… of \(accepted)")
        try fixture.expectIndexesMatchModel(on: server)
    }
}
