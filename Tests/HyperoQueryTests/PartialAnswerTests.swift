import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Queries of a cluster of which a part does not answer.
@Suite struct PartialAnswerTests {
    /// A cluster of two nodes with four partitions: `{hypero:0}` on the first node, the others on the second. Each partition has
    /// the experiment `a-<number of the partition>` of the battery `net`.
    private struct Cluster {
        let nodes: [RedisServer]
        let keyspaces: [Keyspace]
        let battery = BatteryID(name: "net", version: 1, description: "")
        /// The URL of the second node.
        var url: String { nodes[1].tcpURL ?? "" }

        init() throws {
            nodes = try RedisServer.startCluster()
            keyspaces = try Keyspace.all(partitions: 4)
            for node in nodes { node.cli("CONFIG", "SET", "cluster-require-full-coverage", "no") }
            for (number, keyspace) in keyspaces.enumerated() {
                let id = try #require(ExperimentID("a-\(number)"))
                let node = nodes[number == 0 ? 0 : 1]
                let hash = [
                    "battery", battery.text, "status", "done", "max.valid", "0.\(number)", "param.lr", "\(number)",
                ]
                for command in [
                    ["ZADD", keyspace.batteries, "1", battery.text],
                    ["HSET", keyspace.battery(battery), "name", "net", "version", "1", "direction", "max"],
                    ["ZADD", keyspace.rank(of: battery, by: "valid"), "0.\(number)", id.text],
                    ["ZADD", keyspace.experiments(of: battery), "\(number)", id.text],
                    ["ZADD", keyspace.columns(of: battery), "1", "max.valid", "1", "param.lr"],
                    ["HSET", keyspace.experiment(id)] + hash,
                    ["HSET", keyspace.curve(of: id), "1", "valid=0.\(number)"],
                    ["XADD", keyspace.events, "1-0", "event", "alive"],
                    ["HSET", keyspace.ingest, "cursor", "1-0", "applied", "1", "format", "2"],
                ] { try #require(!node.cli(command).contains("MOVED")) }
            }
        }

        func query(_ arguments: [String]) throws -> ChildProcess.Outcome {
            try ChildProcess.run("hypero-query", arguments, environment: ["HYPERO_REDIS": url, "TZ": "UTC"])
        }

        /// Moves keys of the first partition to the second node, as an operator does who moves the hash slot.
        func beginMigration() throws {
            let slot = nodes[0].cli("CLUSTER", "KEYSLOT", keyspaces[0].events)
            nodes[1].cli("CLUSTER", "SETSLOT", slot, "IMPORTING", nodes[0].cli("CLUSTER", "MYID"))
            nodes[0].cli("CLUSTER", "SETSLOT", slot, "MIGRATING", nodes[1].cli("CLUSTER", "MYID"))
            let port = "\(nodes[1].port ?? 0)"
            for key in [keyspaces[0].batteries, keyspaces[0].rank(of: battery, by: "valid")] {
                try #require(nodes[0].cli("MIGRATE", "127.0.0.1", port, key, "0", "5000") == "OK")
            }
        }

        func endMigration() {
            let slot = nodes[0].cli("CLUSTER", "KEYSLOT", keyspaces[0].events)
            for node in nodes { node.cli("CLUSTER", "SETSLOT", slot, "STABLE") }
        }
    }

    @Test func `Queries answer while a hash slot moves, and without a node that is down`() throws {
        let cluster = try Cluster()
        let store = try Store(cluster.url)
        let all = ["a-3", "a-2", "a-1", "a-0"]
        #expect(try store.leaderboard(of: "net").rows.map(\.experiment) == all)

        try cluster.beginMigration()
        let moving = try store.leaderboard(of: "net")
        #expect(moving.rows.map(\.experiment) == all)
        #expect(moving.warnings == [])
        #expect(store.leftOutPartitions == [])
        #expect(try cluster.query(["batteries"]).ending == .exited(0))
        #expect(try cluster.query(["status"]).stdout.contains("{hypero:0}"))
        for node in cluster.nodes { node.cli("ACL", "SETUSER", "ann", "on", "nopass", "~*", "+@all", "-asking") }
        let denied = try cluster.query(["rank", "net", "--redis", cluster.url.replacing("//", with: "//ann:x@")])
        #expect(denied.ending == .exited(2))
        #expect(denied.stderr.contains("{hypero:0} is left out: NOPERM"), "\(denied)")

        let watch = try ChildProcess("hypero-query", ["watch", "net", "--redis", cluster.url])
        #expect(eventually { watch.stdout.contains(#""experiment":"a-0""#) })
        cluster.nodes[0].kill()
        let partial = try store.leaderboard(of: "net")
        #expect(partial.rows.map(\.experiment) == ["a-3", "a-2", "a-1"])
        let address = "redis://127.0.0.1:\(cluster.nodes[0].port ?? 0)"
        let reason = "cannot connect to \(address): Connection refused"
        #expect(
            partial.warnings.prefix(2) == [
                "{hypero:0} is left out: \(reason)",
                "{hypero:4}, {hypero:8}, {hypero:13} and 4 more are left out if they exist: \(reason)",
            ])
        #expect(
            store.leftOutPartitions.first == LeftOutPartition(tag: "{hypero:0}", isKnown: true, reason: reason))
        // A program knows the other nodes from the cluster only.
        try checkCommands(
            cluster, reason: "\(reason), an address that \(cluster.url) announces for a node of the cluster")
        #expect(eventually { watch.stderr.contains("hypero-query: {hypero:0} is left out: ") })
        #expect(watch.stdout.contains(#""rank":null,"experiment":"a-0"}"#))

