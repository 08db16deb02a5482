import HyperoSchema
import TestSupport
import Testing

/// Batteries whose hash another client has removed, and that are declared again with another objective.
@Suite struct RedeclarationTests {
    private let fixture: DeletionFixture
    private let battery = EventSequence.battery
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
    }

    private func addRow(_ epoch: Int, _ cells: String...) {
        server.cli(
            [
                "XADD", keyspace.events, "*", "event", "epoch", "experiment", "q-1", "battery", battery.text, "epoch",
                "\(epoch)",
            ]
                + cells)
    }

    private func redeclare() {
        server.cli(
            "XADD", keyspace.events, "*", "event", "battery", "battery", battery.text, "name", "digits", "version", "1",
            "description", "", "objective", "loss", "direction", "min")
    }

    /// Expects the maxima of the row with the lowest loss, which is the second one.
    private func expectMaxima(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let hash = try fixture.indexes()[":experiment:q-1"] ?? [:]
        let maxima = hash.filter { $0.key.hasPrefix("max.") }
        #expect(
            maxima == ["max.epoch": "2", "max.source": "curve", "max.valid": "0.2", "max.loss": "1"],
            sourceLocation: sourceLocation)
        #expect(
            server.cli("ZSCORE", keyspace.rank(of: battery, by: "loss"), "q-1") == "1", sourceLocation: sourceLocation)
        #expect(
            server.cli("ZSCORE", keyspace.rank(of: battery, by: "valid"), "q-1").hasPrefix("0.2"),
            sourceLocation: sourceLocation)
        #expect(
            server.cli("ZSCORE", keyspace.rank(of: battery, by: "test"), "q-1") == "", sourceLocation: sourceLocation)
        let declared = try fixture.indexes()[":battery:\(battery.text)"] ?? [:]
        #expect(declared["objective"] == "loss" && declared["direction"] == "min", sourceLocation: sourceLocation)
        #expect(declared["conflict"] == nil, sourceLocation: sourceLocation)
    }

    private func addRows() {
        fixture.declare()
        addRow(1, "curve.valid", "0.9", "curve.loss", "3", "curve.test", "0.8")
        addRow(2, "curve.valid", "0.2", "curve.loss", "1")
        addRow(3, "curve.valid", "0.5", "curve.loss", "2")
    }

    @Test(arguments: [true, false])
    func `The maxima of an experiment follow the new objective when the ingest reads it again`(hasRow: Bool) throws {
        addRows()
        try fixture.ingest.drain()
        #expect(server.cli("HGET", keyspace.experiment(ExperimentID("q-1")!), "max.epoch") == "1")
        server.cli("DEL", keyspace.battery(battery))
        redeclare()
        if hasRow {
            addRow(4, "curve.valid", "0.95", "curve.loss", "5")
        } else {
            server.cli(
                "XADD", keyspace.events, "*", "event", "meta", "experiment", "q-1", "battery", battery.text, "meta.a",
                "1")
        }
        try fixture.ingest.drain()
        try expectMaxima()
        addRow(5, "curve.valid", "0.99", "curve.loss", "6")
        try fixture.ingest.drain()
        try expectMaxima()
    }

    @Test func `A declaration right after the removal wins, without a conflict, while the ingest runs`() throws {
        let ingest = try fixture.ingest.ingest()
        addRows()
        try fixture.waitUntilConsumed(4)
        server.cli("DEL", keyspace.battery(battery))
        // The ingest still remembers the battery.
        redeclare()
        #expect(eventually { server.cli("HGET", keyspace.battery(battery), "name") == "digits" })
        addRow(4, "curve.valid", "0.95", "curve.loss", "5")
        try fixture.waitUntilConsumed(6)
        #expect(eventually { server.cli("HGET", keyspace.experiment(ExperimentID("q-1")!), "epochs") == "4" })
        try expectMaxima()
        #expect(ingest.isRunning)
    }
}
