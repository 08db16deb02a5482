import HyperoRedis
import HyperoCore
import Synchronization
import TestSupport
import Testing

@testable import Hypero

@Suite("Redirections to another server", .serialized)
struct MovedTests {
    /// A node of a cluster that owns no slots: it answers XADD and HGET with an error, and CLUSTER SLOTS with nodes.
    private final class Redirector: Sendable {
        let server: FakeServer
        private let state: State

        /// Shared with the threads of the connections. The mutex protects the answer.
        private final class State: Sendable {
            let answer: Mutex<String>
            let redirects = Atomic<Int>(0)

            init(answer: String) { self.answer = Mutex(answer) }
        }

        /// The number of commands with the redirecting answer.
        var redirects: Int { state.redirects.load(ordering: .acquiring) }

        /// - Parameters:
        ///   - answer: a reply without its line end.
        ///   - nodes: the ports that CLUSTER SLOTS lists; nil for a server that is not a node of a cluster.
        init(answer: String, nodes: [UInt16]?, tcp: Bool = true) throws {
            let state = State(answer: answer)
            self.state = state
            let slots = nodes.map { ports in
                "*\(ports.count)\r\n"
                    + ports.map { "*3\r\n:0\r\n:16383\r\n*4\r\n$9\r\n127.0.0.1\r\n:\($0)\r\n$2\r\nid\r\n*0\r\n" }
                    .joined()
            }
            server = try FakeServer(tcp: tcp) { connection in
                while let command = connection.command() {
                    switch command[0] {
                    case "CLUSTER": connection.send(slots ?? "-ERR This instance has cluster support disabled\r\n")
                    case "CLIENT", "AUTH": connection.send("+OK\r\n")
                    default:
                        state.redirects.add(1, ordering: .acquiringAndReleasing)
                        connection.send(state.answer.withLock { $0 } + "\r\n")
                    }
                }
            }
        }

        func setAnswer(_ text: String) { state.answer.withLock { $0 = text } }
    }

    @Test func `A redirection to a node that the cluster lists is followed`() throws {
        let server = try RedisServer(appendOnly: false, tcp: true)
        let port = try #require(server.port)
        let redirector = try Redirector(answer: "-MOVED 5474 127.0.0.1:\(port)", nodes: [1, port])
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.server.url)
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<1_500 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        #expect(try server.seqs() == Array(1...1_502))
        #expect(redirector.redirects > 0)
        // A redirection is not a problem, so the user gets no notice.
        #expect(fixture.recorder.notices == [])
    }

    @Test(arguments: ["not listed", "no cluster", "unix socket"])
    func `A redirection to any other host gets neither events nor the password, and is reported once`(
        cause: String
    ) throws {
        let evil = try FakeServer(tcp: true) { connection in
            while connection.command() != nil { connection.send("+OK\r\n") }
        }
        let port = try #require(evil.port)
        let redirector = try Redirector(
            answer: "-MOVED 5474 127.0.0.1:\(port)",
            nodes: cause == "no cluster" ? nil : cause == "not listed" ? [1] : [port],
            tcp: cause != "unix socket")
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.server.url, variables: ["HYPERO_REDIS_PASSWORD": "topsecret"])
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "is not followed") == 1 })
        #expect(!client.close(timeout: .milliseconds(200)))
        #expect(evil.connections == 0)
        #expect(fixture.recorder.count(containing: "topsecret") == 0)
        #expect(client.counters.accepted == 2)
        #expect(client.counters.queued == 2)
    }

    @Test func `A redirection during a migration is retried on the same server until it ends`() throws {
        let server = try RedisServer(appendOnly: false, tcp: true)
        let port = try #require(server.port)
        let redirector = try Redirector(answer: "-ASK 5474 127.0.0.1:\(port)", nodes: [port])
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.server.url)
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { redirector.redirects > 3 })
        #expect(try server.seqs() == [])
        redirector.setAnswer("-MOVED 5474 127.0.0.1:\(port)")
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        #expect(try server.seqs() == [1, 2])
    }

    @Test func `A redirection without a host means the host that answered`() throws {
        let server = try RedisServer(appendOnly: false, tcp: true)
        let port = try #require(server.port)
        let redirector = try Redirector(answer: "-MOVED 5474 :\(port)", nodes: [port])
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.server.url)
        _ = Hypero(client).battery("b").experiment()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        #expect(try server.seqs() == [1, 2])
    }

    @Test func `A client returns to its configured server if the redirection target is unreachable`() throws {
        let first = try RedisServer(appendOnly: false, tcp: true)
        let second = try RedisServer(appendOnly: false, tcp: true)
        let ports = [try #require(first.port), try #require(second.port)]
        let redirector = try Redirector(answer: "-MOVED 5474 127.0.0.1:\(ports[0])", nodes: ports)
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.server.url)
        let experiment = Hypero(client).battery("b").experiment()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        redirector.setAnswer("-MOVED 5474 127.0.0.1:\(ports[1])")
        first.kill()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        // The second server has none of the events that the first one acknowledged.
        #expect(try second.seqs() == [1, 2, 3])
    }

    @Test func `A client with a password logs to the node of a cluster that owns its slot`() throws {
        let nodes = try (0..<2).map { _ in
            try RedisServer(
                appendOnly: false, tcp: true,
                configuration: [
                    "cluster-enabled yes", "cluster-node-timeout 5000",
                    "user default on >admin ~* &* +@all",
                    "user training on >secret resetkeys %RW~{hypero}:events %R~{hypero}:producer:* -@all +xadd +multi +exec "
                        + "+discard +hget +xrange +cluster|slots",
                ])
        }
        func cli(_ node: Int, _ arguments: String...) -> String {
            nodes[node].cli(["-a", "admin", "--no-auth-warning"] + arguments)
        }
        let keyslot = try #require(Int(cli(0, "CLUSTER", "KEYSLOT", "{hypero}")))
        let owner = 1
        #expect(cli(owner, "CLUSTER", "ADDSLOTSRANGE", "\(keyslot)", "\(keyslot)") == "OK")
        #expect(cli(0, "CLUSTER", "ADDSLOTSRANGE", "0", "\(keyslot - 1)", "\(keyslot + 1)", "16383") == "OK")
        _ = cli(owner, "CLUSTER", "SET-CONFIG-EPOCH", "2")
        _ = cli(0, "CLUSTER", "MEET", "127.0.0.1", "\(try #require(nodes[owner].port))")
        try #require(
            eventually(within: .seconds(60)) {
                (0..<2).allSatisfy { cli($0, "CLUSTER", "INFO").contains("cluster_state:ok") }
            })
        let fixture = try ClientFixture()
        let client = try fixture.client(
            "redis://training@127.0.0.1:\(try #require(nodes[0].port))",
            variables: ["HYPERO_REDIS_PASSWORD": "secret"])
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<10 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        #expect(cli(owner, "XLEN", "{hypero}:events") == "12")
        #expect(fixture.recorder.notices == [])
    }

    @Test(arguments: [
        "-MOVED 1 127.0.0.1:99999999999", "-MOVED 1 127.0.0.1:-1", "-MOVED 1 :0", "-MOVED", "-ASK 1 2 3",
        "-", "+OK\r\n+OK", "*1000000", "$-7", "hello", "%3", ":9223372036854775807", "*-1",
    ])
    func `A malformed reply is handled as an error`(answer: String) throws {
        let redirector = try Redirector(answer: answer, nodes: nil, tcp: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.server.url)
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { redirector.redirects > 2 })
        _ = client.close(timeout: .milliseconds(200))
        #expect(client.counters.accepted == 2)
    }
}
