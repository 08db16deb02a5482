import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// `hypero-ingest delete --keep-best --older-than --status --curves-only --thin`.
@Suite struct DeleteRetentionTests {
    private let fixture: CommandFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    /// Two versions: `up` with the highest value first, and `down` with the lowest. The experiments are a day apart, the first is
    /// 100 days old, and one of each version runs.
    init() throws {
        fixture = try CommandFixture()
        var connection = try fixture.connect()
        var writer = RESPWriter()
        func add(_ fields: [String]) {
            writer.begin(arguments: 3 + fields.count)
            for argument in ["XADD", fixture.keyspace.events, "*"] + fields { writer.add(argument) }
        }
        for (version, id) in [(1, "up"), (2, "down")] {
            add([
                "event", "battery", "battery", id, "name", "sweep", "version", "\(version)", "description", "",
                "objective", "valid", "direction", version == 1 ? "max" : "min",
            ])
            for number in 1...6 {
                let time = String(WallClock.milliseconds - Int64(101 - number) * 86_400_000)
                let experiment = ["experiment", "\(id)-\(number)", "battery", id, "time", time]
                add(["event", "start"] + experiment)
                let values = (1...40).map { "\(Double(number) + Double($0 % 20) / 100)" }.joined(separator: " ")
                if number != 5 { add(["event", "curve"] + experiment + ["curve.valid", values]) }
                if number < 6 { add(["event", "end"] + experiment + ["status", number == 2 ? "failed" : "done"]) }
            }
        }
        try connection.send(writer)
        for _ in 0..<writer.commands { _ = try connection.receive() }
        try fixture.drain()
    }

