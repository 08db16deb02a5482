import Foundation
import Hypero
import TestSupport
import Testing

@Suite("hypero-ingest adopt")
struct AdoptCommandTests {
    private func adopt(in fixture: NetworkFixture, _ options: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            // The clients write to the proxy.
            "hypero-ingest", ["adopt", "--redis", fixture.server.url, "--any-server", "--settle", "0.1"] + options,
            within: .seconds(120))
    }

    /// Closes a client that could not send its events.
    private func makeOrphan(in fixture: NetworkFixture) throws {
        fixture.proxy.network = .unreachable
        let hypero = try fixture.client()
        hypero.battery("orphaned").experiment().logRows(0..<100)
        #expect(!hypero.close(timeout: .milliseconds(50)))
        fixture.waitUntilJournalsAreUnlocked()
    }

    @Test func `hypero-ingest adopt sends an orphaned journal and waits until its events are applied`() throws {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        try makeOrphan(in: fixture)
        let outcome = try adopt(in: fixture, "--journal", fixture.journal)
        #expect(outcome.ending == .exited(0))
        #expect(
            outcome.stdout == """
                1 journal sent and removed; Redis has acknowledged 102 events
                1 journal written for \(fixture.proxy.url), sent to \(fixture.server.url)

                """, "\(outcome.stderr)")
        #expect(fixture.server.cli("HGET", "{hypero}:ingest", "applied") == "102")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.journal) == [])
    }

    @Test func `hypero-ingest adopt fails at its timeout and keeps the journal`() throws {
        let fixture = try NetworkFixture()
        try makeOrphan(in: fixture)
        // No ingest is running.
        let outcome = try adopt(in: fixture, "--journal", fixture.journal, "--timeout", "3")
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("timed out"))
        #expect(
            outcome.stdout.hasPrefix(
                "1 journal sent, not known to be applied; Redis has acknowledged 102 events\n"), "\(outcome.stdout)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.journal).count == 1)
    }

    @Test func `hypero-ingest adopt without Redis says that the journal was not sent and that time ran out`() throws {
        let fixture = try NetworkFixture()
        try makeOrphan(in: fixture)
        fixture.server.kill()
        let outcome = try adopt(in: fixture, "--journal", fixture.journal, "--timeout", "1")
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stdout == "1 journal not sent to the end; Redis has acknowledged 0 events\n")
        #expect(outcome.stderr.contains("timed out before all events were applied; the remaining journals are kept"))
        #expect(outcome.stderr.contains("cannot connect"), "\(outcome.stderr)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.journal).count == 1)
    }

    @Test func `hypero-ingest adopt succeeds without journals and fails without a folder`() throws {
        let fixture = try NetworkFixture()
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("a.bak"), withIntermediateDirectories: false)
        let withoutJournals = try adopt(in: fixture, "--journal", folder.path)
        #expect(withoutJournals.ending == .exited(0))
        #expect(withoutJournals.stdout == "no journals sent from \(folder.path)\n")
        #expect(
            withoutJournals.stderr == "hypero-ingest: ignored, because the names are not those of journals: a.bak\n")
        let withoutFolder = try adopt(in: fixture, "--journal", "/nowhere/at all")
        #expect(withoutFolder.ending == .exited(1))
        #expect(
            withoutFolder.stderr
                == """
                hypero-ingest: cannot read the journal folder: realpath /nowhere/at all: No such file or directory. If the \
                trainings used another one, give it with --journal, or set HYPERO_JOURNAL or XDG_STATE_HOME as for the trainings

                """)
        let withoutDefault = try ChildProcess.run(
            "hypero-ingest", ["adopt", "--redis", fixture.server.url],
            environment: ["HYPERO_JOURNAL": "/nowhere/at all"])
        #expect(withoutDefault.ending == .exited(1))
        #expect(withoutDefault.stderr == withoutFolder.stderr)
        // In the test, XDG_STATE_HOME names a folder that does not exist.
        let withoutState = try adopt(in: fixture)
        #expect(withoutState.ending == .exited(1))
        #expect(withoutState.stderr.contains("state/hypero/journal: No such file or directory"))
        #expect(try adopt(in: fixture, "--timeout", "0").ending == .exited(64))
    }
}
