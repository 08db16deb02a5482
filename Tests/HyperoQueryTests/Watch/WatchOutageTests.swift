import HyperoSchema
import TestSupport
import Testing

/// hypero-query watch while Redis is restarted, and with accounts that lack a permission.
@Suite struct WatchOutageTests {
    private let server: RedisServer

    init() throws { server = try RedisServer() }

    @Test func `A screen survives the restart of Redis, and says so meanwhile`() throws {
        let (fixture, battery) = try Fixture.net(on: server)
        let screen = try TerminalProcess("hypero-query", ["watch", "net"], environment: fixture.environment)
        #expect(eventually { screen.frame.contains("a-1") })
        server.kill()
        #expect(eventually { screen.frame.contains("Redis is not reachable") && screen.frame.contains("a-1") })
        try server.restart()
        #expect(eventually { screen.frame.contains("a-1") && !screen.frame.contains("Redis is not reachable") })
        let again = try Fixture(on: server, namespace: fixture.namespace)
        try again.log("event=epoch battery=\(battery.text) experiment=c-1 epoch=1 curve.valid=0.9", at: 1_000) {
            again.experiment("c-1", of: battery, maxima: ["valid": "0.9"])
        }
        #expect(eventually { screen.frame.contains("c-1") })
        screen.type("q")
        #expect(screen.process.wait() == .exited(0))
    }

    @Test func `Lines go on after a restart of Redis, without an event twice`() throws {
        let (fixture, battery) = try Fixture.net(on: server)
        let lines = try ChildProcess("hypero-query", ["watch", "net"], environment: fixture.environment)
        #expect(eventually { lines.stdout.contains("b-1") })
        try fixture.log("event=end status=done battery=\(battery.text) experiment=a-1", at: 1_000)
        #expect(eventually { lines.stdout.contains(#""event":"end""#) })
        server.kill()
        #expect(eventually { lines.stderr.contains("Trying again") })
        try server.restart()
        #expect(eventually { lines.stderr.contains("Redis answers again") })
        let again = try Fixture(on: server, namespace: fixture.namespace)
        try again.log("event=end status=failed battery=\(battery.text) experiment=b-1", at: 2_000)
        #expect(eventually { lines.stdout.contains(#""status":"failed""#) })
        #expect(lines.stdout.split(separator: "\n").count { $0.contains(#""event":"end""#) } == 2)
        #expect(lines.stderr.split(separator: "\n").count == 2)
        lines.interrupt()
        #expect(lines.wait() == .exited(0))
    }

    @Test func `A password that has become wrong ends the screen with the usual error`() throws {
        let (fixture, _) = try Fixture.net(on: server)
        let screen = try TerminalProcess("hypero-query", ["watch", "net"], environment: fixture.environment)
        let mode = screen.initialMode
        #expect(eventually { screen.frame.contains("a-1") })
        server.cli("CONFIG", "SET", "requirepass", "secret")
        server.cli("-a", "secret", "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        #expect(screen.process.wait() == .exited(4))
        #expect(screen.process.stderr.hasPrefix("hypero-query: permission denied: "))
        #expect(screen.mode == mode && screen.output.hasSuffix("\u{1B}[?1049l"))
    }

    @Test func `Without the permission for XREAD, the events arrive once per second, with a note`() throws {
        let (fixture, battery) = try Fixture.net(on: server)
        server.cli(
            "ACL", "SETUSER", "look", "on", ">secret", "resetkeys", "~*", "-@all", "+@read", "-xread", "+info",
            "+select")
        var environment = fixture.environment
        environment["HYPERO_REDIS"] = server.url.replacing("unix://", with: "unix://look:secret@")
        let lines = try ChildProcess("hypero-query", ["watch", "net"], environment: environment)
        #expect(eventually { lines.stderr.contains("no permission for XREAD") })
        try fixture.log("event=epoch battery=\(battery.text) experiment=c-1 epoch=1 curve.valid=0.9", at: 1_000) {
            fixture.experiment("c-1", of: battery, maxima: ["valid": "0.9"])
        }
        #expect(eventually { lines.stdout.contains(#""event":"epoch""#) })
        #expect(eventually { lines.stdout.contains(#""previous":null,"rank":1,"experiment":"c-1""#) })
        lines.terminate()
        #expect(lines.wait() == .exited(0))
        #expect(
            lines.stderr
                == "hypero-query: note: the account has no permission for XREAD, so Redis is asked once per second. Grant +xread\n"
        )
    }

