import HyperoSchema
import TestSupport
import Testing

@Suite struct DeleteCommandTests {
    private let fixture: CommandFixture
    private let battery = BatteryID("b")!
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try CommandFixture()
        add("event", "battery", "battery", "b", "name", "sweep", "version", "1", "description", "first try")
        for (number, status) in [(1, "done"), (2, nil), (3, "failed")] {
            let experiment = ["experiment", "run-\(number)", "battery", "b"]
            add(["event", "start"] + experiment)
            add(["event", "epoch"] + experiment + ["epoch", "1", "curve.valid", "0.\(number)"])
            if let status { add(["event", "end"] + experiment + ["status", status]) }
        }
        try fixture.drain()
    }

    private func add(_ fields: String...) { add(fields) }

    private func add(_ fields: [String]) { server.cli(["XADD", keyspace.events, "*"] + fields) }

    private func delete(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url] + arguments)
    }

    @Test func `Experiments are deleted by their ids and by unique prefixes of them`() throws {
        let ingest = try fixture.ingest()
        let listed = try delete("run-3", "run-2", "--dry-run")
        #expect(
            listed.stdout == """
                experiment run-3 of 'sweep' version 1, status failed, the best of its battery
                experiment run-2 of 'sweep' version 1, status running

                """)
        #expect(listed.ending == .exited(0))
        #expect(eventually { server.cli("XLEN", keyspace.control) == "0" })

        add(["event", "start", "experiment", "other-7", "battery", "b"])
        #expect(eventually { server.cli("EXISTS", keyspace.experiment(ExperimentID("other-7")!)) == "1" })
        let deleted = try delete("run-3", "oth", "other-7", "--yes")
        #expect(deleted.stdout.hasSuffix("deleted 2 experiments\n"), "\(deleted)")
        #expect(deleted.ending == .exited(0))
        #expect(server.cli("ZRANGE", keyspace.experiments(of: battery), "0", "-1") == "run-1\nrun-2")
        #expect(ingest.isRunning)
    }

    @Test(arguments: ["DEL", "SET", "ZREM"])
    func `The experiments of a battery are counted, although its list lacks them`(change: String) throws {
        let key = keyspace.experiments(of: battery)
        switch change {
        case "DEL": server.cli("DEL", key)
        case "SET": server.cli("SET", key, "text")
        default: server.cli("ZREM", key, "run-2")
        }
        // It has no part in it.
        add("event", "battery", "battery", "other", "name", "other", "version", "1", "description", "")
        add("event", "start", "experiment", "other-7", "battery", "other")
        try fixture.drain()
        let outcome = try delete("--battery", "sweep", "--dry-run")
        #expect(
            outcome.stdout == """
                battery 'sweep' version 1 (first try), b: 3 experiments, 1 running
                its best is run-3: valid 0.3

                """, "\(outcome)")
    }

    @Test func `A battery is deleted by its name, with the numbers of its experiments`() throws {
        let ingest = try fixture.ingest()
        let outcome = try delete("--battery", "sweep", "--version", "1", "--yes")
        #expect(
            outcome.stdout == """
                battery 'sweep' version 1 (first try), b: 3 experiments, 1 running
                its best is run-3: valid 0.3
                deleted battery 'sweep' version 1 with 3 experiments

                """)
        #expect(outcome.ending == .exited(0), "\(outcome.stderr)")
        #expect(server.cli("KEYS", keyspace.battery(battery) + "*") == "")
        #expect(server.cli("EXISTS", keyspace.experiment(ExperimentID("run-1")!)) == "0")
        #expect(ingest.isRunning)
    }

    @Test func `A name of several batteries is listed with their ids, and a version or an id selects one`() throws {
        add("event", "battery", "battery", "b2", "name", "sweep", "version", "2", "description", "second try")
        try fixture.drain()
        let ambiguous = try delete("--battery", "sweep", "--yes")
        #expect(ambiguous.ending == .exited(1))
        #expect(ambiguous.stderr.contains("ambiguous name: 2 batteries are named 'sweep'"))
        #expect(ambiguous.stderr.contains("b2  version 2  second try"))
        #expect(try delete("--battery", "sweep", "--version", "2", "--dry-run").stdout.contains(", b2: 0 experiments"))
        #expect(try delete("--battery", "b", "--dry-run").stdout.contains(", b: 3 experiments"))
    }

    @Test func `Batteries of one version are told apart by their ids only`() throws {
        add("event", "battery", "battery", "b2", "name", "sweep", "version", "1", "description", "other data")
        try fixture.drain()
        let ambiguous = try delete("--battery", "sweep", "--version", "1", "--dry-run")
        #expect(ambiguous.ending == .exited(1))
        #expect(
            ambiguous.stderr == """
                hypero-ingest: ambiguous name: 2 batteries are named 'sweep'. Give one of these ids with --battery:
                  b  version 1  first try
                  b2  version 1  other data

                """)
        #expect(try delete("--battery", "b2", "--dry-run").stdout.contains(", b2: 0 experiments"))
    }

    @Test func `What is not found, not unique or not confirmed is not deleted`() throws {
        let cases: [([String], Int32, String)] = [
            (["run", "--yes"], 1, "ambiguous id: run is the start of run-1, run-2, run-3. Give more of the id"),
            (["nothing", "--yes"], 1, "experiment not found: nothing"),
            (["RUN 1", "--yes"], 1, "invalid experiment id: 'RUN 1'"),
            (["--battery", "nothing", "--yes"], 1, "battery not found: 'nothing'"),
            (["--battery", "sweep", "--version", "7", "--yes"], 1, "battery not found: 'sweep' version 7"),
            (["run-1"], 64, "standard input is not a terminal. Give --yes"),
            (["--yes"], 64, "nothing to delete. Give ids of experiments, or --battery"),
            (["run-1", "--battery", "sweep", "--yes"], 64, "must not be combined"),
            (["run-1", "--version", "1", "--yes"], 64, "--version needs --battery"),
        ]
        for (arguments, status, message) in cases {
            let outcome = try ChildProcess.run("hypero-ingest", ["delete", "--redis", server.url] + arguments)
            #expect(outcome.ending == .exited(status), "\(arguments)")
            #expect(outcome.stderr.contains(message), "\(arguments): \(outcome.stderr)")
        }
        #expect(server.cli("EXISTS", keyspace.control) == "0")
    }

    @Test func `On a terminal the command asks, and deletes only after yes`() throws {
        func answer(_ text: String) throws -> ChildProcess.Outcome {
            let command = "hypero-ingest delete run-2 --redis \(server.url)"
            // script(1) runs the command on a terminal of its own.
            return try ChildProcess.run(
                "bash",
                [
                    "-c",
                    "PATH=\(ChildProcess.productsDirectory):$PATH; echo \(text) | script -qec '\(command)' /dev/null",
                ])
        }
        let ingest = try fixture.ingest()
        let question = "Delete 1 experiment? Further events of the running ones are dropped. [y/N]"
        let refused = try answer("no")
        #expect(refused.stdout.contains(question) && refused.stdout.contains("nothing was deleted"), "\(refused)")
        #expect(refused.ending == .exited(1))
        #expect(server.cli("EXISTS", keyspace.control) == "0")
        let confirmed = try answer("y")
        #expect(confirmed.stdout.contains("deleted 1 experiment"), "\(confirmed)")
        #expect(confirmed.ending == .exited(0))
        #expect(ingest.isRunning)
    }

    @Test func `Without an ingest the command says so after its timeout, and the next ingest deletes`() throws {
        let outcome = try delete("run-1", "--yes", "--timeout", "0.2")
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("no ingest is running, so start hypero-ingest"))
        #expect(server.cli("EXISTS", keyspace.experiment(ExperimentID("run-1")!)) == "1")
        try fixture.drain()
        #expect(server.cli("EXISTS", keyspace.experiment(ExperimentID("run-1")!)) == "0")
    }

    @Test func `An experiment in a partition of an earlier number of partitions is deleted too`() throws {
        let outcome = try delete("run-1", "--yes", "--partitions", "2", "--timeout", "0.2")
        #expect(outcome.stdout == "experiment run-1 of 'sweep' version 1, status done\n")
        // It looks for other partitions when it starts, and then every 30 seconds.
        let ingest = try ChildProcess(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--partitions", "2"])
        #expect(eventually { server.cli("EXISTS", keyspace.experiment(ExperimentID("run-1")!)) == "0" })
        #expect(ingest.isRunning)
    }
}
