import HyperoSchema
import TestSupport
import Testing

/// Keys that another client removes while the ingest runs and remembers their state.
@Suite struct VanishedKeyTests {
    private let fixture: DeletionFixture
    private let battery = EventSequence.battery
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
    }

    @Test(arguments: [true, false])
    func `An experiment whose hash was removed by hand stays away, also from the next owner`(withCurve: Bool) throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        let applied = try fixture.ingest.consumed()
        server.cli("DEL", keyspace.experiment(fixture.experiment))
        if withCurve { server.cli("DEL", keyspace.curve(of: fixture.experiment)) }
        fixture.addRow(3, of: "p-1")
        #expect(eventually { fixture.score(keyspace.deleted, "p-1") != "" })
        fixture.addRow(4, of: "p-1")
        fixture.addRow(4, of: "p-2")
        try fixture.waitUntilConsumed(applied + 3)
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(try fixture.ingest.metric(IngestField.deleted) == "1")
        #expect(server.cli("HGET", keyspace.curve(of: ExperimentID("p-2")!), "4") == "valid=1")
        #expect(eventually { ingest.stderr.contains("{hypero}:experiment:p-1 was removed by another client") })
    }

    @Test func `Half an experiment that an ingest left when it was killed is removed before it grows`() throws {
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 2, epochs: 1))
        try fixture.ingest.drain()
        server.cli("DEL", keyspace.experiment(fixture.experiment))
        server.cli("HSET", keyspace.experiment(fixture.experiment), "updated", "5")
        fixture.addRow(3, of: "p-1")
        fixture.addRow(3, of: "p-2")
        try fixture.ingest.drain()
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(fixture.score(keyspace.deleted, "p-1") != "")
        #expect(server.cli("HGET", keyspace.curve(of: ExperimentID("p-2")!), "3") == "valid=1")
    }

    @Test func `A battery that was removed by hand is no longer declared, and a declaration makes it whole again`()
        throws
    {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        let applied = try fixture.ingest.consumed()
        let before = try fixture.indexes()
        removeBattery()
        fixture.addRow(1, of: "p-1")
        #expect(eventually { ingest.stderr.contains("digits.v1.0 was removed by another client") })
        fixture.addRow(1, of: "p-1")
        try fixture.waitUntilConsumed(applied + 2)
        #expect(server.cli("XLEN", keyspace.dead) == "1")
        #expect(server.cli("EXISTS", keyspace.battery(battery), keyspace.batteries) == "0")
        fixture.declare()
        fixture.addRow(1, of: "p-1")
        fixture.addRow(1, of: "p-2")
        try fixture.waitUntilConsumed(applied + 5)
        try expectWhole(like: before)
    }

    @Test func `A declaration right after the removal of a battery is not lost`() throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        let applied = try fixture.ingest.consumed()
        removeBattery()
        // In one transaction, so that they are in one batch.
        server.cli(["EVAL", Self.script, "1", keyspace.events, battery.text])
        try fixture.waitUntilConsumed(applied + 4)
        // The next batch finds the battery whole.
        fixture.addRow(1, of: "p-2")
        try fixture.waitUntilConsumed(applied + 5)
        #expect(server.cli("XLEN", keyspace.dead) == "0")
        #expect(server.cli("HGET", keyspace.battery(battery), "name") == "digits")
        #expect(server.cli("ZRANGE", keyspace.batteries, "0", "-1") == battery.text)
        // A new experiment, one that logged at the same time, and one that logged later.
        #expect(
            server.cli("ZRANGE", keyspace.experiments(of: battery), "0", "-1").split(separator: "\n").sorted() == [
                "p-1", "p-2", "q-1",
            ])
        #expect(server.cli("ZCARD", keyspace.rank(of: battery, by: "train")) == "2")
        #expect(server.cli("ZCARD", keyspace.rank(of: battery, by: "valid")) == "3")
        #expect(server.cli("ZCARD", keyspace.columns(of: battery)) == "7")
        #expect(server.cli("HGET", keyspace.experiment(ExperimentID("q-1")!), "status") == "running")
        #expect(ingest.isRunning)
    }

    private static let script = """
        redis.call('XADD', KEYS[1], '*', 'event', 'battery', 'battery', ARGV[1], 'name', 'digits', 'version', '1',
            'description', '')
        redis.call('XADD', KEYS[1], '*', 'event', 'start', 'experiment', 'q-1', 'battery', ARGV[1])
        redis.call('XADD', KEYS[1], '*', 'event', 'epoch', 'experiment', 'q-1', 'battery', ARGV[1], 'epoch', '1',
            'curve.valid', '1')
        redis.call('XADD', KEYS[1], '*', 'event', 'epoch', 'experiment', 'p-1', 'battery', ARGV[1], 'epoch', '9',
            'curve.valid', '0')
        """

    /// Removes all keys of the battery, as an operator does without `hypero-ingest delete`.
    private func removeBattery() {
        let keys = server.cli("KEYS", keyspace.battery(battery) + "*").split(whereSeparator: \.isNewline).map(
            String.init)
        server.cli(["DEL"] + keys)
        server.cli("ZREM", keyspace.batteries, battery.text)
    }

    /// Expects the same lists, rankings and columns as before, apart from times, and the maxima of the hashes in the rankings.
    private func expectWhole(
        like before: [String: [String: String]], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let found = try fixture.indexes()
        #expect(
            found.mapValues { Set($0.keys) } == before.mapValues { Set($0.keys) }, sourceLocation: sourceLocation)
        for (key, members) in found {
            guard let channel = key.firstRange(of: ":rank:").map({ key[$0.upperBound...] }) else { continue }
            for (experiment, score) in members {
                let maximum = found[":experiment:\(experiment)"]?["max.\(channel)"]
                #expect(Double(score) == maximum.flatMap { Double($0) }, "\(key)", sourceLocation: sourceLocation)
            }
        }
        let experiments = String(keyspace.experiments(of: battery).dropFirst(keyspace.tag.count))
        #expect(found[experiments] == before[experiments], sourceLocation: sourceLocation)
    }
}