    private func delete(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url] + arguments)
    }

    private func experiments(of battery: String) -> [String] {
        server.cli("ZRANGE", keyspace.experiments(of: BatteryID(battery)!), "0", "-1").split(separator: "\n")
            .map(String.init)
    }

    private func rows(of experiment: String) -> String {
        server.cli("HLEN", keyspace.curve(of: ExperimentID(experiment)!))
    }

    @Test func `Without a terminal a rule needs --yes, also if there is nothing to delete`() throws {
        let outcome = try delete("--keep-best", "1000000", "--older-than", "3650d")
        #expect(outcome.ending == .exited(64) && outcome.stdout.isEmpty)
        #expect(outcome.stderr.contains("cannot ask: standard input is not a terminal. Give --yes"))
    }

    @Test func `The best of each version by its direction stay, and of the others those that have ended are deleted`()
        throws
    {
        let ingest = try fixture.ingest()
        // Without the rankings, the hashes tell which are the best.
        server.cli("DEL", keyspace.rank(of: BatteryID("up")!, by: "valid"))
        let listed = try delete("--battery", "sweep", "--keep-best", "2", "--dry-run")
        #expect(
            listed.stdout == """
                battery 'sweep' version 1: the best 2 of 6 by valid (max) stay
                battery 'sweep' version 2: the best 2 of 6 by valid (min) stay
                experiment up-1 of 'sweep' version 1, status done
                experiment up-2 of 'sweep' version 1, status failed
                experiment up-3 of 'sweep' version 1, status done
                experiment up-5 of 'sweep' version 1, status done
                experiment down-3 of 'sweep' version 2, status done
                experiment down-4 of 'sweep' version 2, status done
                experiment down-5 of 'sweep' version 2, status done
                experiment down-6 of 'sweep' version 2, lost for 95 d 0 h
                8 experiments of versions 1 and 2 would be deleted

                """, "\(listed)")
        let deleted = try delete("--keep-best", "2", "--status", "done,failed", "--yes")
        #expect(deleted.ending == .exited(0), "\(deleted)")
        #expect(deleted.stdout.hasSuffix("\ndeleted 7 experiments of versions 1 and 2\n"))
        #expect(experiments(of: "up") == ["up-4", "up-6"])
        #expect(experiments(of: "down") == ["down-1", "down-2", "down-6"])
        let again = try delete("--keep-best", "2", "--status", "done,failed", "--yes")
        #expect(again.ending == .exited(0) && again.stdout == "" && again.stderr == "", "\(again)")
        #expect(ingest.isRunning)
    }

    @Test func `A battery whose best experiments are unknown is left out, and others are not`() throws {
        let declare = { (battery: String, fields: [String]) in
            server.cli(
                ["XADD", keyspace.events, "*", "event", "battery", "battery", battery, "name", battery, "version", "1"]
                    + ["description", ""] + fields)
            for (number, channel) in ["acc", "acc", "loss"].enumerated() {
                let experiment = ["experiment", "\(battery)-\(number)", "battery", battery]
                server.cli(["XADD", keyspace.events, "*", "event", "start"] + experiment)
                let row = ["event", "epoch"] + experiment + ["epoch", "1", "max.\(channel)", "0.\(number)"]
                server.cli(["XADD", keyspace.events, "*"] + row)
                server.cli(["XADD", keyspace.events, "*", "event", "end"] + experiment + ["status", "done"])
            }
        }
        declare("unlogged", [])
        declare("lost", ["objective", "loss", "direction", "min"])
        try fixture.drain()
        server.cli("HDEL", keyspace.battery(BatteryID("lost")!), "direction")
        let outcome = try delete("--keep-best", "5", "--dry-run")
        #expect(outcome.ending == .exited(0), "\(outcome)")
        #expect(!outcome.stdout.contains("unlogged-") && !outcome.stdout.contains("lost-"), "\(outcome.stdout)")
        #expect(
            outcome.stderr.contains(
                "battery 'unlogged' version 1 (unlogged) is left out: no experiment has a finite value of 'valid', the objective"
            ))
        #expect(
            outcome.stderr.contains(
                "battery 'lost' version 1 (lost) is left out: its hash lacks the objective or its direction"))
        // Without a number of best ones, the objective does not matter.
        #expect(try delete("--older-than", "1ms", "--dry-run").stdout.contains("unlogged-2"))
    }

    @Test func `A rule refuses while events wait that may be signs of life, also with another clock`() throws {
        let time = WallClock.milliseconds
        server.cli("XADD", keyspace.events, "\(time - 1_000)-0", "event", "alive", "producer", "p")
        #expect(try delete("--keep-best", "2", "--dry-run").ending == .exited(0))
        server.cli("DEL", keyspace.events)
        server.cli("HSET", keyspace.ingest, "cursor", "\(time - 7_200_000)-0")
        server.cli("XADD", keyspace.events, "\(time - 3_600_000)-0", "event", "alive", "producer", "p")
        let refused = try delete("--keep-best", "2", "--yes")
        #expect(refused.ending == .exited(1) && refused.stdout == "", "\(refused)")
        #expect(
            refused.stderr.contains("not up to date: events of {hypero} wait to be applied since "), "\(refused.stderr)"
        )
        #expect(experiments(of: "up").count == 6)
    }

    @Test func `Age, statuses and conditions select together, and what is young or runs stays`() throws {
        let cases: [([String], [String])] = [
            (["--older-than", "98d12h"], ["up-1", "up-2", "down-1", "down-2"]),
            (["--older-than", "98d12h", "--keep-best", "1"], ["up-1", "up-2", "down-2"]),
            (["--older-than", "98d12h", "--status", "failed"], ["up-2", "down-2"]),
            (["--older-than", "98d12h", "--battery", "sweep", "--version", "2"], ["down-1", "down-2"]),
            (["--battery", "up", "--keep-best", "1", "--where", "valid is null"], ["up-5"]),
            (["--older-than", "200d"], []),
        ]
        for (arguments, expected) in cases {
            let outcome = try ChildProcess.run(
                "hypero-ingest", ["delete", "--redis", server.url, "--dry-run"] + arguments)
            #expect(outcome.ending == .exited(0), "\(outcome)")
            let found = outcome.stdout.split(separator: "\n").filter { $0.hasPrefix("experiment ") }.map {
                String($0.split(separator: " ")[1])
            }
            #expect(found == expected, "\(arguments): \(outcome)")
        }
    }

    @Test func `Curves are thinned and deleted once, and queries say so`() throws {
        let ingest = try fixture.ingest()
        let listed = try delete("--battery", "up", "--keep-best", "1", "--thin", "10", "--dry-run")
        #expect(listed.stdout.hasSuffix("\nthe curves of 4 experiments would be thinned\n"), "\(listed)")
        let refused = try delete("--battery", "up", "--keep-best", "1", "--thin", "10")
        #expect(refused.ending == .exited(64) && refused.stderr.contains("Give --yes"), "\(refused)")
        let thinned = try delete("--battery", "up", "--keep-best", "1", "--thin", "10", "--yes")
        #expect(thinned.stdout.hasSuffix("\nthinned the curves of 4 experiments\n"), "\(thinned)")
        #expect(["up-1", "up-2", "up-3", "up-4", "up-6"].map(rows) == ["10", "10", "10", "10", "40"])
        let again = try delete("--battery", "up", "--keep-best", "1", "--thin", "10", "--yes")
        #expect(again.ending == .exited(0) && again.stdout == "" && again.stderr == "", "\(again)")

        let removed = try delete("up-1", "--curves-only", "--yes")
        #expect(removed.stdout.hasSuffix("\ndeleted the curves of 1 experiment\n"), "\(removed)")
        #expect(rows(of: "up-1") == "2")
        let shown = try ChildProcess.run("hypero-query", ["show", "up-1", "--redis", server.url])
        #expect(shown.stdout.contains("\nlearning curves: deleted but for 2 of 40 rows, 20"), "\(shown)")
        #expect(shown.stdout.contains("max") && shown.stdout.contains("1.19"), "\(shown)")
        let json = try ChildProcess.run("hypero-query", ["show", "up-2", "--format", "json", "--redis", server.url])
        #expect(json.stdout.contains("\"removed_rows\":30,"), "\(json)")
        let drawn = try ChildProcess.run("hypero-query", ["curves", "up-2", "up-6", "--redis", server.url])
        #expect(drawn.stdout.contains("up-2 was thinned to 10 of 40 rows, 20"), "\(drawn)")
        #expect(!drawn.stdout.contains("up-6 was thinned"))
        #expect(server.cli("ZCARD", keyspace.rank(of: BatteryID("up")!, by: "valid")) == "5")
        #expect(ingest.isRunning)
    }
}

