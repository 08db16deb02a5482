import HyperoSchema
import TestSupport
import Testing

/// Events that arrive after the deletion of their battery and its next declaration.
@Suite struct LateEventTests {
    private let fixture: DeletionFixture
    private let battery = EventSequence.battery
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 2, epochs: 1))
        for experiment in ["p-1", "p-2"] {
            server.cli(
                "XADD", keyspace.events, "*", "event", "end", "experiment", experiment, "battery", battery.text,
                "status",
                "done")
        }
        try fixture.ingest.drain()
        fixture.command("event", "delete", "battery", battery.text)
        try fixture.ingest.drain()
        fixture.declare()
    }

    /// Adds an event with the time of the training, before the deletion.
    private func add(_ event: String, of experiment: String, _ fields: String...) {
        server.cli(
            [
                "XADD", keyspace.events, "*", "event", event, "experiment", experiment, "battery", battery.text, "time",
                "1700000000000",
            ]
                + fields)
    }

    private var experiments: [String] {
        server.cli("ZRANGE", keyspace.experiments(of: battery), "0", "-1").split(separator: "\n").map(String.init)
    }

    @Test(arguments: [true, false])
    func `A late row of an experiment that had ended begins none`(inOneBatch: Bool) throws {
        if !inOneBatch { try fixture.ingest.drain() }
        add("epoch", of: "p-1", "epoch", "9", "curve.valid", "1")
        add("end", of: "p-1", "status", "done")
        try fixture.ingest.drain()
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(experiments == [])
        #expect(try fixture.ingest.metric(IngestField.deleted) == "2")
        #expect(server.cli("HGET", keyspace.battery(battery), BatteryField.deleted) != "")
    }

    @Test func `A producer learns how many of its events were dropped`() throws {
        fixture.command("event", "delete", "experiment", "q-1")
        try fixture.ingest.drain()
        for seq in 1...3 {
            server.cli(
                "XADD", keyspace.events, "*", "event", "epoch", "experiment", "q-1", "battery", battery.text,
                "producer",
                "q", "seq", "\(seq)", "epoch", "\(seq)", "curve.valid", "1")
            try fixture.ingest.drain()
        }
        add("epoch", of: "p-1", "epoch", "9", "curve.valid", "1", "producer", "q", "seq", "4")
        add("start", of: "q-2", "producer", "q", "seq", "5")
        try fixture.ingest.drain()
        let key = keyspace.producer(ProducerID("q")!)
        #expect(server.cli("HGET", key, ProducerField.deleted) == "4")
        #expect(server.cli("HGET", key, ProducerField.seq) == "5")
        #expect(try fixture.ingest.metric(IngestField.deleted) == "4")
    }

    @Test func `A late start begins a whole experiment, and so do later events and requeued ones`() throws {
        add("start", of: "p-1")
        add("epoch", of: "p-1", "epoch", "1", "curve.valid", "1")
        add("param", of: "p-2", "param.lr", "1", "requeued", "5-0")
        fixture.addRow(1, of: "q-1")
        try fixture.ingest.drain()
        #expect(experiments.sorted() == ["p-1", "p-2", "q-1"])
        #expect(server.cli("HGET", keyspace.curve(of: fixture.experiment), "1") == "valid=1")
        #expect(try fixture.ingest.metric(IngestField.deleted) == nil)
    }
}
