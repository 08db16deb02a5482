import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// The outcome of `hypero-ingest delete` with a rule, if its commands are not carried out at once.
@Suite struct DeleteExpiryTests {
    private let fixture: CommandFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    /// A battery with three experiments that have ended.
    init() throws {
        fixture = try CommandFixture()
        server.cli(
            "XADD", keyspace.events, "*", "event", "battery", "battery", "b", "name", "b", "version", "1",
            "description", "")
        for number in 1...3 {
            add("start", number)
            add("epoch", number, "epoch", "1", "curve.valid", "0.\(number)")
            add("end", number, "status", "done")
        }
        try fixture.drain()
    }

    private func add(_ event: String, _ number: Int, _ fields: String...) {
        server.cli(
            ["XADD", keyspace.events, "*", "event", event, "experiment", "p-\(number)", "battery", "b"] + fields)
    }

    private var experiments: String { server.cli("ZRANGE", keyspace.experiments(of: BatteryID("b")!), "0", "-1") }

    /// Starts a deletion, and waits until its commands are in the control stream.
    private func requested(_ arguments: String..., count: Int = 2) throws -> ChildProcess {
        let rule = ["delete", "--redis", server.url, "--yes"] + arguments
        let child = try ChildProcess("hypero-ingest", rule)
        #expect(eventually { server.cli("XLEN", keyspace.control) == "\(count)" })
        return child
    }

    @Test func `An experiment that starts again while the deletion waits for an ingest stays`() throws {
        let rule = try requested("--keep-best", "1", "--timeout", "30")
        add("start", 1)
        let ingest = try fixture.ingest()
        #expect(rule.wait() == .exited(0), "\(rule.stderr)")
        #expect(
            rule.stdout.hasSuffix(
                "\ndeleted 1 experiment\nexperiment p-1 has changed since it was selected and stays\n"),
            "\(rule.stdout)")
        #expect(experiments == "p-1\np-3")
        #expect(server.cli("HGET", keyspace.ingest, IngestField.expired) == "1")
        #expect(
            eventually {
                ingest.stderr.contains(
                    "passed over the command about experiment p-1 of {hypero}:control: it has changed since")
            })
    }

    @Test(arguments: [true, false])
    func `The deletions of a rule that was killed are carried out only in time`(isInTime: Bool) throws {
        let rule = try requested("--status", "done", "--timeout", isInTime ? "60" : "1", count: 3)
        rule.kill()
        rule.wait()
        if !isInTime {
            let fields = server.cli("XREVRANGE", keyspace.control, "+", "-", "COUNT", "1").split(separator: "\n")
            let until = try #require(fields.firstIndex(of: "until").flatMap { Int64(fields[$0 + 1]) })
            #expect(eventually { WallClock.milliseconds > until })
        }
        try fixture.drain()
        #expect(experiments == (isInTime ? "" : "p-1\np-2\np-3"))
        #expect(server.cli("XLEN", keyspace.control) == "0")
    }

    @Test func `An error after the commands were written says when they expire`() throws {
        let rule = try requested("--keep-best", "1", "--timeout", "0.5")
        server.cli("CONFIG", "SET", "maxmemory", "1")
        #expect(rule.wait() == .exited(1))
        #expect(rule.stderr.contains("OOM"), "\(rule.stderr)")
        #expect(
            rule.stderr.contains("2 deletions were requested before. What no ingest has carried out by "),
            "\(rule.stderr)")
        server.cli("CONFIG", "SET", "maxmemory", "0")
        try fixture.drain()
        #expect(experiments == "p-1\np-2\np-3")
    }

    @Test func `A command that an ingest of another version passes over is an error`() throws {
        let rule = try requested("--keep-best", "1", "--timeout", "30")
        let last = server.cli("XREVRANGE", keyspace.control, "+", "-", "COUNT", "1").split(separator: "\n")[0]
        server.cli("HSET", keyspace.ingest, IngestField.control, String(last))
        #expect(rule.wait() == .exited(1))
        #expect(rule.stderr.contains("2 deletions were not carried out, for example of p-1"), "\(rule.stderr)")
    }

    @Test func `A curve that an ingest has begun to thin does not count as expired`() throws {
        let rule = try requested("--status", "done", "--curves-only", "--timeout", "0.5", count: 3)
        let first = server.cli("XRANGE", keyspace.control, "-", "+", "COUNT", "1").split(separator: "\n")[0]
        server.cli("HSET", keyspace.ingest, IngestField.begun, String(first))
        // As the first part records it.
        let record = ThinnedCurve(
            through: 1, removed: 0, best: 1, limit: .maxima, time: Int64(clamping: WallClock.milliseconds) + 60_000)
        server.cli("HSET", keyspace.experiment(ExperimentID("p-1")!), "thinned", record.text)
        #expect(rule.wait() == .exited(1))
        #expect(
            rule.stderr.contains("while the curve of p-1 is being thinned: an ingest completes it"), "\(rule.stderr)")
        #expect(rule.stderr.contains("2 deletions have expired"), "\(rule.stderr)")
        try fixture.drain()
        #expect(
            (1...3).map { server.cli("HEXISTS", keyspace.experiment(ExperimentID("p-\($0)")!), "thinned") }
                == ["1", "0", "0"])
    }

    @Test func `A partition that would refuse its commands keeps those of the others from being written`() throws {
        for tag in ["{hypero:0}", "{hypero:1}"] {
            server.cli("HSET", "\(tag):experiment:q-1", "battery", "b", "status", "done")
        }
        server.cli("SET", "{hypero:1}:deleted", "text")
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["delete", "--redis", server.url, "--partitions", "2", "--yes", "q-1"])
        #expect(outcome.ending == .exited(1) && outcome.stderr.contains("{hypero:1}:deleted must be"), "\(outcome)")
        #expect(server.cli("EXISTS", "{hypero:0}:control") == "0")
    }

    @Test func `Of equal experiments in two partitions one is the best, and none if the best stay`() throws {
        for (number, tag) in ["{hypero:0}", "{hypero:1}"].enumerated() {
            server.cli("ZADD", "\(tag):batteries", "1", "t")
            server.cli(
                "HSET", "\(tag):battery:t", "name", "t", "version", "1", "description", "", "objective", "valid",
                "direction", "max")
            server.cli("ZADD", "\(tag):battery:t:experiments", "1", "t-\(number)")
            server.cli("ZADD", "\(tag):battery:t:rank:valid", "0.5", "t-\(number)")
            server.cli("ZADD", "\(tag):battery:t:columns", "1", "max.valid")
            server.cli(
                "HSET", "\(tag):experiment:t-\(number)", "battery", "t", "status", "done", "started", "1", "updated",
                "1",
                "since", "1", "max.valid", "0.5", "max.epoch", "1", "epochs", "1")
        }
        let arguments = ["delete", "--redis", server.url, "--partitions", "2", "--dry-run"]
        let byID = try ChildProcess.run("hypero-ingest", arguments + ["t-0", "t-1"])
        #expect(byID.stdout.split(separator: "\n").filter { $0.hasSuffix("the best of its battery") }.count == 1)
        #expect(
            byID.stdout.contains("experiment t-1 of 't' version 1, status done, the best of its battery"), "\(byID)")
        let rule = try ChildProcess.run("hypero-ingest", arguments + ["--battery", "t", "--keep-best", "1"])
        #expect(rule.stdout.contains("1 experiment would be deleted"), "\(rule)")
        #expect(!rule.stdout.contains("the best of its battery"), "\(rule)")
    }
}
