import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// The output of `hypero-ingest delete` with a rule, and its outcome without an ingest.
@Suite struct DeleteByRuleTests {
    private let fixture: CommandFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try CommandFixture()
    }

    private func declare(_ battery: String, _ fields: [String] = []) {
        server.cli(
            ["XADD", keyspace.events, "*", "event", "battery", "battery", battery, "name", battery, "version", "1"]
                + ["description", ""] + fields)
    }

    private func add(_ experiment: String, to battery: String, ago: Int64 = 0, ending: Bool = true, _ values: [String])
    {
        let common = ["experiment", experiment, "battery", battery, "time", String(WallClock.milliseconds - ago)]
        server.cli(["XADD", keyspace.events, "*", "event", "start"] + common)
        if !values.isEmpty {
            server.cli(["XADD", keyspace.events, "*", "event", "epoch", "epoch", "1"] + common + values)
        }
        if ending { server.cli(["XADD", keyspace.events, "*", "event", "end", "status", "done"] + common) }
    }

    private func delete(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url] + arguments)
    }

    private func selected(_ arguments: String...) throws -> [String] {
        try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url, "--dry-run"] + arguments).stdout
            .split(separator: "\n").filter { $0.hasPrefix("experiment ") }.map { String($0.split(separator: " ")[1]) }
    }

    @Test func `The deletions of a rule expire without an ingest, and a deletion by id stays requested`() throws {
        declare("b")
        for number in 1...3 { add("p-\(number)", to: "b", ["curve.valid", "0.\(number)"]) }
        try fixture.drain()
        let rule = try delete("--keep-best", "1", "--yes", "--timeout", "0.01")
        #expect(rule.ending == .exited(1), "\(rule)")
        #expect(
            rule.stderr.contains("no ingest is running, so start hypero-ingest. 2 deletions have expired"), "\(rule)")
        #expect(server.cli("XLEN", keyspace.control) == "0")
        let byID = try delete("p-1", "--yes", "--timeout", "0.01")
        #expect(
            byID.stderr.contains("The deletion is requested and is carried out as soon as an ingest reads it"),
            "\(byID)")
        #expect(server.cli("XLEN", keyspace.control) == "1")
        try fixture.drain()
        #expect(server.cli("ZRANGE", keyspace.experiments(of: BatteryID("b")!), "0", "-1") == "p-2\np-3")
        // The commands that have expired do not stop later ones.
        let ingest = try fixture.ingest()
        let done = try delete("--keep-best", "1", "--yes")
        #expect(done.succeeded && done.stdout.hasSuffix("deleted 1 experiment\n"), "\(done)")
        #expect(ingest.isRunning)
    }

    @Test func `What was lost for less than a day stays, unless an age is given`() throws {
        declare("b")
        add("p-1", to: "b", ago: 3 * 86_400_000, ending: false, [])
        add("p-2", to: "b", ago: 600_000, ending: false, [])
        try fixture.drain()
        #expect(try selected("--status", "lost") == ["p-1"])
        #expect(try selected("--status", "lost", "--older-than", "5m") == ["p-1", "p-2"])
        let listed = try delete("--status", "lost", "--dry-run")
        #expect(listed.stdout.contains("experiment p-1 of 'b' version 1, lost for 3 d 0 h\n"), "\(listed)")
    }

    @Test func `What has not changed since it was selected is deleted, also if it was lost or runs`() throws {
        declare("b")
        let old = String(WallClock.milliseconds - 3 * 86_400_000)
        for (number, producer) in ["lost", "runs"].enumerated() {
            server.cli(
                "XADD", keyspace.events, "*", "event", "start", "experiment", "\(producer)-1", "battery", "b",
                "producer",
                producer, "seq", "1", "time", old)
            if number == 1 { server.cli("XADD", keyspace.events, "*", "event", "alive", "producer", producer) }
        }
        add("p-1", to: "b", [])
        try fixture.drain()
        let ingest = try fixture.ingest()
        for (options, count) in [
            (["--status", "lost", "--dry-run"], "1 experiment would be deleted\n"),
            (["--status", "lost", "--yes"], "deleted 1 experiment\n"),
            (["--battery", "b", "--where", "status in (running, done)", "--yes"], "deleted 2 experiments\n"),
        ] {
            let outcome = try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url] + options)
            #expect(outcome.succeeded && outcome.stdout.hasSuffix(count), "\(options): \(outcome)")
        }
        #expect(ingest.isRunning)
    }

    @Test func `An objective whose name does not tell its direction needs a declaration`() throws {
        for (battery, fields) in [
            ("guessed", ["objective", "energy"]), ("stated", ["objective", "energy", "direction.energy", "max"]),
            ("lowest", ["objective", "energy", "direction", "min"]), ("cost", ["objective", "val_cost"]),
        ] {
            declare(battery, fields)
            for number in 1...2 { add("\(battery)-\(number)", to: battery, ["curve.\(fields[1])", "\(number)"]) }
        }
        try fixture.drain()
        let listed = try delete("--keep-best", "1", "--dry-run")
        #expect(
            listed.stderr.contains(
                "battery 'guessed' version 1 (guessed) is left out: keep-best needs a direction, and the name of 'energy', the "
                    + "objective, does not tell it"), "\(listed)")
        #expect(try Set(selected("--keep-best", "1")) == ["stated-1", "lowest-2", "cost-2"])
        #expect(listed.stdout.contains("battery 'cost' version 1: the best 1 of 2 by val_cost (min) stay\n"))
        // A later declaration is one too.
        declare("guessed", ["objective", "energy", "direction", "max", "direction.energy", "max"])
        try fixture.drain()
        #expect(try Set(selected("--keep-best", "1")) == ["stated-1", "lowest-2", "cost-2", "guessed-1"])
    }

    @Test func `A curve of another type is an error, and is not counted`() throws {
        declare("b")
        for number in 1...2 { add("p-\(number)", to: "b", ["curve.valid", "0.\(number)"]) }
        try fixture.drain()
        let curve = keyspace.curve(of: ExperimentID("p-1")!)
        server.cli("DEL", curve)
        server.cli("SET", curve, "x")
        let ingest = try fixture.ingest()
        let outcome = try delete("--older-than", "1ms", "--battery", "b", "--curves-only", "--yes")
        #expect(
            outcome.ending == .exited(1) && outcome.stdout.hasSuffix("deleted the curves of 1 experiment\n"),
            "\(outcome)")
        #expect(outcome.stderr.contains("cannot remove rows of \(curve): it has another type than a hash"))
        #expect(ingest.isRunning)
    }

    @Test func `A name is escaped in the list, and output that cannot be written is an error`() throws {
        let name = "a\u{2028}b\u{200B}c"
        server.cli(
            "XADD", keyspace.events, "*", "event", "battery", "battery", "odd", "name", name, "version", "1",
            "description", "")
        add("p-1", to: "odd", ["curve.valid", "1"])
        try fixture.drain()
        #expect(try delete("p-1", "--dry-run").stdout.contains("of 'a\\u{2028}b\\u{200b}c' version 1"))
        for command in ["acl", "acl --role query --check", "delete p-1 --dry-run", "delete --battery odd --dry-run"] {
            let full = try ChildProcess.run(
                "sh",
                [
                    "-c",
                    "exec '\(ChildProcess.productsDirectory)/hypero-ingest' \(command) --redis '\(server.url)' > /dev/full",
                ])
            #expect(full.ending == .exited(1), "\(command): \(full)")
            #expect(full.stderr.contains("cannot write to standard output: No space left on device"), "\(full)")
        }
        let fifo = server.folder.file("password")
        let none = try ChildProcess.run(
            "sh",
            [
                "-c",
                "mkfifo '\(fifo)' && '\(ChildProcess.productsDirectory)/hypero-ingest' acl --role query --password-file '\(fifo)'",
            ])
        #expect(none.ending == .exited(1) && none.stderr.contains("its first line must not be empty"), "\(none)")
    }
}
