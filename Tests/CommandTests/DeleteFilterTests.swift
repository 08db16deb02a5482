import HyperoSchema
import TestSupport
import Testing

/// `hypero-ingest delete --where`.
@Suite struct DeleteFilterTests {
    private let fixture: CommandFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try CommandFixture()
        for version in [1, 2] {
            add([
                "event", "battery", "battery", "b\(version)", "name", "sweep", "version", "\(version)", "description",
                "",
            ])
        }
        for (number, status) in [(1, "done"), (2, "failed"), (3, "failed"), (4, nil), (5, "failed")] {
            let experiment = ["experiment", "run-\(number)", "battery", number == 5 ? "b2" : "b1"]
            add(["event", "start"] + experiment)
            add(["event", "epoch"] + experiment + ["epoch", "1", "curve.valid", "0.\(number)"])
            add(["event", "param"] + experiment + ["param.lr", "0.0\(number)"])
            if let status { add(["event", "end"] + experiment + ["status", status]) }
        }
        try fixture.drain()
    }

    private func add(_ fields: [String]) { server.cli(["XADD", keyspace.events, "*"] + fields) }

    private func delete(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url] + arguments)
    }

    private var remaining: [String] {
        ["b1", "b2"].flatMap { battery in
            server.cli("ZRANGE", keyspace.experiments(of: BatteryID(battery)!), "0", "-1").split(separator: "\n")
        }.map(String.init)
    }

    @Test func `Exactly the experiments that fulfil the filter are deleted, after their number was shown`() throws {
        let ingest = try fixture.ingest()
        let listed = try delete("--battery", "sweep", "--where", "status = failed and lr < 0.045", "--dry-run")
        #expect(
            listed.stdout == """
                experiment run-2 of 'sweep' version 1, status failed
                experiment run-3 of 'sweep' version 1, status failed
                2 experiments would be deleted

                """, "\(listed)")
        #expect(listed.ending == .exited(0))
        #expect(remaining.count == 5)
        let refused = try delete("--battery", "sweep", "--where", "status = failed")
        #expect(refused.ending == .exited(64))
        #expect(refused.stderr.contains("standard input is not a terminal"))
        #expect(remaining.count == 5)
        let deleted = try delete("--battery", "sweep", "--version", "1", "--where", "status = failed", "--yes")
        #expect(deleted.stdout.hasSuffix("deleted 2 experiments\n"), "\(deleted)")
        #expect(deleted.ending == .exited(0))
        #expect(remaining == ["run-1", "run-4", "run-5"])
        #expect(server.cli("EXISTS", keyspace.battery(BatteryID("b1")!)) == "1")
        #expect(ingest.isRunning)
    }

    @Test func `A filter that nothing fulfils, that is empty or that is wrong deletes nothing`() throws {
        let cases: [([String], Int32, String)] = [
            (
                ["--battery", "sweep", "--where", "lr > 1"], 1,
                "hypero-ingest: no experiment of 'sweep' fulfils lr > 1. Nothing was deleted\n"
            ),
            (
                ["--battery", "sweep", "--where", " "], 64,
                "hypero-ingest: --where is empty, which every experiment fulfils. Delete the battery without --where\n"
            ),
            (
                ["--battery", "sweep", "--where", "not vaild > 1"], 64,
                "hypero-ingest: no field is called vaild\n  not vaild > 1\n      ^^^^^  do you mean valid?\n"
            ),
            (["--battery", "sweep", "--where", "valid >"], 64, "hypero-ingest: a value is missing after >\n"),
            (
                ["--battery", "swep", "--where", "valid > 0"], 1,
                "hypero-ingest: battery not found: 'swep'. Did you mean 'sweep'?\n"
            ),
            (["run-1", "--where", "valid > 0"], 64, "hypero-ingest: --where needs --battery."),
        ]
        for (arguments, status, message) in cases {
            let outcome = try ChildProcess.run(
                "hypero-ingest", ["delete", "--redis", server.url, "--yes"] + arguments)
            #expect(outcome.ending == .exited(status), "\(arguments)")
            #expect(outcome.stderr.hasPrefix(message), "\(outcome.stderr)")
        }
        #expect(remaining.count == 5)
    }

    @Test func `Of several conditions all must be fulfilled, and none may be empty`() throws {
        let both = try delete(
            "--battery", "sweep", "--where", "status = failed", "--where", "lr > 0.025", "--version", "1", "--dry-run")
        #expect(
            both.stdout == "experiment run-3 of 'sweep' version 1, status failed\n1 experiment would be deleted\n",
            "\(both)")
        let empty = try delete("--battery", "sweep", "--where", "status = failed", "--where", "", "--yes")
        #expect(empty.ending == .exited(64))
        #expect(empty.stderr.hasPrefix("hypero-ingest: --where is empty"), "\(empty)")
        #expect(remaining.count == 5)
    }

    @Test func `With the option for it, a field that no experiment has is missing in all`() throws {
        let condition = ["--battery", "sweep", "--where", "warmup is null and status = failed and lr < 0.045"]
        let strict = try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url, "--dry-run"] + condition)
        #expect(strict.ending == .exited(64))
        #expect(strict.stderr.hasPrefix("hypero-ingest: no field is called warmup\n"), "\(strict)")
        let lenient = try ChildProcess.run(
            "hypero-ingest", ["delete", "--redis", server.url, "--dry-run", "--lenient"] + condition)
        #expect(
            lenient.stdout == """
                experiment run-2 of 'sweep' version 1, status failed
                experiment run-3 of 'sweep' version 1, status failed
                2 experiments would be deleted

                """, "\(lenient)")
        #expect(lenient.ending == .exited(0))
        let none = try delete("--battery", "sweep", "--where", "warmup > 1", "--lenient", "--yes")
        #expect(none.stderr == "hypero-ingest: no experiment of 'sweep' fulfils warmup > 1. Nothing was deleted\n")
        let alone = try delete("--battery", "sweep", "--lenient", "--yes")
        #expect(alone.ending == .exited(64))
        #expect(alone.stderr.hasPrefix("hypero-ingest: --lenient needs --where."), "\(alone)")
        #expect(remaining.count == 5)
    }

    @Test func `Experiments of several versions are deleted together, and the versions are named`() throws {
        let listed = try delete("--battery", "sweep", "--where", "status = failed", "--dry-run")
        #expect(listed.stdout.hasSuffix("\n3 experiments of versions 1 and 2 would be deleted\n"), "\(listed)")
    }

    @Test func `An experiment that diverged is deleted by its objective, and one without values is not`() throws {
        for (name, value) in [("diverged", "nan"), ("partly", "0.5"), ("other", nil)] {
            let experiment = ["experiment", "\(name)-1", "battery", "b1"]
            add(["event", "start"] + experiment)
            add(
                ["event", "epoch"] + experiment + ["epoch", "0"]
                    + (value == nil ? ["curve.x", "1"] : ["curve.valid", "nan"]))
            if let value { add(["event", "epoch"] + experiment + ["epoch", "1", "curve.valid", value]) }
        }
        try fixture.drain()
        let listed = try delete("--battery", "sweep", "--where", "valid is nan and age < 7d", "--dry-run")
        #expect(
            listed.stdout
                == "experiment diverged-1 of 'sweep' version 1, status running\n1 experiment would be deleted\n",
            "\(listed)")
        let null = try delete("--battery", "sweep", "--where", "valid is null", "--dry-run")
        #expect(
            null.stdout == "experiment other-1 of 'sweep' version 1, status running\n1 experiment would be deleted\n",
            "\(null)")
    }

    @Test func `An experiment that cannot be read fulfils no filter`() throws {
        let index = keyspace.experiments(of: BatteryID("b1")!)
        server.cli("ZADD", index, "5", "zz-1", "6", "zz-2")
        server.cli("SET", keyspace.experiment(ExperimentID("zz-1")!), "foo")
        for expression in [
            "not (valid > 0.25)", "valid is null or valid < 0.25", "not (nonfinite > 0) and valid < 0.25",
        ] {
            let listed = try delete("--battery", "sweep", "--where", expression, "--dry-run")
            #expect(listed.stdout.hasSuffix("2 experiments would be deleted\n"), "\(listed)")
            #expect(!listed.stdout.contains("zz-"), "\(listed)")
            #expect(
                listed.stderr.contains("\(keyspace.experiment(ExperimentID("zz-1")!)) holds a value of another type"))
            #expect(listed.stderr.contains("experiment 'zz-2' is left out, because its hash is missing"), "\(listed)")
        }
    }

    @Test func `Only experiments that fulfil the filter after the answer are deleted`() throws {
        let ingest = try fixture.ingest()
        let screen = try TerminalProcess(
            "hypero-ingest",
            ["delete", "--redis", server.url, "--battery", "sweep", "--where", "status = failed"], columns: 200)
        #expect(eventually { screen.output.contains("Delete 3 experiments of versions 1 and 2? [y/N]") })
        let hash = keyspace.experiment(ExperimentID("run-2")!)
        add(["event", "start", "experiment", "run-2", "battery", "b1", "attempt", "2"])
        #expect(eventually { server.cli("HGET", hash, "status") == "running" })
        screen.type("y\n")
        #expect(screen.process.wait() == .exited(0))
        #expect(screen.output.contains("1 experiment does not fulfil the condition any more and stays"))
        #expect(screen.output.contains("deleted 2 experiments of versions 1 and 2"), "\(screen.output)")
        #expect(remaining == ["run-1", "run-2", "run-4"])
        #expect(ingest.isRunning)
    }

    @Test func `Of many experiments, all are listed, and only the first ones before the question`() throws {
        for number in 10..<40 {
            let experiment = ["experiment", "many-\(number)", "battery", "b1"]
            add(["event", "start"] + experiment)
        }
        try fixture.drain()
        let listed = try delete("--battery", "sweep", "--where", "valid is null", "--dry-run")
        let lines = listed.stdout.split(separator: "\n")
        #expect(lines.count == 31)
        #expect(lines.last == "30 experiments would be deleted")
        let refused = try delete("--battery", "sweep", "--where", "valid is null")
        #expect(refused.stdout.split(separator: "\n").count == 21)
        #expect(refused.stdout.hasSuffix("\nand 10 more\n"), "\(refused)")
    }
}
