import HyperoSchema
import TestSupport
import Testing

@Suite struct VerifyTests {
    @Test func `The keys that an ingest wrote have no differences, and each changed key is found`() throws {
        let fixture = try DerivedKeysFixture()
        let server = fixture.server
        let clean = try ChildProcess.run("hypero-query", ["verify", "--redis", server.url])
        #expect(clean.stdout == "no differences: 1 battery, 6 experiments, 5 rankings, 1 producer\n", "\(clean)")
        #expect(clean.ending == .exited(0))
        for falsification in fixture.falsifications {
            server.cli("COPY", falsification.key, "saved")
            server.cli(falsification.command)
            let found = try fixture.verify().differences
            #expect(
                found.contains { $0.hasPrefix("\(falsification.check) \(falsification.key)") },
                "\(falsification): \(found)")
            server.cli("DEL", falsification.key)
            server.cli("COPY", "saved", falsification.key)
            server.cli("DEL", "saved")
        }
        #expect(try fixture.verify().differences == [])
    }

    @Test func `Keys of deleted and missing subjects, and keys that never expire, are found`() throws {
        let fixture = try DerivedKeysFixture()
        let (server, keyspace) = (fixture.server, fixture.keyspace)
        server.cli("PERSIST", keyspace.producer(ProducerID("p")!))
        server.cli("HSET", fixture.curve("gone-1"), "1", "valid=0.5")
        server.cli("HSET", fixture.experiment("half-1"), "max.valid", "1")
        server.cli("ZADD", keyspace.experiments(of: BatteryID("gone")!), "1", "e-1")
        server.cli("ZADD", keyspace.deleted, "9999999999999999", "e-2", "1763900000900", "curve", "0", "e-3")
        let found = try fixture.verify()
        #expect(
            Set(found.differences) == [
                "expiry \(keyspace.producer(ProducerID("p")!))", "remains \(fixture.curve("gone-1"))",
                "experiments \(fixture.experiment("half-1")) battery",
                "remains \(keyspace.experiments(of: BatteryID("gone")!))", "expiry \(keyspace.deleted) e-2",
                "expiry \(keyspace.deleted) e-3", "remains \(fixture.experiment("curve"))",
            ])
        // Other batteries and keys of no battery are not looked at.
        #expect(try fixture.verify("sweep").differences == ["remains \(fixture.experiment("curve"))"])
        // Untrusted text is escaped.
        server.cli("ZADD", fixture.rank("valid"), "1", "\u{1B}[2J\nforged")
        let table = try ChildProcess.run("hypero-query", ["verify", "sweep", "--redis", server.url])
        #expect(table.ending == .exited(2))
        #expect(table.stdout.contains(#"\x1b[2J\x0aforged"#) && !table.stdout.contains("\u{1B}"), "\(table.stdout)")
        #expect(table.stdout.contains("Run hypero-ingest rebuild"))
    }

    @Test func `A verification ends at its limit, and says so`() throws {
        let fixture = try DerivedKeysFixture()
        fixture.server.cli("DEL", fixture.keyspace.columns(of: fixture.battery))
        let found = try fixture.verify("sweep", "--limit", "2")
        #expect(found.differences.count == 2)
        #expect(
            found.outcome.stderr.contains("note: the verification has ended at 2 differences. Use --limit 20 for more"))
        #expect(try fixture.verify().differences.count > 5)
    }

    @Test(arguments: [
        (["nothing"], 3, "battery not found"), (["sweep", "--version", "7"], 3, "version not found"),
        (["--version", "1"], 64, "--version needs the name of a battery"),
        (["--limit", "0"], 64, "--limit must be between 1 and 100000, not 0"),
    ])
    func `A wrong name or option is named`(arguments: [String], status: Int32, message: String) throws {
        let fixture = try DerivedKeysFixture()
        let outcome = try ChildProcess.run("hypero-query", ["verify", "--redis", fixture.server.url] + arguments)
        #expect(outcome.ending == .exited(status) && outcome.stderr.contains(message), "\(outcome)")
    }

    @Test(arguments: [1, 2] as [UInt64])
    func `Entries of every kind leave no differences`(seed: UInt64) throws {
        let command = try CommandFixture()
        var generator = EventGenerator(seed: seed)
        let entries = generator.entries(4_000)
        var connection = try command.connect()
        try command.write(entries[...], over: &connection)
        try command.drain()
        let outcome = try ChildProcess.run(
            "hypero-query", ["verify", "--redis", command.server.url, "--format", "json"])
        #expect(outcome.stdout == "" && outcome.ending == .exited(0), "\(outcome)")
    }

    @Test func `While trainings and the ingest work, a verification has no false alarm`() throws {
        let command = try CommandFixture()
        let ingest = try command.ingest()
        var generator = EventGenerator(seed: 3, producers: 2, batteries: 2, experiments: 3)
        var connection = try command.connect()
        try command.write(generator.entries(200)[...], over: &connection)
        for _ in 1...6 {
            let verify = try ChildProcess(
                "hypero-query", ["verify", "--redis", command.server.url, "--format", "json"])
            while verify.isRunning { try command.write(generator.entries(40)[...], over: &connection) }
            #expect(verify.wait() == .exited(0), "\(verify.stdout) \(verify.stderr)")
            #expect(verify.stdout == "")
        }
        #expect(ingest.isRunning)
    }
}
