import HyperoSchema
import TestSupport
import Testing

/// Hashes that are larger than the ingest reads in one reply.
@Suite struct LargeHashTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }
    private let battery = EventSequence.battery

    init() throws {
        fixture = try DeletionFixture()
    }

    /// Adds 600 fields of 65,000 bytes to a hash: 37 MiB.
    private func grow(_ key: String, prefix: String) {
        let script = "for i = 1, 600 do redis.call('HSET', KEYS[1], ARGV[1] .. i, string.rep('x', 65000)) end"
        #expect(server.cli("EVAL", script, "1", key, prefix) == "")
    }

    @Test func `The events of a battery with a hash that is too large to read are applied`() throws {
        try fixture.ingest.add([EventSequence.declaration])
        try fixture.ingest.drain()
        grow(keyspace.battery(battery), prefix: Prefix.direction)
        let events = EventSequence.training(by: "p", experiments: 1, epochs: 2)
        try fixture.ingest.add(events)
        let drained = try fixture.ingest.drain()
        #expect(drained.stderr.contains("new directions of its channels are ignored"))
        #expect(server.cli("XLEN", keyspace.dead) == "0")
        #expect(try fixture.ingest.consumed() == events.count + 1)
        #expect(server.cli("ZRANGE", keyspace.experiments(of: battery), "0", "-1") == "p-1")
    }

    @Test func `An experiment with a hash that is too large to read is deleted from all keys`() throws {
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 2, epochs: 2))
        try fixture.ingest.drain()
        grow(keyspace.experiment(fixture.experiment), prefix: Prefix.meta)
        fixture.command("event", "delete", "experiment", fixture.experiment.text)
        try fixture.ingest.drain()
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(server.cli("ZRANGE", keyspace.rank(of: battery, by: "valid"), "0", "-1") == "p-2")
    }

    @Test func `The events of an experiment that must be listed again are applied if its hash is too large to read`()
        throws
    {
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 1, epochs: 2))
        try fixture.ingest.drain()
        grow(keyspace.experiment(fixture.experiment), prefix: Prefix.meta)
        server.cli("UNLINK", keyspace.experiments(of: battery))
        fixture.addRow(3, of: fixture.experiment.text)
        try fixture.ingest.drain()
        #expect(server.cli("XLEN", keyspace.dead) == "0")
        #expect(server.cli("ZRANGE", keyspace.experiments(of: battery), "0", "-1") == "p-1")
    }
}
