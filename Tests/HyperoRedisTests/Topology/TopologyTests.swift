import Glibc
import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoRedis

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

    @Test func `A client whose servers have not answered in time waits longer for them, until one answers`() throws {
        let silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
        let server = try RedisServer(tcp: true)
        server.suspend()
        let address = "127.0.0.1:\(silent.port ?? 0)"
        var topology = try topology("redis://\(address),127.0.0.1:\(server.port ?? 0)")
        #expect(topology.firstLimit == .seconds(1) && topology.maxWaitForOne == .seconds(2))
        let error = redisError {
            _ = try topology.open(for: .writing, name: "test", timeout: .milliseconds(50))
        }
        #expect(error?.category == .connection)
        #expect(topology.firstLimit == .seconds(2) && topology.maxWaitForOne == .seconds(4))
        server.resume()
        #expect(try open(&topology) == server.tcpURL)
        #expect(topology.firstLimit == .seconds(1) && topology.maxWaitForOne == .seconds(2))
    }

    @Test func `A server that sends and does not end keeps a client until the deadline`() throws {
        let server = try FakeServer { connection in
            // Slowly, because a line that is too long ends the connection too.
            while connection.command() != nil { while connection.send("+") { usleep(1_000) } }
        }
        let error = redisError {
            _ = try RedisConnection.open(
                to: try RedisURL(server.url) { _ in nil }, name: "test", timeout: .seconds(60),
                deadline: .now + .milliseconds(200))
        }
        #expect(error?.description.hasPrefix("timed out") == true, "\(String(describing: error))")
    }

    @Test func `A redirect without a host leads to the host of the server that has redirected`() throws {
        let id = String(repeating: "a", count: 40)
        let server = try FakeServer(tcp: true) { connection in
            while let command = connection.command() {
                connection.send(
                    command[0] == "CLUSTER"
                        ? "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$0\r\n\r\n:7000\r\n$40\r\n\(id)\r\n" : "+OK\r\n")
            }
        }
        var connection = try RedisConnection.open(to: try RedisURL(server.url) { _ in nil }, name: "test")
        var topology = try topology("redis://localhost:1")
        let error = connection.verified(RedisError(reply: "MOVED 5 :7000"))
        let isFollowed = topology.follow(error, from: connection.url)
        #expect(isFollowed && topology.current.description == "redis://127.0.0.1:7000", "\(error)")
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

    @Test(arguments: [false, true])
    func `A replica is an error for writing, alone and in a list`(inList: Bool) throws {
        let server = try RedisServer(tcp: true)
        server.cli("REPLICAOF", "127.0.0.1", "1")
        let address = "127.0.0.1:\(server.port ?? 0)"
        var topology = try topology("redis://\(address)\(inList ? ",\(try deadAddress())" : "")")
        let error = try #require(redisError { _ = try open(&topology) })
        #expect(error.code == .readOnly)
        #expect(error.description.contains("redis://\(address) is a replica"))
        #expect(error.description.contains("Give the address of its primary too") == !inList)
        #expect(try open(&topology, for: .reading) == server.tcpURL)
    }

    @Test func `Only a server that says that it is a primary is known as one, unless it is the only one`() throws {
        let server = try RedisServer(tcp: true)
        server.cli("ACL", "SETUSER", "training", "on", ">p", "~*", "+xadd")
        let address = "127.0.0.1:\(server.port ?? 0)"
        for (url, isKnown) in [
            ("redis://\(address),\(address)", true), ("redis://training:p@\(address),\(address)", false),
            ("redis://training:p@\(address)", true),
        ] {
            var topology = try topology(url)
            let connection = try topology.open(for: .writing, name: "test")
            #expect(connection.isPrimary == isKnown, "\(url)")
        }
    }

    @Test func `The error of several servers names each of them, and is one of those that may be well later`() throws {
        let server = try RedisServer(tcp: true, configuration: ["requirepass secret"])
        let address = "127.0.0.1:\(server.port ?? 0)"
        let dead = try deadAddress()
        var topology = try topology("redis://:wrong@\(address),\(dead)")
        let error = try #require(redisError { _ = try open(&topology) })
        #expect(error.code == .connection)
        #expect(
            error.description
                == "no server of redis://\(address),\(dead) can be used: cannot log in to redis://\(address): WRONGPASS "
                + "invalid username-password pair or user is disabled. It was sent the password of the URL. The password of an account "
                + "needs its name in the URL, such as redis://user@host; cannot connect to redis://\(dead): Connection refused"
        )
        var denied = try self.topology("redis://:wrong@\(address),\(address)")
        #expect(redisError { _ = try open(&denied) }?.code == .wrongPassword)
    }

    @Test func `A server that does not answer keeps the others waiting for a short time only`() throws {
        let hosts = (1...4).map { "127.0.0.\($0)" }
        let silent = try RedisServer(tcp: true, configuration: ["bind \(hosts.joined(separator: " "))"])
        let server = try RedisServer(tcp: true)
        silent.suspend()
        defer { silent.resume() }
        let list = hosts.map { "\($0):\(silent.port ?? 0)" }.joined(separator: ",")
        var topology = try topology("redis://\(list),127.0.0.1:\(server.port ?? 0)")
        let connection = try topology.open(for: .writing, name: "test", timeout: .milliseconds(400))
        #expect(connection.url.description == server.tcpURL)
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

    @Test(arguments: ["redis://:secret@", "redis://user:secret@", "redis://"])
    func `The sentinel's own port is recognised although the sentinel refuses the login or the database`(start: String)
        throws
    {
        let sentinel = try Sentinel(watching: 1)
        let end = start == "redis://" ? "/2" : ""
        var topology = try topology("\(start)127.0.0.1:\(sentinel.port)\(end)")
        let error = try #require(redisError { _ = try open(&topology) })
        #expect(error.code == .sentinel)
        #expect(error.description.hasSuffix("/main") && !error.description.contains("Remove the password"), "\(error)")
    }

    @Test func `Sentinels that name a primary which is down are one error with their number`() throws {
        let port = try SocketAddress.freePort()
        let sentinels = try (0..<2).map { _ in try Sentinel(watching: port) }
        let list = sentinels.map { "127.0.0.1:\($0.port)" }.joined(separator: ",")
        var topology = try topology("redis+sentinel://\(list)/main")
        let error = try #require(redisError { _ = try open(&topology) })
        #expect(
            error.description == "no server of redis+sentinel://\(list)/main can be used: cannot connect to "
                + "redis://127.0.0.1:\(port): Connection refused (the primary that 2 sentinels name)")
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
        let error = try #require(redisError { _ = try open(&other) })
        #expect(error.description.contains("knows no primary 'other', only 'main'"), "\(error)")
        // The sentinel must know the replica before it can promote it.
        #expect(eventually { sentinel.cli("SENTINEL", "REPLICAS", "main").contains("\(replica.port ?? 0)") })
        primary.kill()
        #expect(
            eventually(within: .seconds(60)) {
                sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main").contains("\(replica.port ?? 0)")
            })
        #expect(eventually { (try? open(&topology)) == replica.tcpURL })
    }

    @Test(arguments: [Topology.Purpose.reading, .writing])
    func `A sentinel that names a replica is passed over, and the replica is read only if there is no primary`(
        purpose: Topology.Purpose
    ) throws {
        let primary = try RedisServer(appendOnly: false, tcp: true)
        let replica = try RedisServer(
            appendOnly: false, tcp: true, configuration: ["replicaof 127.0.0.1 \(primary.port ?? 0)"])
        let stale = try FakeServer(tcp: true) { [port = replica.port ?? 0] connection in
            while let command = connection.command() {
                connection.send(
                    command[0] == "SENTINEL"
                        ? "*2\r\n$9\r\n127.0.0.1\r\n$\(String(port).utf8.count)\r\n\(port)\r\n" : "+OK\r\n")
            }
        }
        let sentinel = try Sentinel(watching: primary.port ?? 0)
        var both = try topology("redis+sentinel://127.0.0.1:\(stale.port ?? 0),127.0.0.1:\(sentinel.port)/main")
        #expect(try open(&both, for: purpose) == primary.tcpURL)
        var alone = try topology("redis+sentinel://127.0.0.1:\(stale.port ?? 0)/main")
        if purpose == .reading {
            #expect(try open(&alone, for: purpose) == replica.tcpURL)
        } else {
            #expect(redisError { _ = try open(&alone, for: purpose) }?.code == .readOnly)
        }
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
        #expect(error.description.contains("Set HYPERO_SENTINEL_PASSWORD"), "\(error)")
        var mistaken = Topology(seed: try RedisURL(text) { $0 == "HYPERO_SENTINEL_PASSWORD" ? "other" : nil })
        let mistake = try #require(redisError { _ = try open(&mistaken) })
        #expect(
            mistake.description.contains("cannot log in to the sentinel redis://127.0.0.1:\(sentinel.port): WRONGPASS")
                && mistake.description.contains("It was sent the password of HYPERO_SENTINEL_PASSWORD"), "\(mistake)")
    }
}
