import HyperoSchema
import TestSupport
import Testing

@Suite struct DeletionTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
    }

    @Test func `A deleted experiment is gone from all keys, and its later events are dropped and counted`() throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 3)
        let applied = try fixture.ingest.consumed()
        #expect(try fixture.places(of: fixture.experiment).count >= 5)
        let id = fixture.command("event", "delete", "experiment", fixture.experiment.text)
        fixture.waitForCommand(id)
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(fixture.score(keyspace.deleted, fixture.experiment.text) == String(StreamID(id)!.milliseconds))
        #expect(server.cli("ZCARD", keyspace.experiments(of: EventSequence.battery)) == "2")
        #expect(server.cli("ZCARD", keyspace.rank(of: EventSequence.battery, by: "valid")) == "2")

        let before = try fixture.indexes()
        fixture.addRow(9, of: fixture.experiment.text)
        try fixture.waitUntilConsumed(applied + 1)
        #expect(try fixture.indexes() == before)
        #expect(try fixture.ingest.metric(IngestField.deleted) == "1")
        #expect(server.cli("XLEN", keyspace.dead) == "0")

        // The next owner reads the tombstones.
        ingest.kill()
        fixture.addRow(10, of: fixture.experiment.text)
        _ = try fixture.ingest.ingest()
        try fixture.ingest.drain()
        #expect(try fixture.indexes() == before)
        #expect(try fixture.ingest.metric(IngestField.deleted) == "2")
        #expect(eventually { server.cli("XLEN", keyspace.control) == "0" })
    }

    @Test func `A deleted battery is gone with all experiments, and comes back empty when it is declared again`() throws
    {
        let ingest = try fixture.ingest.ingest()
        // Five transactions.
        try fixture.train(experiments: 1_200, epochs: 1)
        var applied = try fixture.ingest.consumed()
        for experiment in ["p-1", "p-2"] {
            server.cli(
                "XADD", keyspace.events, "*", "event", "end", "experiment", experiment, "battery",
                EventSequence.battery.text, "status", "done")
        }
        applied += 2
        try fixture.waitUntilConsumed(applied)
        let id = fixture.command("event", "delete", "battery", EventSequence.battery.text)
        fixture.waitForCommand(id)
        #expect(try fixture.indexes() == [:])
        // The battery, and the experiments that had not ended.
        #expect(server.cli("ZCARD", keyspace.deleted) == "1199")
        #expect(fixture.score(keyspace.deleted, "p-1") == "")
        #expect(eventually { ingest.stderr.contains("deleted battery digits.v1.0 with 1200 experiments") })

        fixture.addRow(2, of: "p-3")
        fixture.declare()
        fixture.addRow(2, of: "p-3")
        fixture.addRow(1, of: "q-1")
        applied += 4
        try fixture.waitUntilConsumed(applied)
        #expect(try fixture.ingest.metric(IngestField.deleted) == "2")
        #expect(server.cli("ZRANGE", keyspace.batteries, "0", "-1") == EventSequence.battery.text)
        #expect(server.cli("ZRANGE", keyspace.experiments(of: EventSequence.battery), "0", "-1") == "q-1")
        #expect(server.cli("HGET", keyspace.battery(EventSequence.battery), "objective") == "valid")
        #expect(fixture.score(keyspace.deleted, EventSequence.battery.text) == "")
        #expect(server.cli("XLEN", keyspace.dead) == "0")
    }

    @Test(arguments: [true, false])
    func `The next owner goes on with the deletion of a battery that a stop or a kill interrupts`(isKilled: Bool) throws
    {
        let count = 30_000
        let battery = EventSequence.battery
        // Written as an ingest would, because only the deletion is tested.
        let script = (1...count).map { number in
            "HSET \(keyspace.experiment(ExperimentID("x-\(number)")!)) battery \(battery.text) status running updated 1\n"
                + "ZADD \(keyspace.experiments(of: battery)) \(number) x-\(number)\n"
        }.joined()
        try fixture.ingest.run(script)
        try fixture.ingest.add([EventSequence.declaration])
        try fixture.ingest.drain()
        let id = fixture.command("event", "delete", "battery", battery.text)
        let first = try fixture.ingest.ingest()
        func remaining() -> Int { Int(server.cli("ZCARD", keyspace.experiments(of: battery))) ?? 0 }
        #expect(eventually { remaining() < count })
        if isKilled { first.kill() } else { first.terminate() }
        first.wait()
        let second = try fixture.ingest.ingest()
        fixture.waitForCommand(id)
        second.terminate()
        #expect(second.wait() == .exited(0))
        #expect(try fixture.indexes() == [:])
        #expect(server.cli("ZCARD", keyspace.deleted) == String(count + 1))
    }

    @Test func `Events of a deleted battery that an ingest dropped before it was killed do not become dead letters`()
        throws
    {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 1)
        let applied = try fixture.ingest.consumed()
        fixture.waitForCommand(fixture.command("event", "delete", "battery", EventSequence.battery.text))
        fixture.addRow(3, of: "p-1")
        fixture.addRow(3, of: "q-1")
        try fixture.waitUntilConsumed(applied + 2)
        ingest.kill()
        try fixture.ingest.drain()
        #expect(server.cli("XLEN", keyspace.dead) == "0")
        #expect(try fixture.ingest.metric(IngestField.deleted) == "2")
    }

    @Test func `Entries that were applied before a deletion do not become dead letters after a kill`() throws {
        let ingest = try fixture.ingest.ingest()
        try fixture.train(experiments: 2)
        ingest.kill()
        fixture.command("event", "delete", "battery", EventSequence.battery.text)
        // It carries out the deletion, and is killed before or after its first transaction.
        let second = try fixture.ingest.ingest()
        #expect(eventually { server.cli("EXISTS", keyspace.battery(EventSequence.battery)) == "0" })
        second.kill()
        try fixture.ingest.drain()
        #expect(try fixture.indexes() == [:])
        #expect(server.cli("XLEN", keyspace.dead) == "0")
    }

    @Test func `The dead letters of a killed ingest are written before a deletion removes the keys that show them`()
        throws
    {
        let count = 3_000
        let battery = EventSequence.battery
        let script = (1...count).map { number in
            "HSET \(keyspace.experiment(ExperimentID("x-\(number)")!)) battery \(battery.text) status running updated 1\n"
                + "ZADD \(keyspace.experiments(of: battery)) \(number) x-\(number)\n"
        }.joined()
        try fixture.ingest.run(script)
        let events = EventSequence.training(by: "p", experiments: 2, epochs: 1)
        try fixture.ingest.add(events)
        try fixture.ingest.drain()
        // As if the owner had been killed after a transaction whose change of a ranking failed.
        let rank = keyspace.rank(of: battery, by: "train")
        server.cli("DEL", rank)
        server.cli("SET", rank, "of another type")
        let cursor = try #require(try fixture.ingest.metric(IngestField.cursor))
        server.cli("HSET", keyspace.ingest, IngestField.unconfirmed, "0-0 \(cursor) 0")
        fixture.command("event", "delete", "battery", battery.text)
        let ingest = try fixture.ingest.ingest()
        func remaining() -> Int { Int(server.cli("ZCARD", keyspace.experiments(of: battery))) ?? 0 }
        #expect(eventually { remaining() < count })
        ingest.kill()
        let letters = server.cli("XLEN", keyspace.dead)
        // The rows of both experiments, whose maxima include the channel.
        #expect(letters == "6")
        try fixture.ingest.drain()
        #expect(server.cli("XLEN", keyspace.dead) == letters)
        #expect(try fixture.indexes() == [:])
    }

    @Test func `A drain carries out commands, even without entries, and passes over invalid ones with one line`() throws
    {
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        fixture.command("event", "destroy", "experiment", "p-1")
        fixture.command("event", "delete", "experiment", "p-1")
        let drained = try fixture.ingest.drain()
        // The deletion came first, so that the events of the experiment were dropped.
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(drained.stderr.contains("invalid command: entry"))
        #expect(drained.stderr.contains("the field 'event' must be 'delete', 'thin' or 'rebuild', not 'destroy'"))
        let last = fixture.command("event", "delete")
        let again = try fixture.ingest.drain()
        #expect(again.stderr.contains("must have the field 'experiment' or 'battery'"))
        #expect(server.cli("HGET", keyspace.ingest, IngestField.control) == last)
        #expect(try !fixture.ingest.drain().stderr.contains("invalid command"))
    }

    @Test func `A deleted experiment is gone from the rankings of channels that differ only in their bytes`() throws {
        // Composed, decomposed, and with an accent that joins the dot of the prefix.
        let channels = ["caf\u{E9}", "cafe\u{301}", "\u{301}x"]
        func events(_ experiment: String) -> [Event] {
            let cells = channels.map { CurveRow.Cell($0, Number(1)) }
            return [
                Event(
                    experiment: ExperimentID(experiment), battery: EventSequence.battery, time: nil,
                    body: .epoch(1, cells + [CurveRow.Cell("valid", Number(1))]))
            ]
        }
        try fixture.ingest.add([EventSequence.declaration] + events("p-1") + events("p-2"))
        try fixture.ingest.drain()
        let isRanked = try fixture.places(of: fixture.experiment).count
        fixture.command("event", "delete", "experiment", fixture.experiment.text)
        try fixture.ingest.drain()
        for channel in channels {
            let key = keyspace.rank(of: EventSequence.battery, by: channel)
            #expect(server.cli("ZRANGE", key, "0", "-1") == "p-2", "\(isRanked) places")
        }
        fixture.command("event", "delete", "battery", EventSequence.battery.text)
        try fixture.ingest.drain()
        #expect(server.cli("KEYS", "*:rank:*") == "")
    }

    @Test func `Tombstones expire after thirty days`() throws {
        let now = try #require(Int(server.cli("TIME").split(whereSeparator: \.isNewline)[0])) * 1_000
        let day = 24 * 3_600_000
        server.cli("ZADD", keyspace.deleted, "\(now - 31 * day)", "p-1", "\(now - 29 * day)", "p-2")
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 2, epochs: 1))
        try fixture.ingest.drain()
        #expect(server.cli("ZRANGE", keyspace.deleted, "0", "-1") == "p-2")
        #expect(server.cli("ZRANGE", keyspace.experiments(of: EventSequence.battery), "0", "-1") == "p-1")
    }

    @Test func `A control key of another type is reported, and does not stop the events`() throws {
        server.cli("SET", keyspace.control, "text")
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        let drained = try fixture.ingest.drain()
        #expect(drained.stderr.contains("cannot read commands: {hypero}:control must be a stream"))
        #expect(try fixture.places(of: fixture.experiment) != [])
    }
}
