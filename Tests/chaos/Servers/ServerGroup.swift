import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// Several Redis servers with promotions: a primary with two replicas and three sentinels, or a cluster of three primaries with a
/// replica each.
final class ServerGroup {
    /// The values of the option `--servers`.
    enum Kind: String, CaseIterable {
        case sentinel
        case cluster
    }

    let kind: Kind
    let servers: [RedisServer]
    private(set) var sentinels: [Sentinel] = []
    /// The URL that all programs get. In a cluster it names a single node.
    let url: String

    private static let common = ["enable-debug-command yes", "repl-diskless-sync-delay 0"]

    init(_ kind: Kind) throws {
        self.kind = kind
        switch kind {
        case .sentinel:
            // A primary that is cut off refuses writes, as the documentation recommends. Its writes would be lost.
            let settings = Self.common + ["min-replicas-to-write 1", "min-replicas-max-lag 2"]
            let primary = try RedisServer(tcp: true, configuration: settings)
            let port = primary.port ?? 0
            servers =
                [primary]
                + (try (0..<2).map { _ in
                    try RedisServer(tcp: true, configuration: settings + ["replicaof 127.0.0.1 \(port)"])
                })
            sentinels = try (0..<3).map { _ in try Sentinel(watching: port, quorum: 2) }
            url = "redis+sentinel://\(sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ","))/main"
            let isReady = eventually(within: .seconds(30)) {
                sentinels.allSatisfy { sentinel in
                    sentinel.cli("INFO", "sentinel").contains("slaves=2,sentinels=3")
                }
            }
            guard isReady else {
                throw TestFailure("the sentinels are not ready: \(sentinels[0].cli("INFO", "sentinel"))")
            }
        case .cluster:
            servers = try RedisServer.startCluster(primaries: 3, hasReplicas: true, configuration: Self.common)
            url = servers[0].tcpURL ?? ""
        }
    }

    /// The servers that are primaries and run.
    var primaries: [RedisServer] {
        servers.filter { $0.pid != nil && $0.cli("ROLE").hasPrefix("master") }
    }

    /// Waits until all servers run and all replicas follow a primary. A failure that comes before may lose all copies.
    func waitUntilWell() throws {
        let count = kind == .sentinel ? 1 : 3
        let isWell = eventually(within: .seconds(120)) {
            let infos = servers.map { $0.cli("INFO", "replication") }
            return infos.count { $0.contains("role:master") } == count
                && infos.count { $0.contains("master_link_status:up") } == servers.count - count && isReachable
        }
        guard isWell else {
            throw TestFailure(
                "the servers did not recover: \(servers.map { $0.cli("INFO", "replication") }.joined(separator: "\n\n"))"
            )
        }
    }

    private var isReachable: Bool {
        switch kind {
        case .sentinel:
            guard let port = primaries.first?.port else { return false }
            return sentinels.allSatisfy { $0.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main").hasSuffix("\(port)") }
        case .cluster: return servers.allSatisfy { $0.cli("CLUSTER", "INFO").contains("cluster_state:ok") }
        }
    }

    /// Makes a replica the primary in place of one that works.
    func promote(using random: inout SeededGenerator) {
        switch kind {
        case .sentinel: random.pick(sentinels).cli("SENTINEL", "FAILOVER", "main")
        case .cluster:
            let replicas = servers.filter { !$0.cli("ROLE").hasPrefix("master") }
            if !replicas.isEmpty { random.pick(replicas).cli("CLUSTER", "FAILOVER") }
        }
    }

    /// Moves the slot of a partition to another primary, key by key.
    func migrate(_ keyspace: Keyspace, using random: inout SeededGenerator) throws {
        let slot = servers[0].cli("CLUSTER", "KEYSLOT", keyspace.tag)
        let primaries = primaries
        let ids = primaries.map { $0.cli("CLUSTER", "MYID") }
        guard let source = primaries.first(where: { Self.owns(slot, $0) }),
            let target = primaries.filter({ $0 !== source }).randomElement(using: &random),
            let sourceID = primaries.firstIndex(where: { $0 === source }).map({ ids[$0] }),
            let targetID = primaries.firstIndex(where: { $0 === target }).map({ ids[$0] }), let port = target.port
        else { throw TestFailure("no server owns the slot \(slot) of \(keyspace.tag)") }
        target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceID)
        source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", targetID)
        while true {
            let keys = source.cli("CLUSTER", "GETKEYSINSLOT", slot, "50").split(separator: "\n").map(String.init)
            guard !keys.isEmpty else { break }
            let answer = source.cli(["MIGRATE", "127.0.0.1", "\(port)", "", "0", "10000", "KEYS"] + keys)
            guard answer == "OK" || answer == "NOKEY" else { throw TestFailure("MIGRATE: \(answer)") }
        }
        for server in [target, source] + primaries { server.cli("CLUSTER", "SETSLOT", slot, "NODE", targetID) }
    }

    private static func owns(_ slot: String, _ server: RedisServer) -> Bool {
        guard let slot = Int(slot) else { return false }
        let own = server.cli("CLUSTER", "NODES").split(separator: "\n").first { $0.contains("myself") }
        return own?.split(separator: " ").dropFirst(8).contains { range in
            let bounds = range.split(separator: "-").compactMap { Int($0) }
            return bounds.count == 2 ? (bounds[0]...bounds[1]).contains(slot) : bounds == [slot]
        } ?? false
    }
}
