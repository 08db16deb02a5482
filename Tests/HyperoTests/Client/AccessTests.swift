import HyperoRedis
import HyperoCore
import TestSupport
import Testing

@testable import Hypero

@Suite("Passwords and rights")
struct AccessTests {
    private static let patience: Duration = .seconds(120)

    @Test("A wrong password is said once and never shown; once it is right, all arrives")
    func wrongPassword() throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass geheim"])
        let bench = try ClientFixture()
        let client = try bench.client(server.url, variables: ["HYPERO_REDIS_PASSWORD": "verraten"])
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "WRONGPASS") == 1 })
        server.cli("-a", "geheim", "--no-auth-warning", "CONFIG", "SET", "requirepass", "verraten")
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        #expect(try server.entries(password: "verraten").map(\.seq) == (1...102).map { UInt64($0) })
        #expect(bench.board.sentences.last?.contains("accepts events again") == true)
        #expect(bench.board.count(containing: "verraten") == 0)
    }

    @Test("A password where none is needed, and none where one is, are said so")
    func missingPassword() throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass geheim"])
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "NOAUTH") == 1 })
        server.cli("-a", "geheim", "--no-auth-warning", "CONFIG", "SET", "requirepass", "")
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
    }

    @Test("A server that answers AUTH with what it was sent does not get the password into a notice")
    func echo() throws {
        // What is unknown is quoted by Redis in its reply.
        let server = try RedisServer(appendOnly: false, configuration: ["rename-command AUTH \"\""])
        let bench = try ClientFixture()
        let client = try bench.client(server.url, variables: ["HYPERO_REDIS_PASSWORD": "verraten"])
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "does not let us in") == 1 })
        #expect(bench.board.count(containing: "verraten") == 0)
        _ = client.close(timeout: .milliseconds(50))
    }

    @Test(
        "An account with a producer's rights is enough, with and without reading the watermark",
        arguments: [true, false])
    func producersRights(canRead: Bool) throws {
        let server = try RedisServer(appendOnly: false)
        let rights = "on >pw resetkeys resetchannels %W~{hypero}:events -@all +xadd +auth +hello +ping +client|setname"
        let reading = canRead ? ["+hget", "%R~{hypero}:producer:*"] : []
        #expect(
            server.cli(["ACL", "SETUSER", "node"] + rights.split(separator: " ").map(String.init) + reading) == "OK")
        let bench = try ClientFixture()
        let url = "unix://node:pw@\(server.socket)"
        let client = try bench.client(url) { $0.segmentSize = 16 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<1_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(try server.seqs() == Array(1...1_002))
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "1002")
        #expect(client.flush(until: .applied, deadline: .now + (canRead ? .seconds(60) : .milliseconds(50))) == canRead)
        #expect(client.counters.applied == (canRead ? 1_002 : 0))
        // Either way the journal does not grow: what is applied, or at least sent, is given back.
        #expect(eventually(within: .seconds(60)) { client.counters.released == 0 && bench.segments.count <= 2 })
        #expect(bench.board.sentences == [])
        #expect(client.close(timeout: .seconds(30)))
    }

    @Test("An account that may not write says so, and goes on when it may")
    func noPermission() throws {
        let server = try RedisServer(appendOnly: false)
        server.cli("ACL", "SETUSER", "node", "on", ">pw", "~*", "+ping")
        let bench = try ClientFixture()
        let client = try bench.client("unix://node:pw@\(server.socket)")
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "NOPERM") == 1 })
        server.cli("ACL", "SETUSER", "node", "+@all")
        #expect(client.flush(until: .sent, deadline: .now + Self.patience))
        #expect(try server.seqs() == [1, 2])
        #expect(bench.board.sentences.last?.contains("accepts events again") == true)
    }
}
