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
        "Latency of 50 ms, 10 KB/s, replies sliced to 1 byte: all is applied, and once",
        arguments: [
            (ProxyLine.slow(latency: .milliseconds(50)), 6_000), (.narrow(bytesPerSecond: 10_000), 500), (.sliced, 200),
        ], [false, true])
    func slow(line: (condition: ProxyLine, entries: Int), tcp: Bool) throws {
        let fixture = try NetworkFixture(tcp: tcp)
        let entries = Self.entries(line.entries, seed: 3)
        try fixture.write(entries)
        fixture.proxy.line = line.condition
        let ingest = try fixture.ingest(at: fixture.proxy.url)
        defer { ingest.kill() }
        #expect(fixture.waitUntilApplied(through: try #require(entries.last?.id)), "\(ingest.stderr)")
        try fixture.expectIndexesMatchModel()
    }

    @Test("Connections reset in mid-reply and in mid-request: nothing is lost, nothing is applied twice")
    func resets() throws {
        let fixture = try NetworkFixture(tcp: true)
        let entries = Self.entries(12_000, seed: 5)
        let ingest = try fixture.ingest(at: fixture.proxy.url)
        defer { ingest.kill() }
        var random = SeededGenerator(seed: 13)
        let rounds = 24
        for round in 0..<rounds {
            let piece = entries[entries.count * round / rounds..<entries.count * (round + 1) / rounds]
            let count = Int.random(in: 1...60_000, using: &random)
            let resets = fixture.proxy.traffic.resets
            fixture.proxy.line = round % 2 == 0 ? .reset(afterReplyBytes: count) : .reset(afterRequestBytes: count)
            try fixture.write(Array(piece))
            #expect(eventually(within: NetworkFixture.timeout) { fixture.proxy.traffic.resets > resets })
            fixture.proxy.line = .good
            #expect(fixture.waitUntilApplied(through: try #require(piece.last?.id)), "\(ingest.stderr)")
        }
        try fixture.expectIndexesMatchModel()
    }

    @Test(
        "A black hole longer than the lease: another ingest takes over, and what the first had in hand is not applied",
        arguments: [ProxyLine.silent, .unreachable])
    func blackHole(line: ProxyLine) throws {
        let fixture = try NetworkFixture(tcp: true)
        let entries = Self.entries(6_000, seed: 7)
        try fixture.write(Array(entries[..<2_000]))
        let swallowed = try fixture.ingest(at: fixture.proxy.url)
        defer { swallowed.kill() }
        #expect(fixture.waitUntilApplied(through: entries[1_999].id), "\(swallowed.stderr)")
        fixture.proxy.line = line
        try fixture.write(Array(entries[2_000..<4_000]))
        let other = try fixture.ingest(at: fixture.server.url)
        defer { other.kill() }
        #expect(fixture.waitUntilApplied(through: entries[3_999].id), "\(other.stderr)")
        #expect(fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(other.pid):"))
        fixture.proxy.line = .good
        try fixture.write(Array(entries[4_000...]))
        #expect(fixture.waitUntilApplied(through: try #require(entries.last?.id)), "\(other.stderr)")
        // The first works again as soon as nobody else does.
        other.kill()
        #expect(
            eventually(within: NetworkFixture.timeout) {
                fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(swallowed.pid):")
            }, "\(swallowed.stderr)")
        try fixture.expectIndexesMatchModel()
    }
}
