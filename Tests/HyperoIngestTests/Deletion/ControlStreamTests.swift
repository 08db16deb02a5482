import HyperoSchema
import TestSupport
import Testing

/// Control streams with commands that were carried out before, or that have started over.
@Suite struct ControlStreamTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }
    private let battery = EventSequence.battery

    init() throws {
        fixture = try DeletionFixture()
    }

    /// Writes a command under an id to a new control stream, as if its owner had been killed before it could remove the command.
    private func leave(_ fields: [String], id: String) {
        server.cli("DEL", keyspace.control)
        #expect(server.cli(["XADD", keyspace.control, id] + fields) == id)
    }

    @Test func `A command that a former owner has carried out is removed by the next one`() throws {
        let command = ["event", "delete", "experiment", fixture.experiment.text]
        let first = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        let id = server.cli(["XADD", keyspace.control, "*"] + command)
        fixture.waitForCommand(id)
        first.terminate()
        first.wait()
        leave(command, id: id)
        let second = try fixture.ingest.ingest()
        #expect(eventually { server.cli("XLEN", keyspace.control) == "0" })
        #expect(!second.stderr.contains("deleted experiment"))
    }

    @Test func `A deletion is not carried out again after its battery was revived`() throws {
        let command = ["event", "delete", "battery", battery.text]
        let first = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        let applied = try fixture.ingest.consumed()
        let id = server.cli(["XADD", keyspace.control, "*"] + command)
        fixture.waitForCommand(id)
        fixture.declare()
        fixture.addRow(1, of: "n-1")
        try fixture.waitUntilConsumed(applied + 2)
        first.terminate()
        first.wait()
        // The entries are gone, so that nothing would bring the experiment back.
        server.cli("DEL", keyspace.ingest, keyspace.events)
        leave(command, id: id)
        let before = try fixture.indexes()
        #expect(server.cli("ZCARD", keyspace.experiments(of: battery)) == "1")
        let second = try fixture.ingest.ingest()
        fixture.waitForCommand(id)
        #expect(try fixture.indexes().keys.sorted() == before.keys.sorted())
        #expect(server.cli("ZCARD", keyspace.experiments(of: battery)) == "1")
        #expect(eventually { server.cli("XLEN", keyspace.control) == "0" })
        #expect(
            eventually { second.stderr.contains("passed over entry \(id) of {hypero}:control: battery digits.v1.0") })
    }

    @Test(arguments: [true, false])
    func `A deletion that is more than a day older than its subject is passed over`(ofBattery: Bool) throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        let before = try fixture.indexes()
        // The events are of 2023.
        let id = "1600000000000-1"
        let subject = ofBattery ? ["battery", battery.text] : ["experiment", "p-1"]
        leave(["event", "delete"] + subject, id: id)
        fixture.waitForCommand(id)
        #expect(try fixture.indexes() == before)
        #expect(eventually { ingest.stderr.contains("is newer than this deletion") })
        // The same deletion at another time is carried out.
        let later = server.cli(["XADD", keyspace.control, "*", "event", "delete"] + subject)
        fixture.waitForCommand(later)
        #expect(try fixture.places(of: fixture.experiment) == [])
    }

    @Test func `A control stream that has started over is read from its beginning`() throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        // An id ahead of the clock, as after a clock that was set back.
        let ahead = "4102444800000-0"
        server.cli("XADD", keyspace.control, ahead, "event", "delete", "experiment", "p-1")
        fixture.waitForCommand(ahead)
        server.cli("DEL", keyspace.control)
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["delete", "--redis", server.url, "--yes", "p-2"], within: .seconds(90))
        #expect(outcome.succeeded, "\(outcome.stderr)")
        #expect(try fixture.places(of: ExperimentID("p-2")!) == [])
        let message = "{hypero}:control is another stream than before: reading it from its beginning"
        #expect(eventually { ingest.stderr.contains(message) })
    }
}
