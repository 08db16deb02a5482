import HyperoSchema
import TestSupport
import Testing

/// Deletions while the key of the deleted ids has another type.
@Suite struct TombstoneKeyTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
    }

    @Test(arguments: [true, false])
    func `A deletion whose tombstone cannot be written is an error that names the key, and is done later`(
        ofBattery: Bool
    ) throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        let before = try fixture.indexes()
        server.cli("SET", keyspace.deleted, "text")
        let id =
            ofBattery
            ? fixture.command("event", "delete", "battery", EventSequence.battery.text)
            : fixture.command("event", "delete", "experiment", "p-1")
        let message = "{hypero}:deleted must be a sorted set: WRONGTYPE. Rename or delete the key"
        #expect(eventually { ingest.stderr.contains(message) })
        #expect(try fixture.indexes() == before)
        #expect(try fixture.ingest.metric(IngestField.control) == nil)
        server.cli("DEL", keyspace.deleted)
        fixture.waitForCommand(id)
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(fixture.score(keyspace.deleted, ofBattery ? EventSequence.battery.text : "p-1") != "")
    }

    @Test func `An experiment whose hash was removed by hand is not reported as dropped without its tombstone`() throws
    {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 1)
        server.cli("SET", keyspace.deleted, "text")
        server.cli("DEL", keyspace.experiment(fixture.experiment))
        fixture.addRow(3, of: "p-1")
        #expect(eventually { ingest.stderr.contains("{hypero}:deleted must be a sorted set: WRONGTYPE") })
        #expect(!ingest.stderr.contains("its further events are dropped"))
        server.cli("DEL", keyspace.deleted)
        #expect(eventually { fixture.score(keyspace.deleted, "p-1") != "" })
        #expect(try fixture.places(of: fixture.experiment) == [])
    }
}
