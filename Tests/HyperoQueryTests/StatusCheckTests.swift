import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The check of the status: nothing if all is well, else a line per problem.
@Suite struct StatusCheckTests {
    /// Returns the warnings of a server by the fields of INFO.
    private func warnings(_ fields: String...) -> [String] {
        let usual = ["redis_version:7.0.15", "role:master", "min_slaves_good_slaves:1"]
        return ServerStatus(url: "redis://here", info: (usual + fields).joined(separator: "\r\n")).warnings(
            isOneOfSeveral: false)
    }

    @Test(arguments: [(799, 0), (800, 1), (1_000, 1), (5_000, 1)])
    func `Connections are reported from 80 percent of maxclients`(connections: Int, count: Int) {
        let warnings = warnings("connected_clients:\(connections)", "maxclients:1000")
        #expect(warnings.count == count)
        #expect(warnings.allSatisfy { $0.contains("\(connections) of at most 1000 connections (maxclients)") })
    }

    @Test func `Replicas and nodes of a cluster count as connections`() {
        let fields = ["connected_clients:70", "connected_slaves:4", "cluster_connections:6", "maxclients:100"]
        let info = fields.joined(separator: "\r\n")
        #expect(ServerStatus(url: "redis://here", info: info).connections == 80)
        #expect(warnings(fields[0], fields[3]).isEmpty)
        #expect(warnings(fields[0], fields[1], fields[2], fields[3]).count == 1)
        #expect(warnings("connected_clients:9000000000000000000", "connected_slaves:9000000000000000000").isEmpty)
    }

    @Test(arguments: [
        (["used_memory:899", "maxmemory:1000"], ""), (["used_memory:900", "maxmemory:1000"], "nearly all its memory"),
        (["used_memory:900", "maxmemory:0"], ""), (["aof_enabled:0"], "has no append-only file"),
        (["aof_enabled:1", "aof_last_write_status:err"], "cannot write its append-only file"),
        (["aof_enabled:1", "aof_last_write_status:ok"], ""), (["maxmemory_policy:allkeys-lru"], "evicts keys"),
        (["role:slave", "master_host:a", "master_port:1"], "is a replica of a:1"),
        (["connected_slaves:2"], "cut off from its replicas"), (["connected_slaves:1"], ""),
        (["connected_slaves:1", "min_slaves_good_slaves:0"], "refuses all writes (NOREPLICAS)"),
        (["connected_slaves:1", "min_slaves_good_slaves:1"], ""),
    ])
    func `The settings and limits of a server are reported`(fields: [String], problem: String) {
        let warnings = ServerStatus(
            url: "redis://here", info: (["role:master"] + fields).joined(separator: "\r\n")
        ).warnings(isOneOfSeveral: false)
        #expect(warnings.count == (problem.isEmpty ? 0 : 1), "\(warnings)")
        #expect(warnings.allSatisfy { $0.contains(problem) })
    }

    @Test func `The bounds of waiting entries are options, and each problem is one line`() throws {
        let server = try RedisServer(appendOnly: true)
        let fixture = try Fixture(on: server, namespace: "lab")
        let keys = fixture.keyspaces[0]
        // Nothing applies the entries, though the partition has an owner.
        for _ in 1...3 { fixture.write("XADD", keys.events, "*", "event", "x") }
        fixture.write("SET", keys.lease, "node17:99")
        try fixture.commit()
        func check(_ options: String...) throws -> ChildProcess.Outcome {
            try ChildProcess.run(
                "hypero-query", ["status", "--check", "--redis", server.url, "--namespace", "lab"] + options)
        }
        let quiet = try check("--max-wait", "3600")
        #expect(quiet.succeeded && quiet.stdout.isEmpty && quiet.stderr.isEmpty, "\(quiet)")
        #expect(try check("--max-wait", "3600", "--max-behind", "3").succeeded)
        let behind = try check("--max-wait", "3600", "--max-behind", "2")
        #expect(behind.ending == .exited(2))
        #expect(behind.stdout.hasPrefix("3 entries of {lab}:events not applied yet, the oldest for "))
        #expect(behind.stdout.split(separator: "\n").count == 1 && behind.stderr.isEmpty)
        #expect(eventually { (try? check("--max-wait", "0").ending) == .exited(2) })

        server.cli("DEL", keys.lease)
        server.cli("XADD", keys.dead, "*", "event", "x", "dead.reason", "bad\nforged: all is well", "dead.id", "1-0")
        let problems = try check("--max-wait", "3600")
        #expect(problems.ending == .exited(2))
        let lines = problems.stdout.split(separator: "\n")
        #expect(lines.count == 2, "\(problems.stdout)")
        #expect(lines.contains { $0.hasPrefix("no ingest owns {lab}") })
        #expect(lines.contains { $0.hasPrefix("1 entry of {lab}:events could not be applied") })
        let table = try check("--max-wait", "3600", "--format", "table")
        #expect(table.ending == .exited(2) && table.stdout.contains("\nwarning: no ingest owns {lab}"))
    }

    @Test(arguments: [
        (["--max-wait", "-1"], "--max-wait must be between 0 and 1000000000 seconds, not -1"),
        (["--max-behind", "-1"], "--max-behind must be at least 0, not -1"),
        (["--excel"], "--excel needs --format csv"), (["--format", "xml"], "The value 'xml' is invalid for '--format"),
    ])
    func `A mistake in the options is named`(options: [String], message: String) throws {
        let outcome = try ChildProcess.run("hypero-query", ["status"] + options)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }

    @Test func `A server without its replicas is reported, and its metric raises the alert`() throws {
        let server = try RedisServer(configuration: ["min-replicas-to-write 1", "min-replicas-max-lag 5"])
        let check = try ChildProcess.run("hypero-query", ["status", "--check", "--redis", server.url])
        #expect(check.stdout.contains("\(server.url) refuses all writes (NOREPLICAS)"), "\(check)")
        let metrics = try ChildProcess.run("hypero-query", ["status", "--format", "prometheus", "--redis", server.url])
        let good = "hypero_redis_good_replicas{server=\"\(server.url)\",namespace=\"hypero\"} 0\n"
        #expect(metrics.stdout.contains(good))
    }

    @Test func `The primary is read from wherever it is in the list, and a replica only if there is none`() throws {
        let primary = try RedisServer(tcp: true)
        let replica = try RedisServer(tcp: true, configuration: ["replicaof 127.0.0.1 \(primary.port ?? 0)"])
        let url = "redis://127.0.0.1:\(replica.port ?? 0),127.0.0.1:\(primary.port ?? 0)"
        let status = try Store(url).status()
        #expect(status.servers.map(\.url) == [primary.tcpURL])
        #expect(status.servers[0].primary == nil)
        primary.kill()
        let left = try Store(url).status()
        #expect(left.servers.map(\.url) == [replica.tcpURL])
        #expect(left.warnings.contains { $0.contains("No server of the URL answers as a primary") }, "\(left.warnings)")
    }

    @Test func `A name in a list that has no address is reported while the other servers answer`() throws {
        let server = try RedisServer(tcp: true)
        // Longer than a label may be, so that no name server is asked.
        let name = String(repeating: "x", count: 64)
        let url = "redis://127.0.0.1:\(server.port ?? 0),\(name):1"
        let warnings = try Store(url).status().warnings
        #expect(warnings.contains { $0.hasPrefix("unknown host: \(name) in \(url), ") }, "\(warnings)")
        #expect(try !Store(server.tcpURL).status().warnings.contains { $0.hasPrefix("unknown host") })
    }
}
