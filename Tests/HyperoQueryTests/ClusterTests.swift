import HyperoQuery
import HyperoSchema
import TestSupport
import Testing

@Suite struct ClusterTests {
    @Test func `A query reads the partitions on both nodes of a cluster`() throws {
        let nodes = try RedisServer.startCluster()

        let battery = BatteryID(name: "net", version: 1, description: "")
        let keyspaces = try Keyspace.all(partitions: 2)
        let nodeIndexes = keyspaces.map { Int(nodes[0].cli("CLUSTER", "KEYSLOT", $0.events)) ?? 0 }.map {
            $0 < 4096 ? 0 : 1
        }
        #expect(Set(nodeIndexes) == [0, 1])
        for (number, keyspace) in keyspaces.enumerated() {
            let id = ExperimentID("a-\(number)")!
            let node = nodes[nodeIndexes[number]]
            node.cli("ZADD", keyspace.batteries, "1", battery.text)
            node.cli("HSET", keyspace.battery(battery), "name", "net", "version", "1", "direction", "max")
            node.cli("ZADD", keyspace.rank(of: battery, by: "valid"), "\(number)", id.text)
            node.cli("HSET", keyspace.experiment(id), "battery", battery.text, "status", "done")
        }
        let store = try Store(nodes[0].tcpURL)
        #expect(try store.leaderboard(of: "net").rows.map(\.experiment) == ["a-1", "a-0"])
        #expect(try store.experiment("a-0").status == .done)
        #expect(try store.experiment("a-1").status == .done)
        #expect(try store.status().servers.count == 2)
        #expect(try Store(nodes[0].tcpURL, partitions: 2).status().servers.count == 2)
        let outcome = try ChildProcess.run("hypero-query", ["rank", "net", "--redis", nodes[1].tcpURL ?? ""])
        #expect(outcome.stdout.contains("2 of 2"))
    }
}