        try cluster.nodes[0].restart()
        #expect(
            eventually {
                cluster.endMigration()
                return (try? cluster.query(["rank", "net"]))?.ending == .exited(0)
            })
        #expect(try store.leaderboard(of: "net").warnings == [])
        #expect(store.leftOutPartitions == [])
        watch.interrupt()
        #expect(watch.wait() == .exited(0))
    }

    /// Checks all commands while the first node is down.
    private func checkCommands(_ cluster: Cluster, reason: String) throws {
        let warning = "{hypero:0} is left out: \(reason)"
        for arguments in [
            ["rank", "net"], ["rank", "net", "--format", "json"], ["rank", "net", "--group", "lr"], ["batteries"],
            ["versions", "net"], ["experiments", "net", "--where", "valid > 0"], ["show", "a-1"],
            ["show", "a-1", "a-2"],
            ["curves", "a-1"], ["curves", "--top", "2", "net"], ["compare", "--top", "2", "net"], ["columns", "net"],
            ["importance", "net"], ["export", "net"], ["export", "net", "--curves", "--order-by", "lr"], ["dead"],
            ["dead", "--partitions", "4"], ["rank", "net", "--partitions", "4"], ["verify"], ["verify", "net"],
        ] {
            let outcome = try cluster.query(arguments)
            #expect(outcome.ending == .exited(2), "\(arguments) \(outcome)")
            #expect(outcome.stderr.hasPrefix("hypero-query: \(warning)\n"), "\(arguments) \(outcome)")
            #expect(!outcome.stdout.contains("a-0"), "\(arguments) \(outcome)")
        }
        #expect(try cluster.query(["rank", "net", "--format", "json"]).stdout.split(separator: "\n").count == 3)

        let status = try cluster.query(["status"])
        #expect(status.ending == .exited(2))
        #expect(status.stdout.contains("\n{hypero:0}  left out"), "\(status)")
        #expect(status.stdout.contains("\n{hypero:3}  none"), "\(status)")
        #expect(status.stdout.contains("warning: \(warning)"), "\(status)")
        let json = try cluster.query(["status", "--format", "json"]).stdout
        #expect(json.contains(#""left_out":"\#(reason)""#), "\(json)")
        #expect(json.contains(#""warnings":["\#(warning)""#), "\(json)")

        let missing = try cluster.query(["show", "a-0"])
        #expect(missing.ending == .exited(4))
        #expect(
            missing.stderr.contains("hypero-query: not all partitions answer: experiment not found: 'a-0'"),
            "\(missing)")

        let folder = try TemporaryFolder()
        let path = folder.file("net.csv")
        let refused = try cluster.query(["export", "net", "--output", path])
        #expect(refused.ending == .exited(4))
        #expect(refused.stderr.hasPrefix("hypero-query: not all partitions answer: \(warning). "), "\(refused)")
        #expect(refused.stderr.contains("Use --partial to write the file without their rows"), "\(refused)")
        #expect(!FileManager.default.fileExists(atPath: path))
        let partial = try cluster.query(["export", "net", "--output", path, "--partial"])
        #expect(partial.ending == .exited(2))
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline).count == 4)

        // The best of all partitions are not known, and an empty selection would be a success.
        let rules = [["--battery", "net", "--where", "valid > 0"], ["--keep-best", "1"], ["--older-than", "1000d"]]
        for rule in rules {
            let deletion = try ChildProcess.run(
                "hypero-ingest", ["delete", "--yes", "--redis", cluster.url] + rule)
            #expect(deletion.ending == .exited(1))
            #expect(deletion.stderr.contains("not all partitions answer: \(warning)"), "\(deletion)")
        }
        #expect(cluster.nodes[1].cli("EXISTS", cluster.keyspaces[1].control) == "0")
    }
}
