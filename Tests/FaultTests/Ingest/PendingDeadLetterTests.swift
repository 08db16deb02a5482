import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Dead letters of an applied transaction that are not written yet.
@Suite struct PendingDeadLetterTests {
    enum Interruption: CaseIterable {
        case killedConnection, stop
    }

    /// A lease that does not expire on a busy machine.
    private static let longLease = "60"

    @Test(arguments: Interruption.allCases)
    func `Pending dead letters are written if the connection breaks or an idle ingest is stopped`(
        _ interruption: Interruption
    ) throws {
        let fixture = try IngestFixture()
        fixture.server.cli("SET", fixture.keyspace.rank(of: BatteryID("b")!, by: "valid"), "of another type")
        fixture.declareBattery()
        let ingest = try fixture.ingest(lease: Self.longLease)
        fixture.waitUntilConsumed(1)
        let count = try addRowsUntilOneIsPending(to: fixture)
        switch interruption {
        case .killedConnection: fixture.server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        case .stop:
            ingest.terminate()
            #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
            #expect(fixture.server.cli("EXISTS", fixture.keyspace.lease) == "0")
        }
        #expect(eventually { fixture.count(IngestField.dead) == count }, "\(ingest.stderr)")
        #expect(fixture.count(IngestField.applied) == 1)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "\(count)")
        #expect(ingest.stderr.contains("cannot write {hypero}:battery:b:rank:valid: WRONGTYPE"))
    }

    /// Adds rows that Redis cannot apply, until the ingest is seen to wait for entries with a dead letter that it has not written. It
    /// waits for a second at most, which a look of a busy machine may miss.
    ///
    /// - Returns: the number of rows.
    private func addRowsUntilOneIsPending(to fixture: IngestFixture) throws -> Int {
        for row in 1...50 {
            fixture.addRow(row)
            var isPending = false
            let isSeen = eventually {
                let dead = fixture.count(IngestField.dead)
                isPending =
                    dead == row - 1 && fixture.count(IngestField.applied) == 2 && fixture.blockedClientCount() == 1
                return isPending || dead == row
            }
            if isPending { return row }
            try #require(isSeen, "row \(row)")
        }
        throw TestFailure("no dead letter was seen to be pending")
    }

    /// Adds a dead letter with the highest id, so that Redis accepts no further ones.
    private func fillDeadLetters(_ fixture: IngestFixture) {
        fixture.server.cli("XADD", fixture.keyspace.dead, StreamID.highest.description, "a", "b")
    }

    @Test func `An ingest started with a full dead-letter stream stops before an entry that it cannot apply`() throws {
        let fixture = try IngestFixture()
        fillDeadLetters(fixture)
        fixture.declareBattery()
        fixture.add("event", "surprise")
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:dead accepts no more entries") })
        #expect(fixture.consumed == 1)
        #expect(try fixture.statusContains("{hypero}:dead accepts no more entries"))
        fixture.server.cli("DEL", fixture.keyspace.dead)
        fixture.waitUntilConsumed(2)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test func `An ingest whose dead-letter stream fills up keeps one batch pending, and a drain fails`() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        fixture.waitUntilConsumed(1)
        fillDeadLetters(fixture)
        fixture.add("event", "surprise")
        #expect(eventually { ingest.stderr.contains("{hypero}:dead accepts no more entries") })
        let drain = try ChildProcess.run("hypero-ingest", ["--redis", fixture.server.url, "--drain"])
        #expect(drain.ending == .exited(1) && drain.stderr.contains("{hypero}:dead accepts no more entries"))
        fixture.addRow(1)
        fixture.server.cli("DEL", fixture.keyspace.dead)
        fixture.waitUntilConsumed(3)
        #expect(eventually { fixture.server.cli("XLEN", fixture.keyspace.dead) == "1" })
        #expect(fixture.count(IngestField.dead) == 1)
    }

    @Test func `A stop with unwritable dead letters fails and names their entries`() throws {
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
            ingest.stderr.contains(
                "cannot write dead letters to {hypero}:dead. The next ingest tries again. These entries of {hypero}:events were not applied completely: \(id)"
            ),
            "\(ingest.stderr)")
        #expect(fixture.server.cli("EXISTS", fixture.keyspace.lease) == "0")
    }

    @Test func `An ingest denied XADD reports the denial and not that it owns the partition`() throws {
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
