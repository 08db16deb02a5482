import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Standbys of a server that is out of memory.
@Suite struct StandbyMemoryTests {
    private static let letters = 100
    private let fixture: IngestFixture

    /// Fills the dead letters with 4 MB, makes another ingest the owner, and makes the server refuse writes.
    init() throws {
        fixture = try IngestFixture()
        let value = String(repeating: "x", count: 40_000)
        var connection = try fixture.connect()
        var writer = RESPWriter()
        for _ in 0..<Self.letters {
            writer.command("XADD", fixture.keyspace.dead, "*", "event", "surprise", "a", value)
        }
        try connection.send(writer)
        for _ in 0..<Self.letters {
            var reply = try connection.receive()
            _ = try reply.string()
        }
        fixture.declareBattery()
        fixture.server.cli("SET", fixture.keyspace.lease, "another")
        // The only write of this kind that a server without memory accepts is the renaming of a key.
        fixture.server.cli("SET", "later", "another")
    }

    private var letterCount: Int { Int(fixture.server.cli("XLEN", fixture.keyspace.dead)) ?? -1 }

    private func fillMemory() {
        fixture.server.cli("CONFIG", "SET", "maxmemory", "\(fixture.info("used_memory") - 1_000_000)")
        #expect(fixture.server.cli("SET", "x", "y").hasPrefix("OOM"))
    }

    /// Waits until the server has refused some further commands.
    private func waitForRefusals() {
        let refusals = fixture.info("total_error_replies")
        #expect(eventually { fixture.info("total_error_replies") > refusals + 10 })
    }

    @Test func `A standby removes no dead letters of a server without memory, until the lease is free`() throws {
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("another ingest owns the partition: standing by") })
        fillMemory()
        waitForRefusals()
        #expect(letterCount == Self.letters)
        #expect(!ingest.stderr.contains("OOM"), "\(ingest.stderr)")
        fixture.server.cli("DEL", fixture.keyspace.lease)
        fixture.waitUntilConsumed(1)
        #expect(ingest.stderr.contains("Redis is out of memory: removed the oldest 50 of 100 dead letters"))
        #expect(eventually { letterCount == Self.letters - fixture.count(IngestField.trimmed) })
        #expect(letterCount < Self.letters)
    }

    @Test func `The dead letters that an ingest removed are counted, although another one has taken the lease since`()
        throws
    {
        fixture.server.cli("DEL", fixture.keyspace.lease)
        // Less than the server takes without any dead letter.
        fixture.server.cli("CONFIG", "SET", "maxmemory", "1")
        let ingest = try fixture.ingest()
        #expect(eventually { letterCount < Self.letters / 2 }, "\(ingest.stderr)")
        #expect(fixture.server.cli("RENAME", "later", fixture.keyspace.lease) == "OK")
        waitForRefusals()
        let remaining = letterCount
        fixture.server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(eventually { fixture.count(IngestField.trimmed) == Self.letters - remaining }, "\(ingest.stderr)")
        #expect(fixture.server.cli("GET", fixture.keyspace.lease) == "another")
        #expect(letterCount == remaining)
        fixture.server.cli("DEL", fixture.keyspace.lease)
        fixture.waitUntilConsumed(1)
        #expect(fixture.count(IngestField.trimmed) == Self.letters - remaining)
    }
}
