import Foundation
import HyperoSchema
import TestSupport
import Testing

/// Damages that a rebuild does not correct, or corrects in part, and what the commands say about them.
@Suite struct VerifyDamageTests {
    private let fixture: DerivedKeysFixture
    private var server: RedisServer { fixture.server }

    init() throws {
        fixture = try DerivedKeysFixture()
    }

    private func run(_ program: String, _ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run(program, arguments + ["--redis", server.url], within: .seconds(60))
    }

    private func rebuild(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest", ["rebuild", "--redis", server.url, "--timeout", "50"] + arguments, within: .seconds(60))
    }

    @Test func `A key of another type is one difference, whatever it is, and not something that is missing`() throws {
        let keys = [
            fixture.curve("curve"), fixture.experiment("stated"), fixture.rank("valid"),
            fixture.keyspace.columns(of: fixture.battery), fixture.keyspace.deleted,
        ]
        for key in keys {
            server.cli("SET", key, "text")
            let found = try fixture.verify()
            #expect(found.differences.filter { $0.hasPrefix("types ") } == ["types \(key)"])
            #expect(!found.differences.contains { $0.hasPrefix("rankings \(key)") || $0.hasPrefix("columns \(key)") })
            #expect(!found.outcome.stderr.contains("holds a value of another type"), "\(found.outcome)")
            server.cli("DEL", key)
        }
        server.cli("SET", fixture.experiment("stated"), "text")
        let table = try run("hypero-query", "verify", "sweep")
        #expect(
            table.stdout.contains("\(fixture.experiment("stated")) holds a value of another type, and cannot be read"),
            "\(table)")
        #expect(!table.stdout.contains("whose hash is missing"))
    }

    @Test func `The best values of a lost learning curve are one difference, without the advice to derive them`() throws
    {
        server.cli("DEL", fixture.curve("curve"))
        #expect(try fixture.verify().differences == ["maxima \(fixture.curve("curve"))"])
        let table = try run("hypero-query", "verify")
        #expect(table.ending == .exited(2))
        #expect(table.stdout.contains("they are the last copy of the result"), "\(table)")
        #expect(!table.stdout.contains("hypero-ingest rebuild"))
    }

    @Test func `Two differences of one experiment in rankings name their channels, and rank names verify`() throws {
        server.cli("DEL", fixture.rank("valid"), fixture.rank("test"))
        let table = try run("hypero-query", "verify", "sweep")
        for channel in ["valid", "test"] {
            #expect(table.stdout.contains("the ranking by '\(channel)' lacks the experiment"), "\(table)")
            #expect(table.stdout.contains { $0 == "\n" })
            let row = table.stdout.split(separator: "\n").first {
                $0.hasPrefix("rankings") && $0.contains("curve") && $0.hasSuffix(channel)
            }
            #expect(row != nil, "\(table)")
        }
        let rank = try run("hypero-query", "rank", "sweep")
        #expect(
            rank.stdout.contains(
                "experiments have finite values of 'valid', the objective, but their ranking has none"),
            "\(rank)")
        #expect(rank.stdout.contains("See all differences with hypero-query verify sweep"), "\(rank)")
        let other = try run("hypero-query", "rank", "sweep", "--by", "test")
        #expect(other.stdout.contains("another client has removed the ranking by 'test'"), "\(other)")
        #expect(other.stdout.contains("hypero-query verify sweep"), "\(other)")
    }

    @Test func `A battery whose hash is missing stays in the list while it has experiments`() throws {
        let before = try fixture.dump()
        server.cli("DEL", fixture.keyspace.battery(fixture.battery))
        let verified = try run("hypero-query", "verify")
        #expect(verified.stdout.contains("so that its experiments are not checked: declare it again"), "\(verified)")
        #expect(!verified.stdout.contains("hypero-ingest rebuild"))
        let ingest = try fixture.command.ingest()
        let outcome = try rebuild("b")
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("1 battery has no whole declaration"), "\(outcome)")
        #expect(server.cli("ZSCORE", fixture.keyspace.batteries, "b") == "1763900000100")
        var expected = before
        expected[fixture.keyspace.battery(fixture.battery)] = nil
        #expect(try fixture.dump() == expected)
        // What an earlier version has removed from the list is named with what to do.
        server.cli("ZREM", fixture.keyspace.batteries, "b")
        let remains = try run("hypero-query", "verify")
        #expect(remains.stdout.contains("declare the battery again, as each training does"), "\(remains)")
        #expect(ingest.isRunning)
    }

    @Test(arguments: ["b", "sweep"])
    func `A battery that the list of batteries lacks is found by its id and its name`(name: String) throws {
        let before = try fixture.dump()
        server.cli("DEL", fixture.keyspace.batteries)
        let ingest = try fixture.command.ingest()
        let outcome = try rebuild(name)
        #expect(outcome.ending == .exited(0), "\(outcome)")
        #expect(outcome.stdout.contains("1 list entry written"), "\(outcome)")
        #expect(try fixture.dump() == before)
        #expect(ingest.isRunning)
    }

    @Test func `Of several rebuilds at the same time each one says that it is done`() throws {
        // All are requested before an ingest runs.
        let rebuilds = try (1...3).map { _ in
            try ChildProcess("hypero-ingest", ["rebuild", "--redis", server.url, "--timeout", "50"])
        }
        #expect(eventually { server.cli("XLEN", fixture.keyspace.control) == "3" })
        let ingest = try fixture.command.ingest()
        for rebuild in rebuilds { #expect(rebuild.wait(within: .seconds(60)) == .exited(0), "\(rebuild.stderr)") }
        let texts = rebuilds.map(\.stdout)
        #expect(texts.contains { $0.contains("the numbers of this rebuild were replaced by those of a later one") })
        #expect(texts.contains("rebuilt 1 battery with 6 experiments: nothing has changed\n"), "\(texts)")
        #expect(ingest.isRunning)
    }

    @Test func `Partitions that declare different objectives have one difference, and their rankings none`() throws {
        let command = try CommandFixture()
        let keyspaces = try Keyspace.all(partitions: 2)
        for (keyspace, objective) in zip(keyspaces, [("valid", "max"), ("loss", "min")]) {
            let id = keyspace == keyspaces[0] ? "a" : "b"
            command.server.cli(
                "XADD", keyspace.events, "*", "event", "battery", "battery", "n.v1.0", "name", "n", "version", "1",
                "description", "", "objective", objective.0, "direction", objective.1)
            for epoch in 1...3 {
                command.server.cli(
                    "XADD", keyspace.events, "*", "event", "epoch", "experiment", "\(id)-1", "battery", "n.v1.0",
                    "epoch",
                    "\(epoch)", "curve.valid", "0.\(epoch)", "curve.loss", "\(epoch)")
            }
        }
        let drained = try ChildProcess.run(
            "hypero-ingest",
            ["--redis", command.server.url, "--partitions", "2", "--lease", "0.5", "--drain", "--retain", "100"])
        try #require(drained.succeeded, "\(drained)")
        let verified = try ChildProcess.run("hypero-query", ["verify", "--redis", command.server.url])
        #expect(verified.ending == .exited(2))
        #expect(
            verified.stdout.contains(
                "the partitions declare different objectives, {hypero:0} valid (max) and {hypero:1} loss (min)"),
            "\(verified)")
        #expect(verified.stdout.contains("\n1 difference: "), "\(verified)")
        #expect(!verified.stdout.contains("hypero-ingest rebuild"))

        // A rebuild by name reaches the partition whose list lacks the battery.
        command.server.cli("ZREM", keyspaces[1].batteries, "n.v1.0")
        let ingest = try command.ingest("--partitions", "2")
        let outcome = try ChildProcess.run(
            "hypero-ingest",
            ["rebuild", "n", "--redis", command.server.url, "--partitions", "2", "--timeout", "50"],
            within: .seconds(60))
        #expect(outcome.ending == .exited(0) && outcome.stdout.contains("1 list entry written"), "\(outcome)")
        #expect(command.server.cli("ZCARD", keyspaces[1].batteries) == "1")
        #expect(ingest.isRunning)
    }

    @Test func `Each of many differences is listed once`() throws {
        let list = fixture.keyspace.experiments(of: fixture.battery)
        fixture.command.server.cli(
            ["EVAL", "for i = 1, 400 do redis.call('ZADD', KEYS[1], i, 'gone-' .. i) end", "1", list])
        let found = try fixture.verify("sweep", "--limit", "100000")
        #expect(Set(found.differences).count == 400 && found.differences.count == 400)
    }
}
