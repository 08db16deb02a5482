import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Dead letters that must not be sent again, or not twice.
@Suite struct RequeueFaultTests {
    /// Buries an entry of these fields, and returns its letter's id.
    private func bury(_ fields: [String], on bench: IngestFixture) throws -> String {
        bench.server.cli(["XADD", bench.space.events, "*"] + fields)
        try bench.drain()
        var connection = try bench.connect()
        return try #require(try StreamEntry.all(of: bench.space.dead, from: &connection).last).id.description
    }

    private func letters(_ bench: IngestFixture) -> String { bench.server.cli("XLEN", bench.space.dead) }

    @Test("an id that is given twice is sent once, and one without its second number is unknown")
    func ids() throws {
        let bench = try IngestFixture()
        let id = try bury(["event", "surprise"], on: bench)
        let half = String(try #require(id.split(separator: "-").first))
        let refused = try bench.requeue(half)
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("no dead letter \(half): an id is two numbers with a - between them"))
        #expect(letters(bench) == "1" && bench.server.cli("XLEN", bench.space.events) == "1")
        let sent = try bench.requeue(id, id, "0" + id)
        #expect(sent.succeeded && sent.stdout == "1 dead letter is sent again\n")
        #expect(letters(bench) == "0" && bench.server.cli("XLEN", bench.space.events) == "2")
        #expect(bench.count(IngestField.requeued) == 1)
    }

    @Test("a letter of which fields were left out is not sent")
    func leftOut() throws {
        let bench = try IngestFixture()
        bench.declare()
        let params = (0..<1_022).flatMap { ["param.\($0)", "1"] }
        let id = try bury(["event", "param", "experiment", "e-1", "battery", "b"] + params, on: bench)
        let refused = try bench.requeue("--all", "--remove", "param.0")
        #expect(refused.ending == .exited(1) && refused.stdout == "0 dead letters are sent again\n")
        #expect(refused.stderr.contains("cannot send \(id): 1 field is missing"), "\(refused.stderr)")
        #expect(letters(bench) == "1" && bench.server.cli("XLEN", bench.space.events) == "2")
    }

    @Test("an entry's own fields that are called like the ingest's do not count as the ingest's")
    func ownNames() throws {
        let bench = try IngestFixture()
        bench.declare()
        let value = String(repeating: "x", count: 253) + "…"
        _ = try bury(
            ["event", "meta", "experiment", "e-1", "battery", "b", "meta.log", value]
                + ["dead.cut", "mine", "dead.omitted", "3"], on: bench)
        let sent = try bench.requeue("--all", "--remove", "dead.cut", "--remove", "dead.omitted")
        #expect(sent.succeeded, "\(sent.stderr)")
        try bench.drain()
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("e-1")!), "meta.log") == value)
    }

    @Test("a stream that takes no more entries gets none, nothing is counted or lost, and status says it")
    func fullEvents() throws {
        let bench = try IngestFixture()
        _ = try bury(["event", "surprise"], on: bench)
        bench.server.cli("XADD", bench.space.events, StreamID.highest.description, "a", "b")
        let refused = try bench.requeue("--all")
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("{hypero}:events accepts no more entries"), "\(refused.stderr)")
        #expect(letters(bench) == "1" && bench.count(IngestField.requeued) == 0)
        #expect(try bench.statusSays("{hypero}:events takes no more entries"))
    }

    @Test("letters of a divided deployment are not said not to be there")
    func divided() throws {
        let bench = try IngestFixture()
        bench.server.cli("XADD", "{hypero:1}:dead", "1-0", "event", "x", "dead.reason", "r", "dead.id", "1-0")
        for arguments in [["--all"], ["1-0"]] {
            let refused = try ChildProcess.run(
                "hypero-ingest", ["requeue", "--redis", bench.server.url] + arguments)
            #expect(refused.ending == .exited(1))
            #expect(refused.stderr.contains("dead letters in {hypero:1}:dead"), "\(refused.stderr)")
            #expect(refused.stderr.contains("Give --partitions n"))
        }
        #expect(try bench.requeue("--all", "--partitions", "2").succeeded)
    }

    @Test(
        "what cannot be set is refused with advice",
        arguments: [
            ["a=1", "a=2"], ["producer=p"], ["seq=1"], ["requeued=1-0"], ["dead.cut=x"], ["dead.reason="],
        ])
    func set(_ texts: [String]) throws {
        let refused = try ChildProcess.run("hypero-ingest", ["requeue", "--all"] + texts.flatMap { ["--set", $0] })
        #expect(refused.ending == .exited(64))
        let field = texts[0].prefix { $0 != "=" }
        #expect(
            refused.stderr.contains("--set \(field) is given twice")
                || refused.stderr.contains("--set \(field) cannot be"))
    }

    @Test("an answer that cannot be written is no success")
    func fullDisk() throws {
        let bench = try IngestFixture()
        let program = "'\(ChildProcess.productsDirectory)/hypero-ingest'"
        let outcome = try ChildProcess.run(
            "bash", ["-c", "\(program) requeue --all --redis '\(bench.server.url)' > /dev/full"])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("cannot be written to standard output"), "\(outcome.stderr)")
    }
}
