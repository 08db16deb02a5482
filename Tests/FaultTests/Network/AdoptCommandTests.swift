import Foundation
import Hypero
import TestSupport
import Testing

@Suite("hypero-ingest adopt")
struct AdoptCommandTests {
    private func adopt(_ bench: NetworkFixture, _ options: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest", ["adopt", "--redis", bench.server.url, "--settle", "0.1"] + options, within: .seconds(120))
    }

    /// A client that could not send what it logged, and is gone.
    private func leave(_ bench: NetworkFixture) throws {
        bench.proxy.network = .unreachable
        let hypero = try bench.client()
        hypero.battery("left").experiment().logRows(0..<100)
        #expect(!hypero.close(timeout: .milliseconds(50)))
    }

    @Test("sends what was left wherever it was to go, waits until it is applied, and says how much it was")
    func sends() throws {
        let bench = try NetworkFixture()
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        try leave(bench)
        // The last lock goes with the client's thread, in its own time.
        var outcome = try adopt(bench, "--journal", bench.journal)
        _ = try eventually(within: NetworkFixture.patience) {
            if outcome.stdout.hasPrefix("1 ") { return true }
            outcome = try adopt(bench, "--journal", bench.journal)
            return false
        }
        #expect(outcome.ending == .exited(0))
        #expect(
            outcome.stdout == "1 journal is done with and removed; of its events 102 were sent or had been\n",
            "\(outcome.stderr)")
        #expect(bench.server.cli("HGET", "{hypero}:ingest", "applied") == "102")
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.journal) == [])
    }

    @Test("gives up when the time is over, and leaves the journal to the next")
    func timeout() throws {
        let bench = try NetworkFixture()
        try leave(bench)
        // Nobody applies anything.
        let outcome = try adopt(bench, "--journal", bench.journal, "--timeout", "3")
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("the time is up"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.journal).count == 1)
    }

    @Test("has nothing to do without journals, and says so when the folder is not there")
    func nothing() throws {
        let bench = try NetworkFixture()
        let none = try adopt(bench)
        #expect(none.ending == .exited(0))
        #expect(none.stdout == "there is no journal to send\n")
        let noFolder = try adopt(bench, "--journal", "/nowhere/at all")
        #expect(noFolder.ending == .exited(1))
        #expect(noFolder.stderr == "hypero-ingest: there is no folder /nowhere/at all, or it is not yours to read\n")
        #expect(try adopt(bench, "--timeout", "0").ending == .exited(64))
    }
}
