import Foundation
import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("A journal that was sent in part when its training ended", .serialized)
struct LeftJournalTests {
    @Test(
        "The rest is sent after it, whatever became of what was on its way",
        arguments: [NetworkCondition.narrow(bytesPerSecond: 20_000), .reset(afterReplyBytes: 4_000), .silent])
    func rest(line: NetworkCondition) throws {
        let bench = try NetworkFixture()
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        let hypero = try bench.client()
        let experiment = hypero.battery("left").experiment()
        experiment.logRows(0..<300)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        bench.proxy.network = line
        experiment.logRows(300..<3_000)
        #expect(!hypero.close(timeout: .seconds(1)))
        let accepted = hypero.counters.accepted
        bench.proxy.network = .good
        let adoption = try ChildProcess.run(
            "hypero-ingest", ["adopt", "--journal", bench.journal, "--redis", bench.proxy.url, "--settle", "0.1"],
            within: .seconds(120))
        #expect(adoption.succeeded, "\(adoption.stdout)\(adoption.stderr)")
        #expect(accepted == 3_002)
        let missing = try bench.missing(through: accepted)
        #expect(missing.isEmpty, "\(missing.count) from \(missing.first ?? 0): \(adoption.stdout)")
        try bench.expectNoDifference()
    }

    @Test("What was logged long ago and applied just now is kept as long as what was logged just now")
    func settling() throws {
        let settle = Duration.seconds(4)
        let bench = try NetworkFixture()
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        let hypero = try bench.client()
        let experiment = hypero.battery("left").experiment()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        bench.proxy.network = .silent
        experiment.logRows(0..<100)
        let logged = ContinuousClock.now
        #expect(!hypero.close(timeout: .milliseconds(300)))
        // Its events are older than the time that they are to be kept.
        #expect(eventually { ContinuousClock.now - logged > settle })
        bench.proxy.network = .good

        // One adopter sends it and is killed, as a short training that had taken it over.
        let arguments = ["adopt", "--journal", bench.journal, "--redis", bench.proxy.url, "--settle", "4"]
        let first = try ChildProcess("hypero-ingest", arguments)
        let sent = ContinuousClock.now
        #expect(
            eventually(within: NetworkFixture.patience) {
                bench.server.cli("HGET", bench.keyspace.ingest, IngestField.applied) == "102"
            })
        first.kill()
        // Redis may still forget it, so the second has to keep it as long as the first would have.
        let second = try ChildProcess.run("hypero-ingest", arguments, within: .seconds(60))
        #expect(second.succeeded, "\(second.stderr)")
        #expect(ContinuousClock.now - sent >= settle)
    }
}
