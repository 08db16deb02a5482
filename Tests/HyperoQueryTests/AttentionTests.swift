import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The status of a deployment that is well or not, and errors where no command succeeds.
@Suite struct AttentionTests {
    @Test(arguments: [(from: 1, to: 2), (from: 2, to: 1)])
    func `Partitions of an earlier number are at rest, and the status is quiet`(change: (from: Int, to: Int)) throws {
        let server = try RedisServer()
        let old = try Keyspace.all(partitions: change.from)
        let new = try Keyspace.all(partitions: change.to)
        for keyspace in old + new {
            let id = server.cli("XADD", keyspace.events, "*", "event", "x")
            server.cli("HSET", keyspace.ingest, "cursor", id, "entries", "\(id) 1", "applied", "1")
            server.cli("ZADD", keyspace.batteries, "1", "b")
        }
        for keyspace in new { server.cli("SET", keyspace.lease, "ingest-1") }
        for deletes in [false, true] {
            // An operator may remove the stream of a partition that nothing writes to any more.
            if deletes { server.cli("DEL", old[0].events) }
            let check = try ChildProcess.run("hypero-query", ["status", "--check", "--redis", server.url])
            #expect(check.succeeded && check.stdout.isEmpty && check.stderr.isEmpty, "\(check)")
            let outcome = try ChildProcess.run(
                "hypero-query", ["status", "--check", "--format", "table", "--redis", server.url])
            #expect(outcome.succeeded, "\(outcome)")
            let rows = outcome.stdout.split(separator: "\n").filter { $0.hasPrefix("{") }
            #expect(rows.filter { $0.contains(" at rest ") }.count == old.count)
            #expect(rows.filter { $0.contains(" ingest-1 ") }.count == new.count)
            #expect(!outcome.stdout.contains("warning"))
        }
        let id = server.cli("XADD", old[0].events, "*", "event", "x")
        #expect(!id.isEmpty)
        let status = try Store(server.url).status()
        #expect(status.partitions.filter(\.isAtRest).count == old.count - 1)
        #expect(status.warnings.count == 1)
    }

    @Test(arguments: OutputFormat.allCases.map(\.rawValue) + ["prometheus"])
    func `The check of the status exits with 2 if something needs attention`(format: String) throws {
        let fixture = try Fixture()
        fixture.write("XADD", fixture.keyspaces[0].events, "1-0", "event", "x")
        try fixture.commit()
        let arguments = ["status", "--format", format, "--namespace", fixture.namespace]
        let environment = ["HYPERO_REDIS": fixture.server.url]
        let plain = try ChildProcess.run("hypero-query", arguments, environment: environment)
        let check = try ChildProcess.run("hypero-query", arguments + ["--check"], environment: environment)
        #expect(plain.succeeded)
        #expect(check.ending == .exited(2))
        #expect((check.stdout + check.stderr).contains("no ingest owns"))
    }

