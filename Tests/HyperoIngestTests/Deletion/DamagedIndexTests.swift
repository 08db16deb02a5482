import HyperoSchema
import TestSupport
import Testing

/// Deletions while a list or a ranking has another type.
@Suite struct DamagedIndexTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }
    private static let battery = EventSequence.battery

    init() throws {
        fixture = try DeletionFixture()
    }

    private func delete(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url] + arguments, within: .seconds(90))
    }

    private func damage(_ key: String) {
        server.cli("RENAME", key, "saved")
        server.cli("SET", key, "text")
    }

    private func repair(_ key: String) {
        server.cli("DEL", key)
        server.cli("RENAME", "saved", key)
    }

    @Test(arguments: [":rank:test", ":experiments"])
    func `An experiment that a damaged index kept is removed by a second deletion`(suffix: String) throws {
        let ingest = try fixture.ingest.ingest()
        // The ids of some others begin with the id of the deleted one.
        try fixture.train(experiments: 12, epochs: 1)
        let key = keyspace.battery(Self.battery) + suffix
        damage(key)
        let first = try delete("--yes", "p-1")
        #expect(first.succeeded, "\(first.stderr)")
        #expect(
            eventually {
                ingest.stderr.contains(
                    "cannot delete completely: \(key) must be a sorted set: WRONGTYPE. Rename or delete the key, then delete again"
                )
            }, "\(ingest.stderr)")
        repair(key)
        #expect(fixture.score(key, "p-1") != "")
        let second = try delete("--yes", "p-1")
        #expect(second.stdout.hasSuffix("deleted 1 experiment\n"), "\(second)")
        #expect(fixture.score(key, "p-1") == "")
        #expect(server.cli("EXISTS", keyspace.experiment(fixture.experiment)) == "0")
        #expect(server.cli("ZCARD", keyspace.experiments(of: Self.battery)) == "11")
        #expect(server.cli("ZCARD", keyspace.rank(of: Self.battery, by: "test")) == "11")
    }

    @Test func `A damaged ranking by the objective does not keep an experiment or a battery from being deleted`() throws
    {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        damage(keyspace.rank(of: Self.battery, by: "valid"))
        let experiment = try delete("--yes", "p-1")
        #expect(experiment.succeeded, "\(experiment.stderr)")
        let battery = try delete("--yes", "--battery", "digits")
        #expect(battery.succeeded, "\(battery.stderr)")
        #expect(try fixture.indexes() == [:])
        #expect(ingest.isRunning)
    }

    @Test func `An experiment whose hash has another type is deleted with its places in the indexes`() throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        damage(keyspace.experiment(fixture.experiment))
        let outcome = try delete("--yes", "p-1")
        #expect(outcome.stdout.hasPrefix("experiment p-1 of 'digits' version 1, no status"), "\(outcome)")
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(server.cli("EXISTS", keyspace.experiment(fixture.experiment)) == "0")
        #expect(ingest.isRunning)
    }

    @Test func `A damaged list of batteries is named, and a battery that it kept is deleted by its id`() throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 1)
        damage(keyspace.batteries)
        let refused = try delete("--yes", "--battery", "digits")
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("{hypero}:batteries must be a sorted set: WRONGTYPE. Rename or delete the key"))
        let id = fixture.command("event", "delete", "battery", Self.battery.text)
        fixture.waitForCommand(id)
        repair(keyspace.batteries)
        let second = try delete("--yes", "--battery", Self.battery.text)
        #expect(second.succeeded, "\(second)")
        #expect(try fixture.indexes() == [:])
        #expect(ingest.isRunning)
    }
}
