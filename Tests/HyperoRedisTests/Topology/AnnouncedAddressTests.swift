import HyperoSchema
import TestSupport
import Testing

@testable import HyperoRedis

/// Nodes of a cluster that announce addresses which do not lead to them.
@Suite struct AnnouncedAddressTests {
    enum Announcement: String, CaseIterable {
        /// The address of no server.
        case dead
        /// The address of a server that does not answer.
        case silent
        /// The address of another node, the same for all.
        case same
        /// No host name, although the cluster prefers host names.
        case noName
    }

    private let nodes: [RedisServer]
    private let silent: FakeServer
    /// A key of the second node.
    private let key = "{hypero:1}:events"

    init() throws {
        nodes = try RedisServer.startCluster()
        silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
    }

    private var list: String { nodes.map { "127.0.0.1:\($0.port ?? 0)" }.joined(separator: ",") }

    private func announce(_ announcement: Announcement) throws {
        let port =
            switch announcement {
            case .dead: try SocketAddress.freePort()
            case .silent: silent.port ?? 0
            case .same, .noName: nodes[0].port ?? 0
            }
        for node in nodes {
            if announcement == .noName {
                node.cli("CONFIG", "SET", "cluster-announce-port", "0")
                node.cli("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
            } else {
                node.cli("CONFIG", "SET", "cluster-announce-port", "\(port)")
            }
        }
        let text = announcement == .noName ? "?:\(nodes[1].port ?? 0)" : ":\(port)"
        #expect(eventually(within: .seconds(30)) { nodes[0].cli("GET", key).hasSuffix(text) })
    }

    /// Follows the redirects of the key, and returns the server that has it.
    private func owner(_ topology: inout Topology) throws -> String {
        for _ in 0..<Topology.maxRedirects {
            var connection = try topology.open(for: .writing, name: "test", timeout: .seconds(20))
            guard let error = try connection.call("XLEN", key).error else { return connection.url.description }
            guard topology.follow(connection.verified(error)) else { throw error }
        }
        throw TestFailure("too many redirects")
    }

    @Test func `The node is found among those of the URL by its id, else the error names the setting`() throws {
        for node in nodes { node.cli("ACL", "SETUSER", "training", "on", ">p", "~*", "+@all", "-cluster|myid") }
        for announcement in Announcement.allCases {
            try announce(announcement)
            try checkFound(announcement)
            // The same, after the timeout.
            guard announcement != .silent else { continue }
            let setting =
                announcement == .noName ? "Set its cluster-announce-hostname" : "correct its cluster-announce-ip"
            // Without the right to ask for the id, and without the node in the URL.
            for url in ["redis://training:p@\(list)", "redis://localhost:\(nodes[0].port ?? 0)"] {
                var topology = Topology(seed: try RedisURL(url) { _ in nil })
                let error = try #require(redisError { _ = try owner(&topology) })
                #expect(error.code == .connection && error.description.contains(setting), "\(announcement): \(error)")
            }
        }
    }

    @Test func `An address that only the cluster names is said to be one`() throws {
        let (port, known) = (try SocketAddress.freePort(), nodes[0].port ?? 0)
        nodes[1].cli("CONFIG", "SET", "cluster-announce-port", "\(port)")
        #expect(eventually(within: .seconds(30)) { nodes[0].cli("GET", key).hasSuffix(":\(port)") })
        var topology = Topology(seed: try RedisURL("redis://127.0.0.1:\(known)") { _ in nil })
        let error = try #require(redisError { _ = try owner(&topology) })
        let source = "an address that redis://127.0.0.1:\(known) announces for a node of the cluster"
        #expect(error.description.contains("127.0.0.1:\(port)") && error.description.contains(source), "\(error)")
    }

    private func checkFound(_ announcement: Announcement) throws {
        var topology = Topology(seed: try RedisURL("redis://\(list)") { _ in nil })
        #expect(try owner(&topology) == nodes[1].tcpURL, "\(announcement)")
        // All nodes are known, so that the others cost no time.
        #expect(Set(topology.substitutes.values.map(\.description)) == Set(nodes.map(\.tcpURL)), "\(announcement)")
        // Another partition on the same node.
        var other = Topology(seed: topology.seed)
        other.learnAddresses(of: topology)
        var connection = try other.open(for: .writing, name: "test", timeout: .seconds(20))
        let error = try connection.call("XLEN", key).error
        let redirect = connection.verified(try #require(error))
        let isFollowed = other.follow(redirect)
        #expect(isFollowed)
        #expect(other.current.description == nodes[1].tcpURL, "\(announcement)")
        let before = silent.connections
        let outcome = try ChildProcess.run(
            "hypero-query", ["batteries", "--redis", "redis://\(list)", "--partitions", "4"])
        #expect(outcome.ending == .exited(0) && outcome.stderr == "", "\(announcement): \(outcome)")
        #expect(silent.connections - before == (announcement == .silent ? 1 : 0))
        let drain = try ChildProcess.run(
            "hypero-ingest", ["--drain", "--redis", "redis://\(list)", "--partitions", "2"])
        #expect(drain.ending == .exited(0), "\(announcement): \(drain)")
    }
}
