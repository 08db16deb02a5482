import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Letters for entries of a transaction that is applied already: they must not be forgotten.
@Suite struct OwedLetterTests {
    enum Interruption: CaseIterable {
        case killedConnection, stop
    }

    /// With this lease an ingest waits for entries for 20 s, and does not lose it on a busy machine.
    private static let longLease = "60"

    @Test(
        "letters that are owed are written when the connection breaks or a stop comes while it waits for entries",
        arguments: Interruption.allCases)
    func whileWaiting(_ interruption: Interruption) throws {
        let fixture = try IngestFixture()
        fixture.server.cli("SET", fixture.keyspace.rank(of: BatteryID("b")!, by: "valid"), "of another type")
        fixture.declareBattery()
        let ingest = try fixture.ingest(lease: Self.longLease)
        fixture.waitUntilConsumed(1)
        fixture.addRow(1)
        #expect(eventually { fixture.count(IngestField.applied) == 2 && fixture.blockedClientCount() == 1 })
        switch interruption {
        case .killedConnection: fixture.server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        case .stop:
            ingest.terminate()
            #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
            #expect(fixture.server.cli("EXISTS", fixture.keyspace.lease) == "0")
        }
        #expect(eventually { fixture.count(IngestField.dead) == 1 }, "\(ingest.stderr)")
        #expect(fixture.count(IngestField.applied) == 1)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
        #expect(ingest.stderr.contains("Redis does not change {hypero}:battery:b:rank:valid: WRONGTYPE"))
    }

    /// Leaves no id for a further letter.
    private func fillDeadLetters(_ fixture: IngestFixture) {
        fixture.server.cli("XADD", fixture.keyspace.dead, StreamID.highest.description, "a", "b")
    }

    @Test("dead letters that take no more before it starts: it stops before what it cannot apply, and says so")
    func full() throws {
        let fixture = try IngestFixture()
        fillDeadLetters(fixture)
        fixture.declareBattery()
        fixture.add("event", "surprise")
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:dead takes no more entries") })
        #expect(fixture.consumed == 1)
        #expect(try fixture.statusContains("{hypero}:dead takes no more entries"))
        fixture.server.cli("DEL", fixture.keyspace.dead)
        fixture.waitUntilConsumed(2)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test("dead letters that take no more while it runs: it owes one batch's, applies no other, and a drain fails")
    func fullLater() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        fixture.waitUntilConsumed(1)
        fillDeadLetters(fixture)
        fixture.add("event", "surprise")
        #expect(eventually { ingest.stderr.contains("{hypero}:dead takes no more entries") })
        let drain = try ChildProcess.run("hypero-ingest", ["--redis", fixture.server.url, "--drain"])
        #expect(drain.ending == .exited(1) && drain.stderr.contains("{hypero}:dead takes no more entries"))
        fixture.addRow(1)
        fixture.server.cli("DEL", fixture.keyspace.dead)
        fixture.waitUntilConsumed(3)
        #expect(eventually { fixture.server.cli("XLEN", fixture.keyspace.dead) == "1" })
        #expect(fixture.count(IngestField.dead) == 1)
    }

    @Test("a stop while letters cannot be written says which entries they are for, and is no success")
    func fullAtTheEnd() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest(lease: Self.longLease)
        fixture.declareBattery()
        fixture.waitUntilConsumed(1)
        fillDeadLetters(fixture)
        let id = fixture.add("event", "surprise")
        #expect(eventually { fixture.count(IngestField.dead) == 1 })
        ingest.terminate()
        #expect(ingest.wait() == .exited(1))
        #expect(
            ingest.stderr.contains("could not be written to {hypero}:dead, and were not applied as a whole: \(id) of"),
            "\(ingest.stderr)")
        #expect(fixture.server.cli("EXISTS", fixture.keyspace.lease) == "0")
    }

    @Test("an account that may not write dead letters is said, and not that all is well between two tries")
    func denied() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("ACL", "SETUSER", "ingest", "on", ">secret", "~*", "+@all", "-xadd")
        fixture.declareBattery()
        fixture.add("event", "surprise")
        let ingest = try fixture.ingest(url: fixture.server.url.replacing("unix://", with: "unix://ingest:secret@"))
        func refusals() -> Int {
            fixture.server.cli("INFO", "errorstats").split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("errorstat_NOPERM:count=") }.flatMap { Int($0.drop { $0 != "=" }.dropFirst()) }
                ?? 0
        }
        #expect(eventually { refusals() >= 3 })
        #expect(ingest.stderr.contains("NOPERM"))
        #expect(!ingest.stderr.contains("owning the partition"), "\(ingest.stderr)")
        fixture.server.cli("ACL", "SETUSER", "ingest", "+xadd")
        fixture.waitUntilConsumed(2)
        #expect(eventually { ingest.stderr.contains("owning the partition") })
    }
}
