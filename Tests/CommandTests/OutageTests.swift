import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite struct OutageTests {
    @Test func `A training loses no event when Redis hangs, is killed and restarts`() throws {
        // With everysec, Redis may acknowledge a command before its write(2), so a kill could lose acknowledged events.
        let fixture = try CommandFixture(configuration: ["appendfsync always"])
        let ingest = try fixture.ingest("--log-level", "critical")
        defer { ingest.kill() }
        let epochs = 30_000
        let hypero = try Hypero.connect(fixture.server.url)
        let experiment = hypero.battery("outage").experiment()
        for epoch in 1...epochs {
            // The faults occur in the middle of the training while the sender is working.
            if epoch == epochs / 4 { fixture.server.suspend() }
            if epoch == epochs / 2 { fixture.server.kill() }
            if epoch == epochs * 3 / 4 { try fixture.server.restart() }
            experiment.log(epoch: epoch, train: Double(epoch), valid: 1 / Double(epoch), test: 0.5)
        }
        experiment.finish()

        #expect(hypero.flush(until: .applied, timeout: .seconds(120)))
        let counters = hypero.counters
        #expect(counters.accepted == UInt64(epochs) + 3)
        #expect(counters.sent == counters.accepted)
        #expect(counters.dropped.total == 0)
        var connection = try fixture.connect()
        var rows = try connection.call("HLEN", fixture.keyspace.curve(of: try #require(ExperimentID(experiment.id))))
        #expect(try rows.integer() == epochs)
        var fields = try connection.call(
            "HMGET", fixture.keyspace.experiment(try #require(ExperimentID(experiment.id))), "status", "epochs",
            "max.epoch", "max.valid")
        #expect(try fields.strings() == ["done", "\(epochs)", "1", "1"])
        #expect(hypero.close(timeout: .seconds(10)))
    }

    @Test func `A demo without a reachable Redis trains to the end and reports the journal that keeps its events`()
        throws
    {
        let folder = try TemporaryFolder()
        let demo = try ChildProcess.run(
            "hypero-demo",
            ["--experiments", "2", "--epochs", "2", "--workers", "2", "--redis", "unix://\(folder.file("no.sock"))"],
            within: .seconds(120))
        #expect(demo.ending == .exited(75))
        #expect(demo.stderr.contains("journal"))
    }
}
