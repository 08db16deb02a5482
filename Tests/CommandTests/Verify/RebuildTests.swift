import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite struct RebuildTests {
    private func rebuild(_ server: RedisServer, _ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest", ["rebuild", "--redis", server.url, "--timeout", "60"] + arguments, within: .seconds(90))
    }

    @Test func `Every kind of key that was removed or falsified is derived again, and all keys are as before`() throws {
        let fixture = try DerivedKeysFixture()
        let (server, battery) = (fixture.server, fixture.battery)
        let before = try fixture.dump()
        let ingest = try fixture.command.ingest()
        // Nothing is wrong.
        let first = try rebuild(server)
        #expect(first.stdout == "rebuilt 1 battery with 6 experiments: nothing has changed\n", "\(first)")
        #expect(first.ending == .exited(0))
        #expect(try fixture.dump() == before)

        for falsification in fixture.falsifications where falsification.command[0] != "DEL" {
            server.cli(falsification.command)
        }
        server.cli("HDEL", fixture.keyspace.battery(battery), "created", "updated")
        let corrected = try rebuild(server, "sweep")
        #expect(
            corrected.stdout.hasPrefix("rebuilt battery 'sweep' version 1 with 6 experiments: 5 hashes corrected, "),
            "\(corrected)")
        #expect(try fixture.verify().differences == [])
        // The time of the declaration, which was falsified in the list and removed from the hash, is in no other key.
        server.cli("ZADD", fixture.keyspace.batteries, "1763900000100", "b")
        server.cli("HSET", fixture.keyspace.battery(battery), "created", "1763900000100")
        #expect(try fixture.verify().differences == [])
        #expect(try fixture.dump() == before)

        var keys = before.keys.filter { $0.contains(":rank:") }
        keys += [
            fixture.keyspace.batteries, fixture.keyspace.experiments(of: battery),
            fixture.keyspace.columns(of: battery),
        ]
        for key in keys { server.cli("DEL", key) }
        for id in ["curve", "stated", "stated-epoch", "stated-only", "without-start", "no-objective"] {
            for field in server.cli("HKEYS", fixture.experiment(id)).split(separator: "\n")
            where field.hasPrefix("max.") && field != "max.stated" || field == "epochs" {
                server.cli("HDEL", fixture.experiment(id), String(field))
            }
        }
        let derived = try rebuild(server)
        #expect(derived.ending == .exited(0), "\(derived)")
        #expect(
            derived.stdout
                == "rebuilt 1 battery with 6 experiments: 6 hashes corrected, 7 list entries written, "
                + "11 ranking entries written, 13 columns added\n", "\(derived)")
        #expect(try fixture.verify().differences == [])
        #expect(try fixture.dump() == before)
        #expect(ingest.isRunning)
    }

    @Test func `What does not follow from the experiments is said`() throws {
        let fixture = try DerivedKeysFixture()
        let server = fixture.server
        server.cli("DEL", fixture.keyspace.battery(fixture.battery), fixture.rank("valid"))
        server.cli("HSET", fixture.experiment("half-1"), "max.valid", "1")
        server.cli("DEL", fixture.rank("test"))
        server.cli("SET", fixture.rank("test"), "text")
        let ingest = try fixture.command.ingest()
        let outcome = try rebuild(server)
        #expect(outcome.ending == .exited(1))
        for message in [
            "1 battery has no whole declaration", "1 experiment does not name a battery", "2 errors: see the log",
        ] { #expect(outcome.stderr.contains(message), "\(outcome.stderr)") }
        #expect(eventually { ingest.stderr.contains("{hypero}:battery:b has no whole declaration") })
        #expect(server.cli("ZCARD", fixture.rank("valid")) == "5")
        // A training declares the battery again.
        server.cli(
            "XADD", fixture.keyspace.events, "*", "event", "battery", "battery", "b", "name", "sweep", "version", "1",
            "description", "first", "time", "1763900000100")
        server.cli("DEL", fixture.rank("test"), fixture.experiment("half-1"))
        #expect(eventually { server.cli("ZSCORE", fixture.keyspace.batteries, "b") == "1763900000100" })
        #expect(try rebuild(server, "sweep").ending == .exited(0))
        #expect(try fixture.verify().differences == [])
    }

    @Test func `The best values of an experiment stay if its learning curve was removed`() throws {
        let fixture = try DerivedKeysFixture()
        let before = try fixture.dump()
        let curve = fixture.experiment("curve") + ":curve"
        #expect(before[curve] != nil)
        fixture.server.cli("DEL", curve)
        let ingest = try fixture.command.ingest()
        let outcome = try rebuild(fixture.server)
        #expect(outcome.ending == .exited(1), "\(outcome)")
        #expect(outcome.stderr.contains("1 error: see the log"), "\(outcome)")
        #expect(
            eventually {
                ingest.stderr.contains("\(curve): another client has removed it. The values in the hash stay")
            })
        var expected = before
        expected[curve] = nil
        #expect(try fixture.dump() == expected)
    }

    @Test func `Events that arrive meanwhile are applied, and the next owner goes on after a kill`() throws {
        let fixture = try DerivedKeysFixture()
        let (server, keyspace) = (fixture.server, fixture.keyspace)
        let count = 4_000
        let script = (1...count).map { number in
            let id = ExperimentID("x-\(number)")!
            return "HSET \(keyspace.experiment(id)) battery b status done started \(1_763_900_001_000 + number) "
                + "updated 1763900009000 param.lr 0.1\nHSET \(keyspace.curve(of: id)) 1 valid=0.\(number) 2 valid=0.5\n"
        }.joined()
        let file = server.folder.file("commands")
        try script.write(toFile: file, atomically: true, encoding: .utf8)
        #expect(try ChildProcess.run("bash", ["-c", "redis-cli -s '\(server.socket)' --pipe < '\(file)'"]).succeeded)
        let list = keyspace.experiments(of: fixture.battery)
        func listed() -> Int { Int(server.cli("ZCARD", list)) ?? 0 }
        let command = server.cli("XADD", keyspace.control, "*", "event", "rebuild")
        func isDone() -> Bool {
            StreamID(server.cli("HGET", keyspace.ingest, IngestField.control)).map { $0 >= StreamID(command)! } ?? false
        }
        let first = try fixture.command.ingest()
        // On a machine that runs the test seldom, the rebuild may be done. RebuildPartTests end one after each of its parts.
        #expect(eventually { listed() > 500 })
        first.kill()

        let second = try fixture.command.ingest()
        var generator = EventGenerator(seed: 7, producers: 2, batteries: 2, experiments: 3)
        var connection = try fixture.command.connect()
        var sent = 0
        // After the ids of the fixture.
        var milliseconds: UInt64 = 1_800_000_000_000
        repeat {
            let entries = generator.entries(40).map { entry in
                milliseconds += 1
                return StreamEntry(id: StreamID(milliseconds: milliseconds, sequence: 0), fields: entry.fields)
            }
            try fixture.command.write(entries[...], over: &connection)
            milliseconds += 1
            server.cli(
                "XADD", keyspace.events, "\(milliseconds)", "event", "epoch", "experiment", "x-\(sent % count + 1)",
                "battery", "b", "epoch", "3", "curve.valid", "0.\(sent)", "curve.late", "1")
            sent += 1
        } while !isDone()
        let goal = StreamID(server.cli("XREVRANGE", keyspace.events, "+", "-", "COUNT", "1").split(separator: "\n")[0])!
        #expect(
            eventually { StreamID(server.cli("HGET", keyspace.ingest, IngestField.cursor)).map { $0 >= goal } ?? false }
        )
        #expect(try fixture.verify().differences == [], "\(second.stderr)")
        #expect(server.cli("ZCOUNT", list, "1763900001000", "1763900009000") == "\(count)")
        #expect(eventually { server.cli("XLEN", keyspace.control) == "0" })
    }

    @Test func `A replay of which all entries are duplicates is reported`() throws {
        let fixture = try DerivedKeysFixture()
        let drain = {
            try ChildProcess.run(
                "hypero-ingest", ["--redis", fixture.server.url, "--lease", "0.5", "--drain"])
        }
        #expect(try !drain().stderr.contains("set back"))
        fixture.server.cli("HDEL", fixture.keyspace.ingest, IngestField.cursor)
        let replayed = try drain()
        #expect(
            replayed.stderr.contains("was set back, and all 23 entries after it were applied before"),
            "\(replayed.stderr)")
        #expect(replayed.stderr.contains("use hypero-ingest rebuild"))
    }

    @Test func `Without an ingest the command says so after its timeout`() throws {
        let fixture = try DerivedKeysFixture()
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["rebuild", "--redis", fixture.server.url, "--timeout", "0.2"])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("no ingest is running, so start hypero-ingest"), "\(outcome.stderr)")
        let missing = try rebuild(fixture.server, "nothing")
        #expect(missing.ending == .exited(1) && missing.stderr.contains("battery not found: 'nothing'"))
    }
}
