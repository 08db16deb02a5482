import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Error replies of the server, and connections that it closes.
@Suite struct ServerFaultTests {
    enum Refusal: String, CaseIterable, CustomTestStringConvertible {
        case busy = "BUSY"
        case misconf = "MISCONF"
        case noReplicas = "NOREPLICAS"
        case outOfMemory = "OOM"
        case paused = "CLIENT PAUSE"

        var testDescription: String { rawValue }

        func begin(on fixture: IngestFixture) throws -> ChildProcess? {
            switch self {
            case .busy:
                return try ChildProcess("redis-cli", ["-s", fixture.server.socket, "EVAL", "while true do end", "0"])
            case .misconf:
                // A folder at the path of the snapshot makes its rename(2) fail.
                try FileManager.default.createDirectory(
                    atPath: fixture.server.folder.file("dump.rdb"), withIntermediateDirectories: false)
                fixture.server.cli("CONFIG", "SET", "save", "3600 1000000")
                fixture.server.cli("BGSAVE")
                #expect(eventually { fixture.server.cli("SET", "x", "1").hasPrefix("MISCONF") })
            case .noReplicas: fixture.server.cli("CONFIG", "SET", "min-replicas-to-write", "1")
            case .outOfMemory: fixture.server.cli("CONFIG", "SET", "maxmemory", "1")
            case .paused: fixture.server.cli("CLIENT", "PAUSE", "1500", "ALL")
            }
            return nil
        }

        func end(on fixture: IngestFixture) {
            switch self {
            case .busy: #expect(eventually { fixture.server.cli("SCRIPT", "KILL") == "OK" })
            case .misconf: fixture.server.cli("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
            case .noReplicas: fixture.server.cli("CONFIG", "SET", "min-replicas-to-write", "0")
            case .outOfMemory: fixture.server.cli("CONFIG", "SET", "maxmemory", "0")
            case .paused: break
            }
        }
    }

