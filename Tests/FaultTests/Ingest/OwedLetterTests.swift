import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Letters for entries of a transaction that is applied already: they must not be forgotten.
@Suite struct OwedLetterTests {
    enum Trouble: CaseIterable {
        case killedConnection, stop
    }

    /// With this lease an ingest waits for entries for 20 s, and does not lose it on a busy machine.
    private static let longLease = "60"

    @Test(
        "letters that are owed are written when the connection breaks or a stop comes while it waits for entries",
        arguments: Trouble.allCases)
    func whileWaiting(_ trouble: Trouble) throws {
        let bench = try IngestFixture()
        bench.server.cli("SET", bench.space.rank(of: BatteryID("b")!, by: "valid"), "of another type")
        bench.declare()
        let ingest = try bench.ingest(lease: Self.longLease)
        bench.waitUntilConsumed(1)
        bench.row(1)
        #expect(eventually { bench.count(IngestField.applied) == 2 && bench.blockedClients() == 1 })
        switch trouble {
        case .killedConnection: bench.server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        case .stop:
            ingest.terminate()
            #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
            #expect(bench.server.cli("EXISTS", bench.space.lease) == "0")
        }
        #expect(eventually { bench.count(IngestField.dead) == 1 }, "\(ingest.stderr)")
        #expect(bench.count(IngestField.applied) == 1)
        #expect(bench.server.cli("XLEN", bench.space.dead) == "1")
        #expect(ingest.stderr.contains("cannot write {hypero}:battery:b:rank:valid: WRONGTYPE"))
    }

    /// Leaves no id for a further letter.
    private func fill(_ bench: IngestFixture) {
        bench.server.cli("XADD", bench.space.dead, StreamID.highest.description, "a", "b")
    }

    @Test("dead letters that take no more before it starts: it stops before what it cannot apply, and says so")
    func full() throws {
        let bench = try IngestFixture()
        fill(bench)
        bench.declare()
        bench.add("event", "surprise")
        let ingest = try bench.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:dead accepts no more entries") })
        #expect(bench.consumed == 1)
        #expect(try bench.statusSays("{hypero}:dead takes no more entries"))
        bench.server.cli("DEL", bench.space.dead)
        bench.waitUntilConsumed(2)
        #expect(bench.server.cli("XLEN", bench.space.dead) == "1")
        #expect(ingest.lines < 12, "\(ingest.stderr)")
    }

    @Test("dead letters that take no more while it runs: it owes one batch's, applies no other, and a drain fails")
    func fullLater() throws {
        let bench = try IngestFixture()
        let ingest = try bench.ingest()
        bench.declare()
        bench.waitUntilConsumed(1)
        fill(bench)
        bench.add("event", "surprise")
        #expect(eventually { ingest.stderr.contains("{hypero}:dead accepts no more entries") })
        let drain = try ChildProcess.run("hypero-ingest", ["--redis", bench.server.url, "--drain"])
        #expect(drain.ending == .exited(1) && drain.stderr.contains("{hypero}:dead accepts no more entries"))
        bench.row(1)
        bench.server.cli("DEL", bench.space.dead)
        bench.waitUntilConsumed(3)
        #expect(eventually { bench.server.cli("XLEN", bench.space.dead) == "1" })
        #expect(bench.count(IngestField.dead) == 1)
    }

    @Test("a stop while letters cannot be written says which entries they are for, and is no success")
    func fullAtTheEnd() throws {
        let bench = try IngestFixture()
        let ingest = try bench.ingest(lease: Self.longLease)
        bench.declare()
        bench.waitUntilConsumed(1)
        fill(bench)
        let id = bench.add("event", "surprise")
        #expect(eventually { bench.count(IngestField.dead) == 1 })
        ingest.terminate()
        #expect(ingest.wait() == .exited(1))
        #expect(
            ingest.stderr.contains("cannot write dead letters to {hypero}:dead. These entries of {hypero}:events were not applied completely: \(id)"),
            "\(ingest.stderr)")
        #expect(bench.server.cli("EXISTS", bench.space.lease) == "0")
    }

    @Test("an account that may not write dead letters is said, and not that all is well between two tries")
    func denied() throws {
        let bench = try IngestFixture()
        bench.server.cli("ACL", "SETUSER", "ingest", "on", ">secret", "~*", "+@all", "-xadd")
        bench.declare()
        bench.add("event", "surprise")
        let ingest = try bench.ingest(url: bench.server.url.replacing("unix://", with: "unix://ingest:secret@"))
        func refusals() -> Int {
            bench.server.cli("INFO", "errorstats").split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("errorstat_NOPERM:count=") }.flatMap { Int($0.drop { $0 != "=" }.dropFirst()) }
                ?? 0
        }
        #expect(eventually { refusals() >= 3 })
        #expect(ingest.stderr.contains("NOPERM"))
        #expect(!ingest.stderr.contains("owning the partition"), "\(ingest.stderr)")
        bench.server.cli("ACL", "SETUSER", "ingest", "+xadd")
        bench.waitUntilConsumed(2)
        #expect(eventually { ingest.stderr.contains("owning the partition") })
    }
}
