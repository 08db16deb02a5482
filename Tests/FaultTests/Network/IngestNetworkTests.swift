import HyperoSchema
import TestSupport
import Testing

@Suite("An ingest behind a bad network", .serialized)
struct IngestNetworkTests {
    private static func entries(_ count: Int, seed: UInt64) -> [StreamEntry] {
        var generator = EventGenerator(seed: seed, producers: 4, batteries: 3, experiments: 12)
        return generator.entries(count)
    }

    @Test(
        arguments: [
            (NetworkCondition.slow(latency: .milliseconds(50)), 1_500), (.narrow(bytesPerSecond: 10_000), 100),
            (.sliced, 100),
        ], [false, true])
    func `An ingest behind a slow, narrow or fragmenting network applies every event once`(
        scenario: (network: NetworkCondition, entries: Int), tcp: Bool
    ) throws {
        let fixture = try NetworkFixture(tcp: tcp)
        let entries = Self.entries(scenario.entries, seed: 3)
        try fixture.write(entries)
        fixture.proxy.network = scenario.network
        let ingest = try fixture.ingest(at: fixture.proxy.url)
        defer { ingest.kill() }
        #expect(fixture.waitUntilApplied(through: try #require(entries.last?.id)), "\(ingest.stderr)")
        try fixture.expectIndexesMatchModel()
    }

    @Test func `Connection resets in a request or a reply of an ingest lose no event and apply none twice`() throws {
        let fixture = try NetworkFixture(tcp: true)
        let entries = Self.entries(6_000, seed: 5)
        let ingest = try fixture.ingest(at: fixture.proxy.url)
        defer { ingest.kill() }
        var random = SeededGenerator(seed: 13)
        let rounds = 24
        for round in 0..<rounds {
            let piece = entries[entries.count * round / rounds..<entries.count * (round + 1) / rounds]
            let count = Int.random(in: 1...30_000, using: &random)
            let resets = fixture.proxy.traffic.resets
            fixture.proxy.network = round % 2 == 0 ? .reset(afterReplyBytes: count) : .reset(afterRequestBytes: count)
            try fixture.write(Array(piece))
            #expect(eventually(within: NetworkFixture.timeout) { fixture.proxy.traffic.resets > resets })
            fixture.proxy.network = .good
            #expect(fixture.waitUntilApplied(through: try #require(piece.last?.id)), "\(ingest.stderr)")
        }
        try fixture.expectIndexesMatchModel()
    }

    @Test(arguments: [NetworkCondition.silent, .unreachable])
    func `An ingest cut off beyond its lease is replaced, and its pending batch is not applied`(
        network: NetworkCondition
    )
        throws
    {
        let fixture = try NetworkFixture(tcp: true)
        let entries = Self.entries(6_000, seed: 7)
        try fixture.write(Array(entries[..<2_000]))
        let cutOff = try fixture.ingest(at: fixture.proxy.url)
        defer { cutOff.kill() }
        #expect(fixture.waitUntilApplied(through: entries[1_999].id), "\(cutOff.stderr)")
        fixture.proxy.network = network
        try fixture.write(Array(entries[2_000..<4_000]))
        let other = try fixture.ingest(at: fixture.server.url)
        defer { other.kill() }
        #expect(fixture.waitUntilApplied(through: entries[3_999].id), "\(other.stderr)")
        #expect(fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(other.pid):"))
        fixture.proxy.network = .good
        try fixture.write(Array(entries[4_000...]))
        #expect(fixture.waitUntilApplied(through: try #require(entries.last?.id)), "\(other.stderr)")
        // The first ingest owns the partition again after the other is killed.
        other.kill()
        #expect(
            eventually(within: NetworkFixture.timeout) {
                fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(cutOff.pid):")
            }, "\(cutOff.stderr)")
        try fixture.expectIndexesMatchModel()
    }
}
