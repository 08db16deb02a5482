import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// The choice among several servers.
struct TopologyTests {
    private func topology(_ url: String) throws -> Topology { Topology(seed: try RedisURL(url) { _ in nil }) }

    private func open(
        _ topology: inout Topology, for purpose: Topology.Purpose = .writing
    ) throws(RedisError) -> String {
        let connection = try topology.open(for: purpose, name: "test", timeout: .seconds(20))
        return connection.url.description
    }

    /// Returns the address of a port at which nothing listens.
    private func deadAddress() throws -> String { "127.0.0.1:\(try SocketAddress.freePort())" }

    @Test func `The first of several servers that can be used is taken, and stays in use`() throws {
        let server = try RedisServer(tcp: true)
        let address = "127.0.0.1:\(server.port ?? 0)"
        let dead = try deadAddress()
        var topology = try topology("redis://\(dead),\(address),\(try deadAddress())")
        #expect(topology.current.description == "redis://\(dead)")
        for _ in 0..<2 { #expect(try open(&topology) == "redis://\(address)") }
        #expect(topology.current.description == "redis://\(address)")
    }

    @Test func `A replica is passed over for writing and used for reading`() throws {
        let primary = try RedisServer(tcp: true)
        let replica = try RedisServer(tcp: true, configuration: ["replicaof 127.0.0.1 \(primary.port ?? 0)"])
        let url = "redis://127.0.0.1:\(replica.port ?? 0),127.0.0.1:\(primary.port ?? 0)"
        var writer = try topology(url)
        #expect(try open(&writer) == primary.tcpURL)
        var reader = try topology(url)
        #expect(try open(&reader, for: .reading) == replica.tcpURL)
        // A promotion by hand.
        replica.cli("REPLICAOF", "NO", "ONE")
        primary.cli("REPLICAOF", "127.0.0.1", "\(replica.port ?? 0)")
        #expect(try open(&writer) == replica.tcpURL)
    }

    @Test
    func
        `A server that refuses writes is passed over at the next connection, also if the account cannot ask for its role`()
        throws
    {
        let primary = try RedisServer(tcp: true)
        let replica = try RedisServer(tcp: true, configuration: ["replicaof 127.0.0.1 \(primary.port ?? 0)"])
        for server in [primary, replica] { server.cli("ACL", "SETUSER", "training", "on", ">p", "~*", "+xadd") }
        var topology = try topology(
            "redis://training:p@127.0.0.1:\(replica.port ?? 0),127.0.0.1:\(primary.port ?? 0)")
        #expect(try open(&topology) == "redis://training@127.0.0.1:\(replica.port ?? 0)")
        topology.leave(after: RedisError(reply: "READONLY You can't write against a read only replica."))
        #expect(try open(&topology) == "redis://training@127.0.0.1:\(primary.port ?? 0)")
    }

    @Test func `Replicas only are an error that says so, and the replica is used in case it redirects`() throws {
        let server = try RedisServer(tcp: true)
        server.cli("REPLICAOF", "127.0.0.1", "1")
        var topology = try topology("redis://\(try deadAddress()),127.0.0.1:\(server.port ?? 0)")
        #expect(try open(&topology) == server.tcpURL)
    }

    @Test func `The error of several servers names each of them, and that of a wrong password counts`() throws {
        let server = try RedisServer(tcp: true, configuration: ["requirepass secret"])
        let dead = try deadAddress()
        var topology = try topology("redis://:wrong@\(dead),127.0.0.1:\(server.port ?? 0)")
        let error = try #require(redisError { _ = try open(&topology) })
        #expect(error.code == .wrongPassword)
        #expect(
            error.description
                == "no server of redis://\(dead),127.0.0.1:\(server.port ?? 0) can be used: cannot connect to "
                + "redis://\(dead): Connection refused; cannot log in to redis://127.0.0.1:\(server.port ?? 0): "
                + "WRONGPASS invalid username-password pair or user is disabled.")
    }

    @Test func `The nodes of a cluster are tried after the configured ones`() throws {
        let nodes = try RedisServer.startCluster()
        let url = try #require(nodes[0].tcpURL)
        var topology = try topology(url)
        #expect(try open(&topology) == url)
        nodes[0].kill()
        #expect(try open(&topology) == nodes[1].tcpURL)
    }

    @Test func `The sentinel's own port is recognised`() throws {
        let server = try RedisServer(tcp: true)
        let sentinel = try Sentinel(watching: server.port ?? 0)
        let text = "is a Sentinel, which has no keys. Give redis+sentinel://127.0.0.1:\(sentinel.port)/main"
        var connection = try RedisConnection.open(to: RedisURL("redis://127.0.0.1:\(sentinel.port)"), name: "test")
        let reply = try connection.call("XADD", "key", "*", "field", "value")
        let error = connection.verified(try #require(reply.error))
        #expect(error.code == .sentinel)
        #expect(error.description.hasSuffix(text))
        var several = try topology("redis://\(try deadAddress()),127.0.0.1:\(sentinel.port)")
        #expect(redisError { _ = try open(&several) }?.description.contains(text) == true)
    }

    @Test func `A primary is found through the sentinels that answer, and its promoted replica after its failure`()
        throws
    {
        let primary = try RedisServer(tcp: true)
        let replica = try RedisServer(tcp: true, configuration: ["replicaof 127.0.0.1 \(primary.port ?? 0)"])
        let sentinel = try Sentinel(watching: primary.port ?? 0)
        let unknown = try Sentinel(watching: primary.port ?? 0)
        unknown.cli("SENTINEL", "REMOVE", "main")
        let list = "\(try deadAddress()),127.0.0.1:\(unknown.port),127.0.0.1:\(sentinel.port)"
        var topology = try topology("redis+sentinel://\(list)/main")
        #expect(try open(&topology) == primary.tcpURL)
        var other = try self.topology("redis+sentinel://\(list)/other")
        #expect(
            redisError { _ = try open(&other) }?.description.contains("knows no primary 'other'") == true)
        // The sentinel must know the replica before it can promote it.
        #expect(eventually { sentinel.cli("SENTINEL", "REPLICAS", "main").contains("\(replica.port ?? 0)") })
        primary.kill()
        #expect(
            eventually(within: .seconds(60)) {
                sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main").contains("\(replica.port ?? 0)")
            })
        #expect(eventually { (try? open(&topology)) == replica.tcpURL })
    }

    @Test func `The sentinels have an account of their own`() throws {
        let primary = try RedisServer(tcp: true, configuration: ["requirepass primary"])
        let sentinel = try Sentinel(
            watching: primary.port ?? 0,
            configuration: ["requirepass guard", "sentinel auth-pass main primary"])
        let text = "redis+sentinel://:primary@127.0.0.1:\(sentinel.port)/main"
        let variables = ["HYPERO_SENTINEL_PASSWORD": "guard"]
        var right = Topology(seed: try RedisURL(text) { variables[$0] })
        #expect(try open(&right) == primary.tcpURL)
        var wrong = try topology(text)
        let error = try #require(redisError { _ = try open(&wrong) })
        #expect(error.category == .denied)
        #expect(!error.description.contains("guard"))
    }
}
