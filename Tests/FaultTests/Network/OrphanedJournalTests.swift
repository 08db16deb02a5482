import Foundation
import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("Partly sent journals", .serialized)
struct OrphanedJournalTests {
    @Test(arguments: [NetworkCondition.narrow(bytesPerSecond: 20_000), .reset(afterReplyBytes: 4_000), .silent])
    func `An adopter sends all unapplied events of a journal after a network fault`(network: NetworkCondition)
        throws
    {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        let experiment = hypero.battery("orphaned").experiment()
        experiment.logRows(0..<300)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        fixture.proxy.network = network
        experiment.logRows(300..<3_000)
        #expect(!hypero.close(timeout: .seconds(1)))
        let accepted = hypero.counters.accepted
        fixture.proxy.network = .good
        fixture.waitUntilJournalsAreUnlocked()
        let adoption = try ChildProcess.run(
            "hypero-ingest", ["adopt", "--journal", fixture.journal, "--redis", fixture.proxy.url, "--settle", "0.1"],
            within: .seconds(120))
        #expect(adoption.succeeded, "\(adoption.stdout)\(adoption.stderr)")
        #expect(accepted == 3_002)
        let missing = try fixture.missingNumbers(through: accepted)
        #expect(missing.isEmpty, "\(missing.count) from \(missing.first ?? 0): \(adoption.stdout)")
        try fixture.expectIndexesMatchModel()
    }

    @Test func `An adopted journal is kept for the whole durability window after its events are applied`() throws {
        let window = Duration.seconds(4)
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        let experiment = hypero.battery("orphaned").experiment()
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        fixture.proxy.network = .silent
        experiment.logRows(0..<100)
        let logged = ContinuousClock.now
        #expect(!hypero.close(timeout: .milliseconds(300)))
        // The events are older than the durability window.
        #expect(eventually { ContinuousClock.now - logged > window })
        fixture.proxy.network = .good
        fixture.waitUntilJournalsAreUnlocked()

        // One adopter sends the events and is killed, like a short training that has adopted the journal.
        let arguments = ["adopt", "--journal", fixture.journal, "--redis", fixture.proxy.url, "--settle", "4"]
        let first = try ChildProcess("hypero-ingest", arguments)
        let sent = ContinuousClock.now
        #expect(
            eventually(within: NetworkFixture.timeout) {
                fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.applied) == "102"
            })
        first.kill()
        // Redis may still lose the events, so the second adopter must keep them for a whole window.
        let second = try ChildProcess.run("hypero-ingest", arguments, within: .seconds(60))
        #expect(second.succeeded, "\(second.stderr)")
        #expect(ContinuousClock.now - sent >= window)
    }
}
