import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Commands that fail inside a transaction that is applied otherwise, and dead letters that are sent again.
@Suite struct ReplyFaultTests {
    private let battery = BatteryID("b")!

    private func letters(_ bench: IngestFixture) throws -> [StreamEntry] {
        var connection = try bench.connect()
        return try StreamEntry.all(of: bench.space.dead, from: &connection)
    }

    private func text(_ name: String, of letter: StreamEntry) -> String {
        String(decoding: letter.fields.last { $0.name == Array(name.utf8) }?.value ?? [], as: UTF8.self)
    }

    enum Key: String, CaseIterable, CustomTestStringConvertible {
        case ranking, columns, experiments, batteries

        var testDescription: String { rawValue }
    }

    @Test(
        "an index of a wrong type: the events behind it are dead letters, the rest stands, requeue mends it",
        arguments: Key.allCases)
    func wrongType(_ key: Key) throws {
        let bench = try IngestFixture()
        let name =
            switch key {
            case .ranking: bench.space.rank(of: battery, by: "valid")
            case .columns: bench.space.columns(of: battery)
            case .experiments: bench.space.experiments(of: battery)
            case .batteries: bench.space.batteries
            }
        bench.server.cli("SET", name, "of another type")
        bench.declare()
        bench.row(1, by: ("p", 1))
        bench.row(1, of: "e-2", by: ("p", 2))
        bench.add("event", "param", "experiment", "e-3", "battery", "b", "param.lr", "1")
        let ingest = try bench.ingest()
        bench.waitUntilConsumed(4)
        let dead =
            switch key {
            case .ranking: ["epoch", "epoch"]
            case .columns: ["epoch", "epoch", "param"]
            case .experiments: ["epoch", "epoch", "param"]
            case .batteries: ["battery"]
            }
        #expect(eventually { bench.count(IngestField.dead) == dead.count })
        #expect(bench.count(IngestField.applied) == 4 - dead.count)
        let found = try letters(bench)
        #expect(found.map { text("event", of: $0) } == dead)
        #expect(
            found.allSatisfy {
                text(EventField.deadReason, of: $0).hasPrefix("cannot write \(name): WRONGTYPE")
            }
        )
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("e-1")!), "max.valid") == "1")
        #expect(eventually { ingest.stderr.contains("cannot write \(name)") })

        bench.server.cli("DEL", name)
        let outcome = try bench.requeue("--all")
        #expect(outcome.succeeded && outcome.stdout.contains("\(dead.count) dead letter"))
        #expect(eventually { bench.count(IngestField.applied) == 4 })
        #expect(bench.server.cli("XLEN", bench.space.dead) == "0")
        #expect(bench.count(IngestField.requeued) == dead.count)
        switch key {
        case .ranking: #expect(bench.server.cli("ZRANGE", name, "0", "-1") == "e-1\ne-2")
        case .columns: #expect(bench.server.cli("ZCARD", name) == "2")
        case .experiments: #expect(bench.server.cli("ZRANGE", name, "0", "-1") == "e-1\ne-2\ne-3")
        case .batteries: #expect(bench.server.cli("ZRANGE", name, "0", "-1") == "b")
        }
        #expect(bench.count(IngestField.duplicates) == 0)
    }

    @Test("an experiment's hash that turns into another type under the ingest: its events are dead letters")
    func underTheCache() throws {
        let bench = try IngestFixture()
        _ = try bench.ingest()
        let ingest = try bench.ingest()
        bench.declare()
        for epoch in 1...3 { bench.row(epoch, by: ("p", epoch)) }
        bench.waitUntilConsumed(4)
        let hash = bench.space.experiment(ExperimentID("e-1")!)
        bench.server.cli("RENAME", hash, "saved")
        bench.server.cli("SET", hash, "text")
        bench.row(4, by: ("p", 4))
        bench.row(1, of: "e-2", by: ("p", 5))
        bench.waitUntilConsumed(6)
        #expect(eventually { bench.count(IngestField.dead) == 1 })
        #expect(bench.count(IngestField.applied) == 5)
        bench.server.cli("DEL", hash)
        bench.server.cli("RENAME", "saved", hash)
        #expect(try bench.requeue("--all").succeeded)
        #expect(eventually { bench.server.cli("HGET", hash, "max.valid") == "4" })
        _ = ingest
    }

    @Test("dead letters of a wrong type: the ingest stops before what it cannot apply, says so, and loses nothing")
    func wrongDead() throws {
        let bench = try IngestFixture()
        bench.server.cli("SET", bench.space.dead, "no stream")
        let ingest = try bench.ingest()
        bench.declare()
        bench.row(1)
        bench.waitUntilConsumed(2)
        bench.add("event", "surprise")
        bench.row(2)
        #expect(eventually { ingest.stderr.contains("{hypero}:dead must be a stream: WRONGTYPE") })
        #expect(bench.consumed == 2)
        #expect(try bench.statusSays("{hypero}:dead holds no stream, so that the ingest stops"))
        bench.server.cli("DEL", bench.space.dead)
        bench.waitUntilConsumed(4)
        #expect(bench.server.cli("XLEN", bench.space.dead) == "1")
        #expect(ingest.lines < 12, "\(ingest.stderr)")
    }

    @Test(
        "the ingest's own hash of a wrong type: it waits, says so, and goes on where it was", arguments: [true, false])
    func wrongOwnHash(isEarly: Bool) throws {
        let bench = try IngestFixture()
        let ingest = try bench.ingest()
        bench.declare()
        bench.row(1, by: ("p", 1))
        bench.waitUntilConsumed(2)
        if isEarly { ingest.suspend() }
        bench.server.cli("RENAME", bench.space.ingest, "saved")
        bench.server.cli("SET", bench.space.ingest, "no hash")
        if isEarly { ingest.resume() }
        bench.row(2, by: ("p", 2))
        #expect(eventually { ingest.stderr.contains("{hypero}:ingest must be a hash: WRONGTYPE") }, "\(ingest.stderr)")
        #expect(try bench.statusSays("{hypero}:ingest holds no hash, so that nothing is applied"))
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("e-1")!), "epochs") == "1")
        bench.server.cli("DEL", bench.space.ingest)
        bench.server.cli("RENAME", "saved", bench.space.ingest)
        bench.waitUntilConsumed(3)
        #expect(bench.count(IngestField.applied) == 3)
        #expect(bench.count(IngestField.missed) == 0)
        #expect(ingest.lines < 12, "\(ingest.stderr)")
    }

    @Test("a lease of a wrong type is said, and taken when it is gone")
    func wrongLease() throws {
        let bench = try IngestFixture()
        bench.server.cli("HSET", bench.space.lease, "a", "b")
        bench.declare()
        let ingest = try bench.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:ingest:lease must be a string: WRONGTYPE") })
        #expect(try bench.statusSays("{hypero}:ingest:lease holds no lease"))
        bench.server.cli("DEL", bench.space.lease)
        bench.waitUntilConsumed(1)
    }

    @Test("dead letters are mended and sent again, once each, without being taken for duplicates")
    func requeue() throws {
        let bench = try IngestFixture()
        bench.declare()
        let common = ["experiment", "e-1", "battery", "b", "producer", "p"]
        let one = bench.server.cli(
            ["XADD", bench.space.events, "*", "event", "epoch"] + common + ["seq", "1", "time", "77", "epoch", "x"]
                + ["curve.valid", "1"])
        bench.server.cli(
            ["XADD", bench.space.events, "*", "event", "param"] + common + ["seq", "2", "param.lr", "1", "note", "hm"])
        try bench.drain()
        let dead = try letters(bench)
        #expect(dead.map { text(EventField.deadID, of: $0) }.first == one)
        #expect(try bench.requeue("1-1").ending == .exited(1))
        #expect(try bench.requeue().ending == .exited(64))
        #expect(try bench.requeue("--all", dead[0].id.description).ending == .exited(64))
        #expect(try bench.requeue(dead[0].id.description, "--set", "epoch=3").succeeded)
        #expect(try bench.requeue("--all", "--remove", "note").succeeded)
        try bench.drain()
        #expect(bench.count(IngestField.applied) == 3)
        #expect(bench.count(IngestField.duplicates) == 0)
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("e-1")!), "started") == "77")
        #expect(bench.server.cli("HGET", bench.space.curve(of: ExperimentID("e-1")!), "3") == "valid=1")
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("e-1")!), "param.lr") == "1")
        #expect(bench.server.cli("XLEN", bench.space.dead) == "0")
        #expect(try bench.status().warnings.allSatisfy { !$0.contains("could not be applied") })
        // The stream is what the model says of it, the letters' second lives included.
        var connection = try bench.connect()
        var found = try PartitionContent.read(from: &connection, bench.space)
        let entries = try StreamEntry.all(of: bench.space.events, from: &connection)
        var expected = NaiveModel.content(of: entries, in: bench.space)
        #expect(Set(expected.dead.keys).count == 2)
        expected.dead = [:]
        found.dead = [:]
        #expect(found.differences(fromExpected: expected) == "")
    }

    @Test("two requeues at once send each letter once, while an ingest writes more")
    func requeuedTwice() throws {
        let bench = try IngestFixture()
        for number in 1...400 { bench.add("event", "surprise", "n", "\(number)") }
        try bench.drain()
        let both = try (0..<3).map { _ in
            try ChildProcess("hypero-ingest", ["requeue", "--all", "--redis", bench.server.url])
        }
        for process in both { #expect(process.wait() == .exited(0), "\(process.stderr)") }
        #expect(bench.server.cli("XLEN", bench.space.dead) == "0")
        #expect(bench.server.cli("XLEN", bench.space.events) == "800")
        #expect(bench.count(IngestField.requeued) == 400)
        let ingest = try bench.ingest()
        #expect(eventually { bench.count(IngestField.dead) == 800 })
        #expect(bench.server.cli("XLEN", bench.space.dead) == "400")
        #expect(ingest.isRunning)
    }

    @Test("a letter that was cut is not sent again before what is missing is said")
    func cutLetter() throws {
        let bench = try IngestFixture()
        bench.declare()
        let long = String(repeating: "x", count: Limits.value + 1)
        bench.add("event", "meta", "experiment", "e-1", "battery", "b", "meta.log", long, "meta.name", "wide")
        try bench.drain()
        let refused = try bench.requeue("--all")
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("truncated fields. Give --set or --remove for meta.log"))
        #expect(bench.server.cli("XLEN", bench.space.dead) == "1")
        #expect(try bench.requeue("--all", "--remove", "meta.log").succeeded)
        try bench.drain()
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("e-1")!), "meta.name") == "wide")
    }
}
