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
            (NetworkCondition.slow(latency: .milliseconds(50)), 6_000), (.narrow(bytesPerSecond: 10_000), 500),
            (.sliced, 200),
        ], [false, true])
    func slow(line: (condition: NetworkCondition, entries: Int), tcp: Bool) throws {
        let bench = try NetworkFixture(tcp: tcp)
        let entries = Self.entries(line.entries, seed: 3)
        try bench.write(entries)
        bench.proxy.network = line.condition
        let ingest = try bench.ingest(at: bench.proxy.url)
        defer { ingest.kill() }
        #expect(bench.isApplied(through: try #require(entries.last?.id)), "\(ingest.stderr)")
        try bench.expectNoDifference()
    }

    @Test("Connections reset in mid-reply and in mid-request: nothing is lost, nothing is applied twice")
    func resets() throws {
        let bench = try NetworkFixture(tcp: true)
        let entries = Self.entries(12_000, seed: 5)
        let ingest = try bench.ingest(at: bench.proxy.url)
        defer { ingest.kill() }
        var random = SeededGenerator(seed: 13)
        let rounds = 24
        for round in 0..<rounds {
            let piece = entries[entries.count * round / rounds..<entries.count * (round + 1) / rounds]
            let count = Int.random(in: 1...60_000, using: &random)
            let resets = bench.proxy.traffic.resets
            bench.proxy.network = round % 2 == 0 ? .reset(afterReplyBytes: count) : .reset(afterRequestBytes: count)
            try bench.write(Array(piece))
            #expect(eventually(within: NetworkFixture.patience) { bench.proxy.traffic.resets > resets })
            bench.proxy.network = .good
            #expect(bench.isApplied(through: try #require(piece.last?.id)), "\(ingest.stderr)")
        }
        try bench.expectNoDifference()
    }

    @Test(
        "A black hole longer than the lease: another ingest takes over, and what the first had in hand is not applied",
        arguments: [NetworkCondition.silent, .unreachable])
    func blackHole(line: NetworkCondition) throws {
        let bench = try NetworkFixture(tcp: true)
        let entries = Self.entries(6_000, seed: 7)
        try bench.write(Array(entries[..<2_000]))
        let swallowed = try bench.ingest(at: bench.proxy.url)
        defer { swallowed.kill() }
        #expect(bench.isApplied(through: entries[1_999].id), "\(swallowed.stderr)")
        bench.proxy.network = line
        try bench.write(Array(entries[2_000..<4_000]))
        let other = try bench.ingest(at: bench.server.url)
        defer { other.kill() }
        #expect(bench.isApplied(through: entries[3_999].id), "\(other.stderr)")
        #expect(bench.server.cli("GET", bench.keyspace.lease).contains(":\(other.pid):"))
        bench.proxy.network = .good
        try bench.write(Array(entries[4_000...]))
        #expect(bench.isApplied(through: try #require(entries.last?.id)), "\(other.stderr)")
        // The first works again as soon as nobody else does.
        other.kill()
        #expect(
            eventually(within: NetworkFixture.patience) {
                bench.server.cli("GET", bench.keyspace.lease).contains(":\(swallowed.pid):")
            }, "\(swallowed.stderr)")
        try bench.expectNoDifference()
    }
}
