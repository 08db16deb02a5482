import HyperoSchema
import TestSupport
import Testing

/// `hypero-query verify` and `hypero-ingest rebuild` with experiments of whose curves rows were removed.
@Suite struct ThinnedVerifyTests {
    private let fixture: DerivedKeysFixture
    private var server: RedisServer { fixture.server }

    init() throws {
        fixture = try DerivedKeysFixture()
        // The best row is that of epoch 17, and the highest value of another channel is elsewhere.
        for epoch in 1...40 {
            server.cli(
                "XADD", fixture.keyspace.events, "*", "event", "epoch", "experiment", "long-1", "battery", "b", "time",
                "1763900000300", "epoch", "\(epoch)", "curve.valid", "\(Double(100 - abs(17 - epoch)) / 1_000)",
                "curve.test", "\(Double(epoch * 7 % 41) / 100)")
        }
        try fixture.command.drain()
    }

    private func run(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest", arguments + ["--redis", server.url, "--timeout", "60"], within: .seconds(90))
    }

    @Test func `Thinned curves have no differences, and a rebuild changes nothing and derives what was removed`() throws
    {
        let ingest = try fixture.command.ingest()
        let before = server.cli("HMGET", fixture.experiment("long-1"), "max.valid", "max.test", "max.epoch", "epochs")
        #expect(try run("delete", "long-1", "--thin", "10", "--yes").succeeded)
        #expect(try run("delete", "curve", "stated", "stated-epoch", "--curves-only", "--yes").succeeded)
        #expect(server.cli("HLEN", fixture.curve("long-1")) == "10")
        #expect(
            server.cli("HMGET", fixture.experiment("long-1"), "max.valid", "max.test", "max.epoch", "epochs") == before)
        let thinned = try fixture.dump()
        #expect(try fixture.verify().differences == [])
        let first = try run("rebuild")
        #expect(first.stdout == "rebuilt 1 battery with 7 experiments: nothing has changed\n", "\(first)")
        #expect(try fixture.dump() == thinned)

        for id in ["long-1", "curve", "stated", "stated-epoch"] {
            for field in server.cli("HKEYS", fixture.experiment(id)).split(separator: "\n")
            where field.hasPrefix("max.") && field != "max.stated" || field == "epochs" {
                server.cli("HDEL", fixture.experiment(id), String(field))
            }
        }
        server.cli("DEL", fixture.rank("valid"), fixture.rank("test"))
        #expect(try run("rebuild").stdout.contains(": 4 hashes corrected"))
        #expect(try fixture.dump() == thinned)
        #expect(try fixture.verify().differences == [])

        #expect(try run("delete", "long-1", "--curves-only", "--yes").succeeded)
        #expect(server.cli("HKEYS", fixture.curve("long-1")).split(separator: "\n").sorted() == ["17", "40"])
        let last = try fixture.dump()
        #expect(try fixture.verify().differences == [])
        #expect(try run("rebuild").stdout.hasSuffix("nothing has changed\n"))
        #expect(try fixture.dump() == last)
        #expect(ingest.isRunning)
    }

    @Test func `The maxima stay if another client has removed the best row of a thinned curve`() throws {
        let ingest = try fixture.command.ingest()
        #expect(try run("delete", "long-1", "--thin", "10", "--yes").succeeded)
        server.cli("HDEL", fixture.curve("long-1"), "17")
        let before = try fixture.dump()
        #expect(try fixture.verify().differences == [])
        #expect(try run("rebuild").stdout.hasSuffix("nothing has changed\n"))
        #expect(try fixture.dump() == before)
        #expect(server.cli("HGET", fixture.experiment("long-1"), "max.epoch") == "17")
        #expect(ingest.isRunning)
    }
}
