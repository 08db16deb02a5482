import HyperoSchema
import TestSupport
import Testing

/// The times of dead letters that are sent again.
@Suite struct RequeueTimeTests {
    private let fixture: IngestFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try IngestFixture()
    }

    private func add(_ milliseconds: Int64, _ event: String, _ fields: String...) {
        add(milliseconds, event, fields)
    }

    private func add(_ milliseconds: Int64, _ event: String, _ fields: [String]) {
        server.cli(
            ["XADD", keyspace.events, "\(milliseconds)-*", "event", event, "experiment", "p-1", "battery"]
                + [EventSequence.battery.text] + fields)
    }

    private func declare(at milliseconds: Int64) {
        server.cli(
            "XADD", keyspace.events, "\(milliseconds)-*", "event", "battery", "battery", EventSequence.battery.text,
            "name", "digits", "version", "1", "description", "")
    }

    /// An empty text stands for no field. 1 ms and the year 2100 are times that the ingest replaces.
    @Test(arguments: ["", "1", "4102444800000"])
    func `Dead letters keep the times of their first ids, so that they do not replace what is newer`(time: String)
        throws
    {
        let first: Int64 = 1_763_899_200_000
        let field = time.isEmpty ? [] : ["time", time]
        add(first, "start", field)
        add(first, "epoch", ["epoch", "7", "curve.valid", "0.99"] + field)
        add(first, "end", ["status", "failed", "reason", "first process"] + field)
        try fixture.drain()
        #expect(server.cli("XLEN", keyspace.dead) == "3")
        declare(at: first + 1_000)
        add(first + 2_000, "start", "from", "5")
        add(first + 2_000, "epoch", "epoch", "5", "curve.valid", "0.5")
        try fixture.drain()
        let requeue = try ChildProcess.run("hypero-ingest", ["requeue", "--redis", server.url, "--all"])
        #expect(requeue.stdout == "3 dead letters requeued\n")
        try fixture.drain()
        let key = keyspace.experiment(ExperimentID("p-1")!)
        #expect(server.cli("HMGET", key, "status", "max.valid", "reason") == "running\n0.5")
        #expect(server.cli("HGETALL", keyspace.curve(of: ExperimentID("p-1")!)) == "5\nvalid=0.5")
        #expect(server.cli("XLEN", keyspace.dead) == "0")
    }

    @Test func `A time that is set for a dead letter replaces the one of its first id`() throws {
        let first: Int64 = 1_763_899_200_000
        add(first, "end", "status", "failed")
        try fixture.drain()
        declare(at: first + 1_000)
        add(first + 2_000, "start")
        let later = "time=\(first + 3_000)"
        let requeue = try ChildProcess.run(
            "hypero-ingest", ["requeue", "--redis", server.url, "--all", "--set", later])
        #expect(requeue.succeeded)
        try fixture.drain()
        #expect(server.cli("HGET", keyspace.experiment(ExperimentID("p-1")!), "status") == "failed")
    }
}