    @Test func `Without the permission to read processes, an old running experiment is not read again and again`()
        throws
    {
        let (fixture, battery) = try Fixture.net(on: server)
        fixture.experiment("r-1", of: battery, maxima: ["valid": "0.3"], status: "running")
        try fixture.log("event=end status=done battery=\(battery.text) experiment=a-1", at: 1)
        server.cli(
            "ACL", "SETUSER", "look", "on", ">secret", "resetkeys", "%R~*:experiment*", "%R~*:batter*",
            "%R~*:rank*", "%R~*:column*", "%R~*:events", "%R~*:control", "%R~*:ingest*", "-@all", "+@read", "+info",
            "+select")
        var environment = fixture.environment
        environment["HYPERO_REDIS"] = server.url.replacing("unix://", with: "unix://look:secret@")
        func readCount(_ arguments: String...) throws -> Int {
            server.cli("CONFIG", "RESETSTAT")
            let outcome = try ChildProcess.run("hypero-query", ["watch", "net"] + arguments, environment: environment)
            #expect(outcome.succeeded && outcome.stdout.contains("r-1"), "\(outcome)")
            return server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline).reduce(0) { sum, line in
                guard line.hasPrefix("cmdstat_z"), let calls = line.split(separator: "=").dropFirst().first else {
                    return sum
                }
                return sum + (Int(calls.prefix { $0 != "," }) ?? 0)
            }
        }
        let once = try readCount("--count", "3")
        #expect(once > 0)
        // Endless reads would be four per second.
        #expect(try readCount("--for", "4s", "--lost-after", "1s") <= 4 * once)
    }

    @Test func `The documented account of queries may wait for events`() throws {
        let (fixture, battery) = try Fixture.net(on: server)
        let rules = try PermissionTests.rules(of: .query, namespace: fixture.namespace)
        server.cli(["ACL", "SETUSER", "look", "reset", "on", ">secret"] + rules)
        var environment = fixture.environment
        environment["HYPERO_REDIS"] = server.url.replacing("unix://", with: "unix://look:secret@")
        let lines = try ChildProcess("hypero-query", ["watch", "net"], environment: environment)
        #expect(eventually { lines.stdout.contains("b-1") })
        try fixture.log("event=end status=done battery=\(battery.text) experiment=a-1", at: 1_000)
        #expect(eventually { lines.stdout.contains(#""event":"end""#) })
        #expect(lines.stderr == "")
    }

    @Test func `Events of all partitions arrive, also of those on other nodes of a cluster`() throws {
        let nodes = try RedisServer.startCluster()
        let fixtures = try nodes.map { try Fixture(partitions: 8, on: $0, namespace: "many") }
        // Each node has some of the partitions.
        let ids = (1...40).map { "p\($0)-1" }
        func isOwned(_ id: String, by node: Int) -> Bool {
            let reply = nodes[node].cli("EXISTS", fixtures[node].keyspace(of: id).events)
            return !reply.contains("MOVED")
        }
        for keyspace in fixtures[0].keyspaces {
            let node = nodes[0].cli("EXISTS", keyspace.events).contains("MOVED") ? 1 : 0
            let battery = BatteryID(name: "net", version: 1, description: "")
            nodes[node].cli("ZADD", keyspace.batteries, "1", battery.text)
            nodes[node].cli(
                "HSET", keyspace.battery(battery), "name", "net", "version", "1", "description", "", "objective",
                "valid",
                "direction", "max", "created", "1")
        }
        let lines = try ChildProcess(
            "hypero-query", ["watch", "net"],
            environment: ["HYPERO_REDIS": nodes[0].tcpURL ?? "", "HYPERO_NAMESPACE": "many"])
        var seen: Set<Int> = []
        // The first events may precede the first XREAD.
        for id in ids {
            let node = isOwned(id, by: 0) ? 0 : 1
            let keyspace = fixtures[node].keyspace(of: id)
            #expect(
                eventually {
                    nodes[node].cli(
                        "XADD", keyspace.events, "*", "event", "end", "status", "done", "battery",
                        BatteryID(name: "net", version: 1, description: "").text, "experiment", id)
                    return eventually(within: .milliseconds(500)) { lines.stdout.contains("\"\(id)\"") }
                })
            seen.insert(node)
        }
        #expect(seen == [0, 1])
        #expect(lines.stderr == "")
    }
}