    @Test func `A replica is reported with the address of its primary`() throws {
        let primary = try RedisServer(appendOnly: true)
        let fixture = try Fixture(on: primary)
        fixture.battery("net")
        try fixture.commit()
        let info = "role:slave\r\nmaster_host:10.0.0.7\r\nmaster_port:6380\r\nredis_version:7.0.15\r\naof_enabled:1\r\n"
        let server = ServerStatus(url: "redis://here:6379", info: info)
        #expect(server.primary == "10.0.0.7:6380")
        #expect(
            server.warnings(isOneOfSeveral: false) == [
                "redis://here:6379 is a replica of 10.0.0.7:6380: its data may be old, and clients and ingests cannot "
                    + "write to it. Use the address of the primary"
            ])
        primary.cli("REPLICAOF", "127.0.0.1", "1")
        let check = try ChildProcess.run("hypero-query", ["status", "--check", "--redis", primary.url])
        #expect(check.ending == .exited(2) && check.stdout.contains(" is a replica of 127.0.0.1:1: "))
        #expect(
            try ChildProcess.run("hypero-query", ["status", "--redis", primary.url]).stdout
                .contains(", replica of 127.0.0.1:1\n"))
        #expect(
            try ChildProcess.run("hypero-query", ["status", "--redis", primary.url, "--format", "json"]).stdout
                .contains(#""replica_of":"127.0.0.1:1""#))
    }

    @Test func `Every column of the table is in the CSV and explained in the help`() throws {
        let fixture = try Fixture()
        let table = try fixture.output(["status"]).split(separator: "\n")[1]
        let names = table.split(separator: " ").map(String.init).joined(separator: " ")
            .replacing("last applied", with: "last_applied").split(separator: " ").map(String.init)
        #expect(names.count == 12)
        let csv = try fixture.query("status", "--format", "csv").stdout.split(whereSeparator: \.isNewline)[0]
            .split(separator: ",").map(String.init)
        let help = try ChildProcess.run("hypero-query", ["status", "--help"]).stdout
        for name in names {
            #expect(csv.contains(name))
            #expect(help.contains("\n  \(name.replacing("_", with: " ")) "))
        }
        for word in ["none:", "at rest:", "unknown:"] { #expect(help.contains(word)) }
    }

    @Test(arguments: [["batteries"], ["dead"], ["status"], ["rank", "x"], ["experiments", "x"], ["show", "a-1"]])
    func `A query fails if the server refuses every command`(arguments: [String]) throws {
        // Like a sentinel, the server does not know the commands of a query.
        let commands = ["ZRANGE", "EXISTS", "XINFO", "HGETALL", "XREVRANGE", "GET", "SCAN"]
        let server = try RedisServer(configuration: commands.map { "rename-command \($0) \"\"" })
        for options in [[], ["--partitions", "2"]] {
            let outcome = try ChildProcess.run(
                "hypero-query", arguments + options + ["--redis", server.url])
            #expect(outcome.ending == .exited(1), "\(outcome)")
            #expect(outcome.stdout == "")
            #expect(outcome.stderr.hasPrefix("hypero-query: Redis refused a command: ERR unknown command"))
            #expect(outcome.stderr.split(separator: "\n").count == 1)
        }
    }

    @Test(arguments: [1, 2])
    func `An account that may only read this namespace works before anything was applied`(partitions: Int) throws {
        let server = try RedisServer()
        let pattern = partitions == 1 ? "%R~{lab}:*" : "%R~{lab:*"
        server.cli(
            "ACL", "SETUSER", "look", "on", ">secret", pattern, "+zrange", "+zcard", "+zscore", "+hmget", "+hgetall",
            "+exists", "+get", "+xinfo|stream", "+xlen", "+xrevrange", "+xrange", "+info", "+scan")
        let url = server.url.replacing("unix://", with: "unix://look@")
        func query(_ arguments: String...) throws -> ChildProcess.Outcome {
            try ChildProcess.run(
                "hypero-query", arguments + ["--redis", url, "--namespace", "lab"],
                environment: ["HYPERO_REDIS_PASSWORD": "secret"])
        }
        #expect(try query("batteries").stdout.hasPrefix("no battery is declared yet. "))
        #expect(try query("dead").stdout == "no dead letters\n")
        #expect(
            try query("rank", "x").stderr.hasPrefix(
                "hypero-query: battery not found: 'x', no battery is declared yet. "))
        #expect(try query("show", "a-1").ending == .exited(3))
        #expect(try query("status").succeeded)

        let fixture = try Fixture(partitions: partitions, on: server, namespace: "lab")
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "1"], status: "running")
        try fixture.commit()
        #expect(try query("rank", "net").stdout.contains("1 of 1 ranked"))
        #expect(
            try query("experiments", "net", "--unranked").stdout.contains("0 of 1 experiment with no finite 'valid'\n"))
        #expect(try query("show", "a-1").stdout.hasPrefix("a-1  lost ("))
        #expect(try query("batteries").stdout.contains("net"))
    }
}
