import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Dead letters that must not be requeued, or only once.
@Suite struct RequeueFaultTests {
    /// Adds an invalid entry, applies it and returns the id of its dead letter.
    private func makeDeadLetter(_ fields: [String], on fixture: IngestFixture) throws -> String {
        fixture.server.cli(["XADD", fixture.keyspace.events, "*"] + fields)
        try fixture.drain()
        var connection = try fixture.connect()
        return try #require(try StreamEntry.all(of: fixture.keyspace.dead, from: &connection).last).id.description
    }

    private func deadLetterCount(_ fixture: IngestFixture) -> String {
        fixture.server.cli("XLEN", fixture.keyspace.dead)
    }

    @Test func `A dead letter whose id is given twice is requeued once, and an incomplete id is rejected`() throws {
        let fixture = try IngestFixture()
        let id = try makeDeadLetter(["event", "surprise"], on: fixture)
        let firstNumber = String(try #require(id.split(separator: "-").first))
        let refused = try fixture.requeue(firstNumber)
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("dead letter not found: '\(firstNumber)', an id is two numbers joined by -"))
        #expect(deadLetterCount(fixture) == "1" && fixture.server.cli("XLEN", fixture.keyspace.events) == "1")
        let sent = try fixture.requeue(id, id, "0" + id)
        #expect(sent.succeeded && sent.stdout == "1 dead letter requeued\n")
        #expect(deadLetterCount(fixture) == "0" && fixture.server.cli("XLEN", fixture.keyspace.events) == "2")
        #expect(fixture.count(IngestField.requeued) == 1)
    }

    @Test func `A dead letter with omitted fields is not requeued`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        let params = (0..<1_022).flatMap { ["param.\($0)", "1"] }
        let id = try makeDeadLetter(["event", "param", "experiment", "e-1", "battery", "b"] + params, on: fixture)
        let refused = try fixture.requeue("--all", "--remove", "param.0")
        #expect(refused.ending == .exited(1) && refused.stdout == "0 dead letters requeued\n")
        #expect(refused.stderr.contains("cannot send \(id): 1 field is missing"), "\(refused.stderr)")
        #expect(deadLetterCount(fixture) == "1" && fixture.server.cli("XLEN", fixture.keyspace.events) == "2")
    }

    @Test func `A requeue does not mistake an entry's own dead.* fields for those of the ingest`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        let value = String(repeating: "x", count: 253) + "…"
        _ = try makeDeadLetter(
            ["event", "meta", "experiment", "e-1", "battery", "b", "meta.log", value]
                + ["dead.cut", "mine", "dead.omitted", "3"], on: fixture)
        let sent = try fixture.requeue("--all", "--remove", "dead.cut", "--remove", "dead.omitted")
        #expect(sent.succeeded, "\(sent.stderr)")
        try fixture.drain()
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "meta.log") == value)
    }

    @Test func `A requeue into a full stream changes nothing, and the status reports the stream`() throws {
        let fixture = try IngestFixture()
        _ = try makeDeadLetter(["event", "surprise"], on: fixture)
        fixture.server.cli("XADD", fixture.keyspace.events, StreamID.highest.description, "a", "b")
        let refused = try fixture.requeue("--all")
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("{hypero}:events accepts no more entries"), "\(refused.stderr)")
        #expect(deadLetterCount(fixture) == "1" && fixture.count(IngestField.requeued) == 0)
        #expect(try fixture.statusContains("{hypero}:events accepts no more entries"))
    }

    @Test func `A requeue without --partitions names the dead letters of a partitioned deployment`() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("XADD", "{hypero:1}:dead", "1-0", "event", "x", "dead.reason", "r", "dead.id", "1-0")
        for arguments in [["--all"], ["1-0"]] {
            let refused = try ChildProcess.run(
                "hypero-ingest", ["requeue", "--redis", fixture.server.url] + arguments)
            #expect(refused.ending == .exited(1))
            #expect(refused.stderr.contains("dead letters in {hypero:1}:dead"), "\(refused.stderr)")
            #expect(refused.stderr.contains("Give --partitions with that number"))
        }
        // Also if dead letters of the configured partitions were sent.
        fixture.server.cli("XADD", fixture.keyspace.dead, "1-0", "event", "x", "dead.reason", "r", "dead.id", "1-0")
        let partial = try fixture.requeue("--all")
        #expect(partial.ending == .exited(1))
        #expect(partial.stdout == "1 dead letter requeued\n")
        #expect(partial.stderr.contains("not requeued: the dead letters in {hypero:1}:dead"))
        #expect(try fixture.requeue("--all", "--partitions", "2").succeeded)
    }

    @Test(arguments: [
        ["a=1", "a=2"], ["producer=p"], ["seq=1"], ["requeued=1-0"], ["dead.cut=x"], ["dead.reason="],
    ])
    func `A --set option that is not allowed is rejected`(_ texts: [String]) throws {
        let refused = try ChildProcess.run("hypero-ingest", ["requeue", "--all"] + texts.flatMap { ["--set", $0] })
        #expect(refused.ending == .exited(64))
        let field = texts[0].prefix { $0 != "=" }
        #expect(
            refused.stderr.contains("--set \(field) is given twice")
                || refused.stderr.contains("--set \(field) is not allowed"))
    }

    @Test func `A requeue that cannot write its output exits with an error`() throws {
        let fixture = try IngestFixture()
        let program = "'\(ChildProcess.productsDirectory)/hypero-ingest'"
        let outcome = try ChildProcess.run(
            "bash", ["-c", "\(program) requeue --all --redis '\(fixture.server.url)' > /dev/full"])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("cannot be written to standard output"), "\(outcome.stderr)")
    }
}
