import HyperoSchema
import TestSupport
import Testing

/// Failures of Redis that last, and their ends.
@Suite struct StandingFailureTests {
    private func lines(of ingest: ChildProcess, containing text: String) -> Int {
        ingest.stderr.split(separator: "\n").count { $0.contains(text) }
    }

    @Test func `An ingest reports a stopped server once, and that entries are applied again`() throws {
        let fixture = try IngestFixture(appendOnly: true)
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        fixture.waitUntilConsumed(1)
        fixture.server.kill()
        #expect(eventually { ingest.stderr.contains("cannot connect") }, "\(ingest.stderr)")
        try fixture.server.restart()
        fixture.addRow(1)
        #expect(eventually { ingest.stderr.contains("entries are applied again after") }, "\(ingest.stderr)")
        #expect(lines(of: ingest, containing: "cannot connect") == 1, "\(ingest.stderr)")
        #expect(lines(of: ingest, containing: "owning the partition as") == 1)
        fixture.waitUntilConsumed(2)
    }

    @Test func `A standby reports that it is connected again`() throws {
        let fixture = try IngestFixture(appendOnly: true)
        fixture.server.cli("SET", fixture.keyspace.lease, "another", "PX", "600000")
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("standing by") })
        fixture.server.kill()
        #expect(eventually { ingest.stderr.contains("cannot connect") }, "\(ingest.stderr)")
        try fixture.server.restart()
        fixture.server.cli("SET", fixture.keyspace.lease, "another", "PX", "600000")
        #expect(
            eventually {
                ingest.stderr.contains("connected again after")
                    || ingest.stderr.contains("entries are applied again after")
            }, "\(ingest.stderr)")
        #expect(lines(of: ingest, containing: "standing by") == 1, "\(ingest.stderr)")
    }

    @Test func `Two failures in turn are both reported, and one end`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        fixture.server.cli("SET", fixture.keyspace.ingest, "of another type")
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:ingest") }, "\(ingest.stderr)")
        fixture.server.cli("CONFIG", "SET", "maxmemory", "1")
        fixture.server.cli("DEL", fixture.keyspace.ingest, fixture.keyspace.lease)
        #expect(eventually { ingest.stderr.contains("OOM") }, "\(ingest.stderr)")
        #expect(!ingest.stderr.contains("applied again"))
        fixture.server.cli("CONFIG", "SET", "maxmemory", "0")
        fixture.waitUntilConsumed(1)
        #expect(eventually { lines(of: ingest, containing: "entries are applied again after") == 1 })
    }

    @Test func `The count of gaps stays within Redis' integers, whatever numbers producers choose`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        for number in 0..<1_100 {
            fixture.addRow(1, of: "e-\(number)", by: (id: "p\(number)", seq: Int(Limits.integer)))
        }
        let ingest = try fixture.ingest()
        fixture.waitUntilConsumed(1_101)
        #expect(fixture.count(IngestField.gaps) == 1_100 << 32)
        #expect(!ingest.stderr.contains("cannot write a counter"), "\(ingest.stderr)")
    }
}
