import HyperoSchema
import TestSupport
import Testing

/// Experiments with events that were dropped because of a deleted battery.
@Suite struct WithheldExperimentTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }
    private let old = BatteryID("old.v1.0")!
    private let victim = ExperimentID("victim-5")!

    init() throws {
        fixture = try DeletionFixture()
        fixture.declare()
        declareOld()
        try fixture.ingest.drain()
        fixture.command("event", "delete", "battery", old.text)
        try fixture.ingest.drain()
    }

    private func declareOld() {
        server.cli(
            "XADD", keyspace.events, "*", "event", "battery", "battery", old.text, "name", "old", "version", "1",
            "description", "")
    }

    private func add(_ event: String, of battery: BatteryID, _ fields: String...) {
        server.cli(
            [
                "XADD", keyspace.events, "*", "event", event, "experiment", victim.text, "battery", battery.text,
            ] + fields)
    }

    private var deleted: Set<String> {
        Set(server.cli("ZRANGE", keyspace.deleted, "0", "-1").split(whereSeparator: \.isNewline).map(String.init))
    }

    @Test(arguments: [true, false])
    func `An account that may only append does not keep a future experiment of another battery away`(
        isLaterOwner: Bool
    ) throws {
        add("meta", of: old, "meta.x", "1")
        if isLaterOwner { try fixture.ingest.drain() }
        add("start", of: EventSequence.battery, "host", "h")
        add("epoch", of: EventSequence.battery, "epoch", "1", "curve.valid", "0.5")
        try fixture.ingest.drain()
        #expect(server.cli("HGET", keyspace.experiment(victim), "host") == "h")
        #expect(server.cli("HGET", keyspace.curve(of: victim), "1") == "valid=0.5")
        #expect(try fixture.ingest.metric(IngestField.deleted) == "1")
        #expect(server.cli("XLEN", keyspace.dead) == "0")
        #expect(deleted == [old.text, "old.v1.0:victim-5"])
    }

    @Test func `An experiment whose start was dropped stays away, although an entry of another battery names it first`()
        throws
    {
        add("start", of: old, "host", "h")
        try fixture.ingest.drain()
        declareOld()
        // The next owner reads the tombstone. The battery of the first entry was never declared.
        add("meta", of: BatteryID("unknown")!, "meta.x", "1")
        add("epoch", of: old, "epoch", "1", "curve.valid", "0.5")
        try fixture.ingest.drain()
        #expect(try fixture.places(of: victim) == [])
        #expect(try fixture.ingest.metric(IngestField.deleted) == "2")
        #expect(deleted == ["old.v1.0:victim-5"])
    }

    @Test func `A running ingest finds the tombstone of an experiment that it has read for another battery`() throws {
        add("start", of: old, "host", "h")
        try fixture.ingest.drain()
        let ingest = try fixture.ingest.ingest()
        let before = try fixture.ingest.consumed()
        add("meta", of: BatteryID("unknown")!, "meta.x", "1")
        try fixture.waitUntilConsumed(before + 1)
        declareOld()
        add("epoch", of: old, "epoch", "1", "curve.valid", "0.5")
        try fixture.waitUntilConsumed(before + 3)
        #expect(try fixture.places(of: victim) == [])
        #expect(try fixture.ingest.metric(IngestField.deleted) == "2")
        #expect(ingest.isRunning)
    }
}