    @Test(arguments: Refusal.allCases)
    func `An ingest applies all entries after a temporary server error, without flooding Redis or the log`(
        _ refusal: Refusal
    ) throws {
        let fixture = try IngestFixture(configuration: ["busy-reply-threshold 50"])
        let ingest = try fixture.ingest()
        var generator = EventGenerator(seed: 8)
        let entries = generator.entries(301)
        try fixture.write(entries.prefix(1))
        fixture.waitUntilConsumed(1)
        ingest.suspend()
        try fixture.write(entries.dropFirst())
        let connections = fixture.info("total_connections_received")
        let script = try refusal.begin(on: fixture)
        ingest.resume()
        if refusal == .paused {
            // The reply arrives after the pause.
            #expect(fixture.server.cli("PING") == "PONG")
        } else {
            #expect(eventually { ingest.stderr.contains(refusal.rawValue) }, "\(ingest.stderr)")
        }
        refusal.end(on: fixture)
        fixture.waitUntilConsumed(301)
        _ = script
        #expect(try fixture.differences(from: entries) == "")
        // Most connections are those of redis-cli in this test.
        #expect(fixture.info("total_connections_received") - connections < 200)
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test func `An ingest waits for a restarted server to load its data without flooding the log`() throws {
        let fixture = try IngestFixture(configuration: [
            "key-load-delay 300", "loading-process-events-interval-bytes 1024",
        ])
        var generator = EventGenerator(seed: 9)
        let entries = generator.entries(600)
        try fixture.write(entries.prefix(300))
        let ingest = try fixture.ingest()
        fixture.waitUntilConsumed(300)
        fixture.server.cli("EVAL", "for i=1,4000 do redis.call('SET', 'filler:'..i, 'x') end", "0")
        #expect(fixture.server.cli("SAVE") == "OK")
        // `restart` returns when the data set is loaded.
        try fixture.server.restart()
        #expect(ingest.stderr.contains("LOADING"), "\(ingest.stderr)")
        try fixture.write(entries.suffix(300))
        fixture.waitUntilConsumed(600)
        #expect(try fixture.differences(from: entries) == "")
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test func `An ingest applies every entry and keeps trimming while Redis is out of memory`() throws {
        let fixture = try IngestFixture()
        var generator = EventGenerator(seed: 10, mix: .tidy)
        let entries = generator.entries(20_000)
        try fixture.write(entries.prefix(19_500))
        try fixture.drain()
        try fixture.write(entries.suffix(500))
        let memory = fixture.info("used_memory")
        fixture.server.cli("CONFIG", "SET", "maxmemory", "\(memory - 100_000)")
        #expect(fixture.server.cli("SET", "x", "y").hasPrefix("OOM"))
        let ingest = try fixture.ingest()
        fixture.waitUntilConsumed(20_000)
        #expect(try fixture.differences(from: entries) == "")
        #expect(ingest.stderr.contains("out of memory"))
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test func `An ingest makes progress without duplicates or leaks while its connections are killed`() throws {
        let fixture = try IngestFixture()
        var generator = EventGenerator(seed: 11, mix: .tidy)
        let entries = generator.entries(4_000)
        let ingest = try fixture.ingest(lease: "2")
        try fixture.write(entries.prefix(100))
        fixture.waitUntilConsumed(100)
        let descriptors = ingest.descriptorCount
        for round in 1...20 {
            try fixture.write(entries[(round * 195 - 95)..<(round * 195 + 100)])
            fixture.server.cli("CLIENT", "KILL", "TYPE", "normal")
            usleep(100_000)
        }
        fixture.waitUntilConsumed(4_000)
        #expect(fixture.count(IngestField.duplicates) == 0)
        #expect(try fixture.differences(from: entries) == "")
        // The connection of the prefetcher is opened for a backlog, so it may exist at only one of the two times.
        #expect(eventually { abs(ingest.descriptorCount - descriptors) <= 1 })
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    @Test func `An ingest reports a wrong password once without the secret and retries once a second`() throws {
        let fixture = try IngestFixture(configuration: ["requirepass right"])
        func cli(_ arguments: String...) -> String {
            fixture.server.cli(["--no-auth-warning", "-a", "right"] + arguments)
        }
        _ = cli(
            "XADD", fixture.keyspace.events, "*", "event", "battery", "battery", "b", "name", "B", "version", "1",
            "description", "")
        let ingest = try fixture.ingest(environment: ["HYPERO_REDIS_PASSWORD": "hunter2"])
        #expect(eventually { ingest.stderr.contains("WRONGPASS") })
        // The ingest has retried more than once.
        func connections() -> Int {
            cli("INFO", "stats").split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("total_connections_received:") }
                .flatMap { Int($0.split(separator: ":")[1]) } ?? 0
        }
        let start = ContinuousClock.now
        let before = connections()
        // Each call of redis-cli is a connection too.
        var probes = 0
        #expect(
            eventually {
                probes += 1
                return connections() - before - probes >= 2
            })
        // With this lease the ingest retries once a second.
        #expect(Double(connections() - before - probes - 1) <= 2 + 2 * ((ContinuousClock.now - start) / .seconds(1)))
        #expect(ingest.stderr.split(separator: "\n").count { $0.contains("WRONGPASS") } == 1, "\(ingest.stderr)")
        #expect(!ingest.stderr.contains("hunter2"))
        _ = cli("ACL", "SETUSER", "default", ">hunter2")
        #expect(eventually { cli("HGET", fixture.keyspace.ingest, "applied") == "1" })
    }

    @Test(arguments: ["xread", "exec", "hset"])
    func `An ingest reports a denied command once, retries and loses no entry`(command: String) throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        fixture.addRow(1)
        fixture.server.cli("ACL", "SETUSER", "ingest", "on", ">secret", "~*", "+@all", "-\(command)")
        let url = fixture.server.url.replacingOccurrences(of: "unix://", with: "unix://ingest:secret@")
        let ingest = try fixture.ingest(url: url)
        #expect(eventually { ingest.stderr.contains("NOPERM") })
        // The ingest has retried more than once.
        #expect(
            eventually {
                let line = fixture.server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
                    .first { $0.hasPrefix("cmdstat_\(command):") }
                let rejected = line?.split(separator: ",").first { $0.hasPrefix("rejected_calls=") }
                return rejected.flatMap { Int($0.dropFirst("rejected_calls=".count)) } ?? 0 >= 3
            })
        #expect(ingest.stderr.split(separator: "\n").count { $0.contains("NOPERM") } == 1, "\(ingest.stderr)")
        #expect(!ingest.stderr.contains("secret"))
        #expect(fixture.consumed == 0)
        fixture.server.cli("ACL", "SETUSER", "ingest", "+\(command)")
        fixture.waitUntilConsumed(2)
        #expect(try fixture.differences() == "")
    }

    @Test func `An ingest denied XTRIM and XINFO applies every entry and reports the denial`() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("ACL", "SETUSER", "ingest", "on", ">secret", "~*", "+@all", "-xtrim", "-xinfo")
        let url = fixture.server.url.replacingOccurrences(of: "unix://", with: "unix://ingest:secret@")
        var generator = EventGenerator(seed: 12)
        let entries = generator.entries(2_000)
        try fixture.write(entries)
        let ingest = try fixture.ingest(retain: "10", url: url)
        fixture.waitUntilConsumed(2_000)
        #expect(eventually { ingest.stderr.contains("cannot trim {hypero}:events: NOPERM") })
        #expect(try fixture.differences(from: entries) == "")
        #expect(ingest.logLineCount < 12)
    }
}