/// Command lines of `hypero-ingest delete` that are wrong, whatever the server has.
@Suite struct DeleteRetentionMistakeTests {
    @Test(arguments: [
        (["--keep-best", "0", "--yes"], "--keep-best must be between 1 and 1000000, not 0"),
        (["--older-than", "90", "--yes"], "--older-than must be a time with a unit, such as 90d, 12h or 2w, not '90'"),
        (["--older-than", "-1d", "--yes"], "--older-than must be a time with a unit"),
        (["--older-than", "1d", "--thin", "9", "--yes"], "--thin must be between 10 and 10000 rows, not 9"),
        (["--older-than", "1d", "--thin", "10", "--curves-only"], "--curves-only and --thin must not be combined"),
        (
            ["--older-than", "1d", "--status", "dead"],
            "--status must be running, done, failed, stopped or lost, not 'dead'"
        ),
        (
            ["--curves-only", "--yes"],
            "nothing to delete. Give ids of experiments, or --battery, --keep-best or --older-than"
        ),
        (["up-1", "--older-than", "1d", "--yes"], "experiments must not be combined with --keep-best"),
        (["--older-than", "1d", "--where", "valid > 1"], "--where needs --battery"),
        (["--older-than", "1d", "--version", "1"], "--version needs --battery"),
    ])
    func `A command line that is wrong deletes nothing`(arguments: [String], message: String) throws {
        let outcome = try ChildProcess.run("hypero-ingest", ["delete", "--redis", "redis://127.0.0.1:1"] + arguments)
        #expect(outcome.ending == .exited(64), "\(outcome)")
        #expect(outcome.stderr.contains(message), "\(outcome.stderr)")
    }
}
