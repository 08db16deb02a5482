import HyperoSchema
import TestSupport
import Testing

/// An ingest behind a link over which a batch takes longer than the lease lasts.
@Suite(.serialized) struct NarrowLinkTests {
    private let fixture: NetworkFixture

    init() throws {
        fixture = try NetworkFixture()
    }

    /// Adds an entry of the experiment `e`, and returns its id.
    private func add(_ event: String, _ fields: String...) throws -> StreamID {
        let command =
            ["XADD", fixture.keyspace.events, "*", "event", event, "experiment", "e", "battery", "b"] + fields
        return try #require(StreamID(fixture.server.cli(command)))
    }

    private func ingest() throws -> ChildProcess {
        try ChildProcess(
            "hypero-ingest", ["--redis", fixture.proxy.url, "--lease", "0.5", "--retain", "100000000"])
    }

    @Test
    func `An entry whose changes take longer than the lease lasts is applied, and the lease is short again after it`()
        throws
    {
        fixture.server.cli(
            "XADD", fixture.keyspace.events, "*", "event", "battery", "battery", "b", "name", "b", "version", "1",
            "description", "")
        // The rows take 80 KB, or two seconds.
        let numbers = (0..<2_000).map { "0.\(100_000_000 + $0)" }.joined(separator: " ")
        let large = try add("curve", "curve.valid", numbers)
        fixture.proxy.network = .narrow(bytesPerSecond: 40_000)
        let ingest = try ingest()
        defer { ingest.kill() }
        #expect(fixture.waitUntilApplied(through: large), "\(ingest.stderr)")
        #expect(fixture.waitUntilApplied(through: try add("end", "status", "done")), "\(ingest.stderr)")
        // Each transaction sets the time to live, and each wait for entries ends with one.
        #expect(
            eventually {
                let milliseconds = Int(fixture.server.cli("PTTL", fixture.keyspace.lease)) ?? -1
                return 0 < milliseconds && milliseconds <= 500
            }, "\(ingest.stderr)")
        try fixture.expectIndexesMatchModel()
    }

    @Test func `A new partition whose last entry takes longer to read than the lease lasts is applied`() throws {
        fixture.server.cli(
            "XADD", fixture.keyspace.events, "*", "event", "battery", "battery", "b", "name", "b", "version", "1",
            "description", "")
        let large = try add("meta", "meta.a", String(repeating: "x", count: 40_000))
        fixture.proxy.network = .narrow(bytesPerSecond: 40_000)
        let ingest = try ingest()
        defer { ingest.kill() }
        #expect(fixture.waitUntilApplied(through: large), "\(ingest.stderr)")
        try fixture.expectIndexesMatchModel()
    }
}
