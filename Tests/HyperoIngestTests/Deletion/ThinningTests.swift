import HyperoSchema
import TestSupport
import Testing

/// Commands that remove rows of learning curves, carried out by an ingest.
@Suite struct ThinningTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }
    private var curve: String { keyspace.curve(of: fixture.experiment) }
    private var hash: String { keyspace.experiment(fixture.experiment) }

    init() throws {
        fixture = try DeletionFixture()
    }

    /// Adds a training with a number of epochs, the best of which is 120, as `curve` events.
    private func train(epochs: Int) throws {
        let battery = EventSequence.battery
        func series(_ channel: String, _ value: (Int) -> Double) -> Event.Series {
            Event.Series(channel, (1...epochs).map { Number(value($0)) })
        }
        try fixture.ingest.add([
            EventSequence.declaration,
            Event(experiment: fixture.experiment, battery: battery, body: .start(Event.Start())),
            Event(
                experiment: fixture.experiment, battery: battery,
                body: .curve(
                    first: 1,
                    [
                        series("valid") { 1 - Double(abs($0 - 120)) / 1e5 },
                        series("loss") { Double(($0 * 7_919) % 104_729) },
                    ])),
        ])
    }

    private var maxima: [String] {
        server.cli(
            "HMGET", hash, "max.valid", "max.loss", "max.epoch", "max.source", "epochs", "status"
        ).split(separator: "\n").map(String.init)
    }

    private func memory() -> Int {
        [hash, curve].reduce(0) { $0 + (Int(server.cli("MEMORY", "USAGE", $1, "SAMPLES", "0")) ?? 0) }
    }

    @Test(arguments: [("200", 200), ("3000", 3_000), ("", 2)])
    func `Rows are removed, and maxima and rankings stay, in less memory`(rows: String, count: Int) throws {
        let ingest = try fixture.ingest.ingest()
        try train(epochs: 5_000)
        try fixture.waitUntilConsumed(3)
        let (before, bytes) = (maxima, memory())
        #expect(before == ["1", "\((120 * 7_919) % 104_729)", "120", "curve", "5000", "running"])
        let fields = ["event", "thin", "experiment", fixture.experiment.text] + (rows.isEmpty ? [] : ["rows", rows])
        fixture.waitForCommand(server.cli(["XADD", keyspace.control, "*"] + fields))
        #expect(server.cli("HLEN", curve) == "\(count)")
        #expect(maxima == before)
        #expect(server.cli("HGET", hash, "thinned").hasPrefix("5000 \(5_000 - count) 120 "))
        #expect(memory() < bytes * (count + 500) / 5_000, "\(bytes) bytes before, \(memory()) after")
        #expect(fixture.score(keyspace.rank(of: EventSequence.battery, by: "valid"), "p-1") == "1")
        // The command is trimmed after the transaction that carries it out.
        #expect(eventually { server.cli("XLEN", keyspace.control) == "0" })
        #expect(server.cli("EXISTS", keyspace.deleted) == "0")

        // The owner has read the state again.
        fixture.addRow(119, of: "p-1")
        fixture.addRow(5_001, of: "p-1")
        try fixture.waitUntilConsumed(5)
        let isKept = server.cli("HEXISTS", curve, "119") == "1"
        #expect(server.cli("XLEN", keyspace.dead) == (isKept ? "0" : "1"))
        // Two rows have the value 1, and the first one counts.
        #expect(maxima[2] == (isKept ? "119" : "120") && maxima[4] == "5001")
        #expect(ingest.isRunning)
    }

    @Test func `What cannot be thinned is passed over, and later commands are carried out`() throws {
        try train(epochs: 50)
        server.cli("SET", keyspace.curve(of: ExperimentID("p-2")!), "text")
        server.cli(
            "HSET", keyspace.experiment(ExperimentID("p-2")!), "battery", EventSequence.battery.text, "status", "done")
        try fixture.ingest.drain()
        fixture.command("event", "thin", "experiment", "absent-1")
        fixture.command("event", "thin", "experiment", "p-2", "rows", "10")
        fixture.command("event", "thin", "experiment", "p-1", "rows", "5")
        let last = fixture.command("event", "thin", "experiment", "p-1", "rows", "10")
        let drained = try fixture.ingest.drain()
        #expect(
            drained.stderr.contains("cannot thin the curve of absent-1: the experiment or its battery does not exist"))
        #expect(drained.stderr.contains("cannot thin a curve: {hypero}:experiment:p-2:curve must be a hash"))
        #expect(drained.stderr.contains("the field 'rows' must be between 10 and 10000, not '5'"))
        #expect(server.cli("HLEN", curve) == "10")
        #expect(server.cli("HGET", keyspace.ingest, IngestField.control) == last)
        // Again, with nothing to remove.
        fixture.command("event", "thin", "experiment", "p-1", "rows", "20")
        try fixture.ingest.drain()
        #expect(server.cli("HLEN", curve) == "10")
        #expect(server.cli("HGET", hash, "thinned").hasPrefix("50 40 50 20 "))
    }
}
