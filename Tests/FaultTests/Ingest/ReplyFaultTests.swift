import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Failed commands within an applied transaction, and requeued dead letters.
@Suite struct ReplyFaultTests {
    private let battery = BatteryID("b")!

    private func deadLetters(of fixture: IngestFixture) throws -> [StreamEntry] {
        var connection = try fixture.connect()
        return try StreamEntry.all(of: fixture.keyspace.dead, from: &connection)
    }

    private func text(_ name: String, of letter: StreamEntry) -> String {
        String(decoding: letter.fields.last { $0.name == Array(name.utf8) }?.value ?? [], as: UTF8.self)
    }

    enum Key: String, CaseIterable, CustomTestStringConvertible {
        case ranking, columns, experiments, batteries

        var testDescription: String { rawValue }
    }

    @Test(arguments: Key.allCases)
    func `Events of a key with the wrong type become dead letters, and a requeue restores the key`(_ key: Key) throws {
        let fixture = try IngestFixture()
        let name =
            switch key {
            case .ranking: fixture.keyspace.rank(of: battery, by: "valid")
            case .columns: fixture.keyspace.columns(of: battery)
            case .experiments: fixture.keyspace.experiments(of: battery)
            case .batteries: fixture.keyspace.batteries
            }
        fixture.server.cli("SET", name, "of another type")
        fixture.declareBattery()
        fixture.addRow(1, by: ("p", 1))
        fixture.addRow(1, of: "e-2", by: ("p", 2))
        fixture.add("event", "param", "experiment", "e-3", "battery", "b", "param.lr", "1")
        let ingest = try fixture.ingest()
        fixture.waitUntilConsumed(4)
        let dead =
            switch key {
            case .ranking: ["epoch", "epoch"]
            case .columns: ["epoch", "epoch", "param"]
            case .experiments: ["epoch", "epoch", "param"]
            case .batteries: ["battery"]
            }
        #expect(eventually { fixture.count(IngestField.dead) == dead.count })
        #expect(fixture.count(IngestField.applied) == 4 - dead.count)
        let found = try deadLetters(of: fixture)
        #expect(found.map { text("event", of: $0) } == dead)
        #expect(
            found.allSatisfy {
                text(EventField.deadReason, of: $0).hasPrefix("cannot write \(name): WRONGTYPE")
            }
        )
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "max.valid") == "1")
        #expect(eventually { ingest.stderr.contains("cannot write \(name)") })

        fixture.server.cli("DEL", name)
        let outcome = try fixture.requeue("--all")
        #expect(outcome.succeeded && outcome.stdout.contains("\(dead.count) dead letter"))
        #expect(eventually { fixture.count(IngestField.applied) == 4 })
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
        #expect(fixture.count(IngestField.requeued) == dead.count)
        switch key {
        case .ranking: #expect(fixture.server.cli("ZRANGE", name, "0", "-1") == "e-1\ne-2")
        case .columns: #expect(fixture.server.cli("ZCARD", name) == "3")
        case .experiments: #expect(fixture.server.cli("ZRANGE", name, "0", "-1") == "e-1\ne-2\ne-3")
        case .batteries: #expect(fixture.server.cli("ZRANGE", name, "0", "-1") == "b")
        }
        #expect(fixture.count(IngestField.duplicates) == 0)
    }

    @Test func `Events of an experiment whose cached hash changes its type become dead letters`() throws {
        let fixture = try IngestFixture()
        _ = try fixture.ingest()
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        for epoch in 1...3 { fixture.addRow(epoch, by: ("p", epoch)) }
        fixture.waitUntilConsumed(4)
        let hash = fixture.keyspace.experiment(ExperimentID("e-1")!)
        fixture.server.cli("RENAME", hash, "saved")
        fixture.server.cli("SET", hash, "text")
        fixture.addRow(4, by: ("p", 4))
        fixture.addRow(1, of: "e-2", by: ("p", 5))
        fixture.waitUntilConsumed(6)
        #expect(eventually { fixture.count(IngestField.dead) == 1 })
        #expect(fixture.count(IngestField.applied) == 5)
        fixture.server.cli("DEL", hash)
        fixture.server.cli("RENAME", "saved", hash)
        #expect(try fixture.requeue("--all").succeeded)
        #expect(eventually { fixture.server.cli("HGET", hash, "max.valid") == "4" })
        _ = ingest
    }

    @Test func `Events of epochs whose rows are too large to read become dead letters, and all others are applied`()
        throws
    {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        for epoch in 1...100 { fixture.addRow(epoch, by: ("p", epoch)) }
        fixture.addRow(1, of: "e-2", by: ("p", 101))
        try fixture.drain()
        let curve = fixture.keyspace.curve(of: ExperimentID("e-1")!)
        fixture.server.cli("EVAL", "redis.call('HSET', KEYS[1], 7, string.rep('a', 17000000))", "1", curve)
        fixture.addRow(7, by: ("p", 102))
        fixture.addRow(7, of: "e-2", by: ("p", 103))
        try fixture.drain()
        #expect(fixture.count(IngestField.dead) == 1)
        #expect(
            text(EventField.deadReason, of: try #require(deadLetters(of: fixture).first))
                == "\(curve) cannot be read: a row of more than 16 MiB")
        #expect(fixture.server.cli("HGET", fixture.keyspace.curve(of: ExperimentID("e-2")!), "7") == "valid=7")
        fixture.server.cli("HSET", curve, "7", "train=1")
        #expect(try fixture.requeue("--all").succeeded)
        // More rows than one command reads.
        for epoch in 1...90 { fixture.addRow(epoch, by: ("q", epoch)) }
        try fixture.drain()
        #expect(fixture.server.cli("HGET", curve, "7") == "train=1 valid=7")
        #expect(fixture.server.cli("HLEN", curve) == "100")
        // Rows that together are larger than the bound.
        let script = """
            local cells = {}
            for i = 1, 5000 do cells[i] = 'c' .. i .. string.rep('x', 90) .. '=1' end
            for epoch = 20, 59 do redis.call('HSET', KEYS[1], epoch, 'valid=' .. epoch .. ' ' .. table.concat(cells, ' ')) end
            """
        fixture.server.cli("EVAL", script, "1", curve)
        for epoch in 20...59 { fixture.addRow(epoch, by: ("r", epoch - 19)) }
        fixture.add("event", "param", "experiment", "e-1", "battery", "b", "param.lr", "1")
        try fixture.drain()
        #expect(fixture.count(IngestField.dead) == 1)
    }

    @Test func `An ingest stops before an entry that it cannot apply if the dead-letter key is no stream`() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("SET", fixture.keyspace.dead, "no stream")
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        fixture.addRow(1)
        fixture.waitUntilConsumed(2)
        fixture.add("event", "surprise")
        fixture.addRow(2)
        #expect(eventually { ingest.stderr.contains("{hypero}:dead must be a stream: WRONGTYPE") })
        #expect(fixture.consumed == 2)
        #expect(try fixture.statusContains("{hypero}:dead is not a stream, so the ingest stops"))
        fixture.server.cli("DEL", fixture.keyspace.dead)
        fixture.waitUntilConsumed(4)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test(arguments: [true, false])
    func `An ingest whose own hash has the wrong type waits and resumes at its cursor`(isSuspended: Bool) throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        fixture.addRow(1, by: ("p", 1))
        fixture.waitUntilConsumed(2)
        if isSuspended { ingest.suspend() }
        fixture.server.cli("RENAME", fixture.keyspace.ingest, "saved")
        fixture.server.cli("SET", fixture.keyspace.ingest, "no hash")
        if isSuspended { ingest.resume() }
        fixture.addRow(2, by: ("p", 2))
        #expect(eventually { ingest.stderr.contains("{hypero}:ingest must be a hash: WRONGTYPE") }, "\(ingest.stderr)")
        #expect(try fixture.statusContains("{hypero}:ingest is not a hash, so no entry is applied"))
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "epochs") == "1")
        fixture.server.cli("DEL", fixture.keyspace.ingest)
        fixture.server.cli("RENAME", "saved", fixture.keyspace.ingest)
        fixture.waitUntilConsumed(3)
        #expect(fixture.count(IngestField.applied) == 3)
        #expect(fixture.count(IngestField.missed) == 0)
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test func `A lease key of the wrong type is reported, and the lease is acquired after its removal`() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("HSET", fixture.keyspace.lease, "a", "b")
        fixture.declareBattery()
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:ingest:lease must be a string: WRONGTYPE") })
        #expect(try fixture.statusContains("{hypero}:ingest:lease is not a string"))
        fixture.server.cli("DEL", fixture.keyspace.lease)
        fixture.waitUntilConsumed(1)
    }

    @Test func `Dead letters are edited and requeued once each without counting as duplicates`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        let common = ["experiment", "e-1", "battery", "b", "producer", "p"]
        let firstID = fixture.server.cli(
            ["XADD", fixture.keyspace.events, "*", "event", "epoch"] + common + [
                "seq", "1", "time", "1700000000077", "epoch", "x",
            ]
                + ["curve.valid", "1"])
        fixture.server.cli(
            ["XADD", fixture.keyspace.events, "*", "event", "param"] + common + [
                "seq", "2", "param.lr", "1", "note", "hm",
            ])
        try fixture.drain()
        let dead = try deadLetters(of: fixture)
        #expect(dead.map { text(EventField.deadID, of: $0) }.first == firstID)
        #expect(try fixture.requeue("1-1").ending == .exited(1))
        #expect(try fixture.requeue().ending == .exited(64))
        #expect(try fixture.requeue("--all", dead[0].id.description).ending == .exited(64))
        #expect(try fixture.requeue(dead[0].id.description, "--set", "epoch=3").succeeded)
        #expect(try fixture.requeue("--all", "--remove", "note").succeeded)
        try fixture.drain()
        #expect(fixture.count(IngestField.applied) == 3)
        #expect(fixture.count(IngestField.duplicates) == 0)
        #expect(
            fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "started") == "1700000000077")
        #expect(fixture.server.cli("HGET", fixture.keyspace.curve(of: ExperimentID("e-1")!), "3") == "valid=1")
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "param.lr") == "1")
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
        #expect(try fixture.status().warnings.allSatisfy { !$0.contains("could not be applied") })
        // The indexes equal the naive model of the stream, including the requeued entries.
        var connection = try fixture.connect()
        var found = try PartitionContent.read(from: &connection, fixture.keyspace)
        let entries = try StreamEntry.all(of: fixture.keyspace.events, from: &connection)
        var expected = NaiveModel.content(of: entries, in: fixture.keyspace)
        #expect(Set(expected.dead.keys).count == 2)
        expected.dead = [:]
        found.dead = [:]
        #expect(found.differences(fromExpected: expected) == "")
    }

    @Test func `Concurrent requeues send each dead letter once`() throws {
        let fixture = try IngestFixture()
        for number in 1...400 { fixture.add("event", "surprise", "n", "\(number)") }
        try fixture.drain()
        let requeues = try (0..<3).map { _ in
            try ChildProcess("hypero-ingest", ["requeue", "--all", "--redis", fixture.server.url])
        }
        for process in requeues { #expect(process.wait() == .exited(0), "\(process.stderr)") }
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
        #expect(fixture.server.cli("XLEN", fixture.keyspace.events) == "800")
        #expect(fixture.count(IngestField.requeued) == 400)
        let ingest = try fixture.ingest()
        #expect(eventually { fixture.count(IngestField.dead) == 800 })
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "400")
        #expect(ingest.isRunning)
    }

    @Test func `A truncated dead letter is requeued only if its truncated fields are set or removed`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        let long = String(repeating: "x", count: Limits.value + 1)
        fixture.add("event", "meta", "experiment", "e-1", "battery", "b", "meta.log", long, "meta.name", "wide")
        try fixture.drain()
        let refused = try fixture.requeue("--all")
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("truncated fields. Give --set or --remove for meta.log"))
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
        #expect(try fixture.requeue("--all", "--remove", "meta.log").succeeded)
        try fixture.drain()
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "meta.name") == "wide")
    }
}
