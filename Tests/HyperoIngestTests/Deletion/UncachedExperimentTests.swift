import HyperoSchema
import TestSupport
import Testing

/// Experiments whose hashes were removed by hand while no ingest had them in memory.
@Suite struct UncachedExperimentTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 2, epochs: 2))
        try fixture.ingest.drain()
        server.cli("DEL", keyspace.experiment(fixture.experiment))
    }

    @Test(arguments: ["epoch", "start", "resume"])
    func `An experiment without its hash stays away, and nothing is left of it`(event: String) throws {
        if event == "epoch" {
            fixture.addRow(3, of: "p-1")
        } else {
            server.cli(
                "XADD", keyspace.events, "*", "event", "start", "attempt", event == "start" ? "1" : "2", "experiment",
                "p-1", "battery", EventSequence.battery.text)
        }
        fixture.addRow(3, of: "p-2")
        let drained = try fixture.ingest.drain()
        #expect(drained.stderr.contains("{hypero}:experiment:p-1 was removed by another client"))
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(fixture.score(keyspace.deleted, "p-1") != "")
        #expect(try fixture.ingest.metric(IngestField.deleted) == "1")
        #expect(server.cli("HGET", keyspace.curve(of: ExperimentID("p-2")!), "3") == "valid=1")
    }

    @Test func `A dead letter with a first start that is sent again restores an experiment without its hash`() throws {
        server.cli(
            "XADD", keyspace.events, "*", "event", "start", "experiment", "p-1", "battery", EventSequence.battery.text,
            "host", "h", "requeued", "5-0")
        try fixture.ingest.drain()
        #expect(server.cli("HGET", keyspace.experiment(fixture.experiment), "host") == "h")
        #expect(server.cli("EXISTS", keyspace.deleted) == "0")
    }

    @Test func `A dead letter that is sent again restores an experiment without its hash`() throws {
        server.cli(
            "XADD", keyspace.events, "*", "event", "param", "experiment", "p-1", "battery", EventSequence.battery.text,
            "param.lr", "1", "requeued", "5-0")
        try fixture.ingest.drain()
        #expect(server.cli("HGET", keyspace.experiment(fixture.experiment), "param.lr") == "1")
        #expect(server.cli("EXISTS", keyspace.deleted) == "0")
    }
}
