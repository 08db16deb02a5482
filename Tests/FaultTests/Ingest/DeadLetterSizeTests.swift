import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Dead letters that would fill the memory of the server.
@Suite struct DeadLetterSizeTests {
    /// The limit of these tests in MiB, and in bytes.
    private static let limit = (option: "1", bytes: 1 << 20)

    /// Adds entries of an unknown event with four fields of 10,000 bytes each.
    private func addLarge(_ count: Int, to fixture: IngestFixture) throws {
        let value = String(repeating: "x", count: 10_000)
        var connection = try fixture.connect()
        var writer = RESPWriter()
        for _ in 0..<count {
            writer.command(
                "XADD", fixture.keyspace.events, "*", "event", "surprise", "a", value, "b", value, "c", value, "d",
                value)
        }
        try connection.send(writer)
        for _ in 0..<count {
            var reply = try connection.receive()
            _ = try reply.string()
        }
    }

    private func drain(_ fixture: IngestFixture, url: String? = nil) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest",
            [
                "--redis", url ?? fixture.server.url, "--lease", "0.5", "--retain", "0", "--drain", "--dead-limit",
                Self.limit.option,
            ])
    }

    private func letterCount(_ fixture: IngestFixture) -> Int {
        Int(fixture.server.cli("XLEN", fixture.keyspace.dead)) ?? -1
    }

    private func memory(_ fixture: IngestFixture) -> Int {
        Int(fixture.server.cli("MEMORY", "USAGE", fixture.keyspace.dead, "SAMPLES", "0")) ?? -1
    }

    /// Returns the number of calls of a command that the server has counted.
    private func calls(of command: String, on fixture: IngestFixture) -> Int {
        let line = fixture.server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line.flatMap { Int($0.drop { $0 != "=" }.dropFirst().prefix { $0 != "," }) } ?? 0
    }

    @Test func `Dead letters stay within their memory, are cut near the limit, and the removed ones are counted`()
        throws
    {
        let fixture = try IngestFixture()
        // In parts, so that the measure of one batch applies to the next.
        for _ in 0..<20 {
            try addLarge(10, to: fixture)
            let outcome = try drain(fixture)
            #expect(outcome.succeeded, "\(outcome.stderr)")
        }
        #expect(fixture.count(IngestField.dead) == 200)
        let letters = letterCount(fixture)
        #expect(letters > 20 && letters < 200)
        #expect(fixture.count(IngestField.trimmed) == 200 - letters)
        #expect(memory(fixture) <= Self.limit.bytes * 9 / 8, "\(memory(fixture))")
        #expect(try fixture.statusContains("\(200 - letters) dead letters of {hypero} removed"))
        // The newest letter says that it was cut, and is not sent again as if it were whole.
        let newest = fixture.server.cli("XREVRANGE", fixture.keyspace.dead, "+", "-", "COUNT", "1")
        #expect(newest.contains("4 of the fields are cut to 4096 bytes"))
        #expect(newest.contains("x…") && !newest.contains(String(repeating: "x", count: 4_094)))
        let id = String(newest.split(separator: "\n")[0])
        let refused = try fixture.requeue(id)
        #expect(refused.ending == .exited(1))
        #expect(refused.stderr.contains("truncated fields. Give --set or --remove for a, b, c, d"), "\(refused.stderr)")
        #expect(letterCount(fixture) == letters)
    }

    @Test func `A running ingest keeps a flood of dead letters within its memory and applies the entries between them`()
        throws
    {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest("--dead-limit", Self.limit.option, lease: "5")
        fixture.declareBattery()
        for epoch in 1...8 {
            try addLarge(40, to: fixture)
            fixture.addRow(epoch)
        }
        fixture.waitUntilConsumed(8 * 41 + 1)
        #expect(fixture.count(IngestField.applied) == 9)
        // The removal follows the transaction.
        #expect(
            eventually {
                memory(fixture) <= Self.limit.bytes * 9 / 8
                    && fixture.count(IngestField.trimmed) == 320 - letterCount(fixture)
            }, "\(memory(fixture)) \(letterCount(fixture)) \(ingest.stderr)")
        #expect(ingest.stderr.split(separator: "\n").count { $0.contains("oldest dead letters") } == 1)
    }

    @Test func `The size of dead letters is not asked for unless dead letters are written`() throws {
        let fixture = try IngestFixture()
        try addLarge(40, to: fixture)
        try fixture.drain()
        let before = calls(of: "memory|usage", on: fixture)
        #expect(before > 0)
        fixture.declareBattery()
        for epoch in 1...50 { fixture.addRow(epoch) }
        try fixture.drain()
        #expect(calls(of: "memory|usage", on: fixture) == before)
        #expect(fixture.count(IngestField.applied) == 51)
    }

    @Test(arguments: ["-memory", "-xtrim"])
    func `Without permission for a command the ingest applies every entry, and bounds dead letters as well as it can`(
        denied: String
    ) throws {
        let fixture = try IngestFixture()
        fixture.server.cli("ACL", "SETUSER", "ingest", "on", ">secret", "~*", "+@all", denied)
        let url = fixture.server.url.replacing("unix://", with: "unix://ingest:secret@")
        fixture.declareBattery()
        for epoch in 1...10 {
            try addLarge(10, to: fixture)
            fixture.addRow(epoch)
            let outcome = try drain(fixture, url: url)
            #expect(outcome.succeeded, "\(outcome.stderr)")
            if denied == "-xtrim", epoch == 10 {
                #expect(outcome.stderr.contains("cannot trim {hypero}:dead: NOPERM"), "\(outcome.stderr)")
            }
        }
        #expect(fixture.count(IngestField.applied) == 11 && fixture.count(IngestField.dead) == 100)
        if denied == "-memory" {
            #expect(fixture.count(IngestField.trimmed) == 100 - letterCount(fixture))
            #expect(memory(fixture) <= 2 * Self.limit.bytes)
        } else {
            #expect(letterCount(fixture) == 100)
        }
    }

    @Test func `A server that dead letters have filled gets memory from them, and the ingest goes on`() throws {
        let fixture = try IngestFixture()
        try addLarge(100, to: fixture)
        try fixture.drain()
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MAXLEN", "0")
        fixture.declareBattery()
        for epoch in 1..<500 { fixture.addRow(epoch) }
        fixture.server.cli("CONFIG", "SET", "maxmemory", "\(fixture.info("used_memory") - 1_000_000)")
        #expect(fixture.server.cli("SET", "x", "y").hasPrefix("OOM"))
        let ingest = try fixture.ingest()
        #expect(eventually { fixture.count(IngestField.applied) == 500 }, "\(ingest.stderr)")
        let letters = letterCount(fixture)
        #expect(letters > 0 && letters < 100)
        #expect(fixture.count(IngestField.trimmed) == 100 - letters)
        #expect(ingest.stderr.contains("Redis is out of memory: removed the oldest 50 of 100 dead letters"))
        #expect(ingest.stderr.contains("entries are applied again after"), "\(ingest.stderr)")
        #expect(try fixture.statusContains("\(100 - letters) dead letters of {hypero} removed"))
    }

    @Test func `Few dead letters stay if the server is out of memory for another reason`() throws {
        let fixture = try IngestFixture()
        for _ in 0..<20 { fixture.add("event", "surprise") }
        try fixture.drain()
        fixture.declareBattery()
        fixture.server.cli("CONFIG", "SET", "maxmemory", "1")
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("OOM") })
        // Several attempts, each of which is refused.
        let refusals = fixture.info("total_error_replies")
        #expect(eventually { fixture.info("total_error_replies") > refusals + 10 })
        #expect(letterCount(fixture) == 20)
        fixture.server.cli("CONFIG", "SET", "maxmemory", "0")
        fixture.waitUntilConsumed(21)
        #expect(fixture.count(IngestField.trimmed) == 0)
    }

    @Test(arguments: ["0", "1048577", "-1"])
    func `A limit out of its range is refused, from the option and from the environment`(_ limit: String) throws {
        let option = try ChildProcess.run("hypero-ingest", ["--dead-limit=\(limit)", "--redis", "redis://localhost:1"])
        #expect(option.ending == .exited(64))
        #expect(option.stderr.contains("--dead-limit must be between 1 and 1048576 MiB, not \(limit)"))
        let variable = try ChildProcess.run(
            "hypero-ingest", ["--redis", "redis://localhost:1"], environment: ["HYPERO_DEAD_LIMIT": limit])
        #expect(variable.ending == .exited(64))
        #expect(variable.stderr.contains("HYPERO_DEAD_LIMIT must be a whole number of MiB from 1 to 1048576"))
    }
}
