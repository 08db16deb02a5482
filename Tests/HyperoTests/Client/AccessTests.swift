import HyperoRedis
import HyperoCore
import TestSupport
import Testing

@testable import Hypero

@Suite("Passwords and permissions")
struct AccessTests {
    private static let timeout: Duration = .seconds(120)

    @Test func `A wrong password is reported once without the secret, and no event is lost`() throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass geheim"])
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url, variables: ["HYPERO_REDIS_PASSWORD": "verraten"])
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "WRONGPASS") == 1 })
        server.cli("-a", "geheim", "--no-auth-warning", "CONFIG", "SET", "requirepass", "verraten")
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        #expect(try server.entries(password: "verraten").map(\.seq) == (1...102).map { UInt64($0) })
        #expect(fixture.recorder.notices.last?.contains("accepts events again") == true)
        #expect(fixture.recorder.count(containing: "verraten") == 0)
    }

    @Test func `A missing password is reported once, and no event is lost`() throws {
        let server = try RedisServer(appendOnly: false, configuration: ["requirepass geheim"])
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "NOAUTH") == 1 })
        server.cli("-a", "geheim", "--no-auth-warning", "CONFIG", "SET", "requirepass", "")
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
    }

    @Test func `A password that the server echoes is not repeated in a notice`() throws {
        // Redis quotes the arguments of an unknown command in its error.
        let server = try RedisServer(appendOnly: false, configuration: ["rename-command AUTH \"\""])
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url, variables: ["HYPERO_REDIS_PASSWORD": "verraten"])
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "cannot log in") == 1 })
        #expect(fixture.recorder.count(containing: "verraten") == 0)
        _ = client.close(timeout: .milliseconds(50))
    }

    @Test(arguments: [true, false])
    func `The permissions of a producer suffice, with and without permission to read the watermark`(canRead: Bool)
        throws
    {
        let server = try RedisServer(appendOnly: false)
        let permissions =
            "on >pw resetkeys resetchannels %W~{hypero}:events -@all +xadd +auth +hello +ping +client|setname"
        let reading = canRead ? ["+hget", "%R~{hypero}:producer:*"] : []
        #expect(
            server.cli(["ACL", "SETUSER", "node"] + permissions.split(separator: " ").map(String.init) + reading)
                == "OK")
        let fixture = try ClientFixture()
        let url = "unix://node:pw@\(server.socket)"
        let client = try fixture.client(url) { $0.segmentSize = 16 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<1_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(try server.seqs() == Array(1...1_002))
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "1002")
        #expect(client.flush(until: .applied, deadline: .now + (canRead ? .seconds(60) : .milliseconds(50))) == canRead)
        #expect(client.counters.applied == (canRead ? 1_002 : 0))
        // In both cases the journal does not grow: segments with applied events, or else with sent events, are
        // released.
        #expect(eventually(within: .seconds(60)) { client.counters.released == 0 && fixture.segments.count <= 2 })
        // An account that cannot know gets an answer at once, and the reason once.
        if !canRead {
            for _ in 0..<2 { #expect(!client.flush(until: .applied, deadline: MonotonicTime(nanoseconds: .max))) }
        }
        #expect(fixture.recorder.count(containing: "cannot tell whether events are applied") == (canRead ? 0 : 1))
        #expect(fixture.recorder.count(containing: "does not permit transactions") == 1)
        #expect(fixture.recorder.notices.count == (canRead ? 1 : 2))
        #expect(client.close(timeout: .seconds(30)))
    }

    @Test
    func `Journals that an append-only account leaves are not sent again, and are removed after the durability window`()
        throws
    {
        let server = try RedisServer(appendOnly: false)
        server.cli("ACL", "SETUSER", "node", "on", ">pw", "resetkeys", "%W~{hypero}:events", "+xadd")
        let fixture = try ClientFixture()
        let url = "unix://node:pw@\(server.socket)"
        // Shorter than the window, like a training of some seconds.
        for number in 0..<4 {
            let client = try fixture.client(url) { $0.durabilityWindow = .seconds(3_600) }
            let experiment = Hypero(client).battery("b").experiment()
            experiment.log(epoch: 1, valid: 1)
            experiment.finish()
            #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
            #expect(eventually(within: .seconds(60)) { client.counters.adopted == UInt64(4 * number) })
            #expect(client.close(timeout: .seconds(60)))
            #expect(fixture.journals.count == number + 1)
        }
        let last = try fixture.client(url) { $0.durabilityWindow = .zero }
        #expect(eventually(within: .seconds(60)) { fixture.journals == [last.producer.text] })
        #expect(last.close(timeout: .seconds(60)))
        #expect(try server.entries().count == 16)
    }

    @Test(arguments: ["+xadd", "+multi", "+exec", "+multi +exec", "+multi +discard", "+exec +discard", "+discard"])
    func `An account without MULTI or EXEC sends every event in order and once, with one notice`(permitted: String)
        throws
    {
        let server = try RedisServer(appendOnly: false)
        let rights = ["+xadd"] + permitted.split(separator: " ").map(String.init)
        server.cli(["ACL", "SETUSER", "node", "on", ">pw", "resetkeys", "%W~{hypero}:events", "-@all"] + rights)
        let fixture = try ClientFixture()
        let client = try fixture.client("unix://node:pw@\(server.socket)")
        // The first batch has many events, and others follow it at once.
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<5_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        let seqs = try server.seqs()
        #expect(seqs == Array(1...5_002))
        let hasTransactions = permitted == "+multi +exec"
        #expect(fixture.recorder.count(containing: "does not permit transactions") == (hasTransactions ? 0 : 1))
        #expect(fixture.recorder.notices.count == (hasTransactions ? 0 : 1), "\(fixture.recorder.notices)")
        #expect(client.close(timeout: .seconds(30)))
    }

    @Test func `A permission for MULTI or EXEC that is withdrawn while events are sent costs no event`() throws {
        let server = try RedisServer(appendOnly: false)
        let rights = ["+xadd", "+multi", "+exec", "+discard"]
        server.cli(["ACL", "SETUSER", "node", "on", ">pw", "resetkeys", "%W~{hypero}:events", "-@all"] + rights)
        for withdrawn in ["-exec", "-multi"] {
            let fixture = try ClientFixture()
            let client = try fixture.client("unix://node:pw@\(server.socket)")
            let experiment = Hypero(client).battery("b").experiment()
            for epoch in 0..<50_000 {
                experiment.log(epoch: epoch, train: 1)
                if epoch == 25_000 { server.cli("ACL", "SETUSER", "node", withdrawn) }
            }
            #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
            // Nothing was refused halfway, so that the connection has stayed and no event was sent twice.
            #expect(try server.seqs() == Array(1...50_002))
            #expect(fixture.recorder.notices.count <= 1, "\(fixture.recorder.notices)")
            #expect(client.close(timeout: .seconds(30)))
            server.cli("DEL", "{hypero}:events")
            server.cli("ACL", "SETUSER", "node", "+exec", "+multi")
        }
    }

    @Test func `A denied write is reported once, and no event is lost`() throws {
        let server = try RedisServer(appendOnly: false)
        server.cli("ACL", "SETUSER", "node", "on", ">pw", "~*", "+ping")
        let fixture = try ClientFixture()
        let client = try fixture.client("unix://node:pw@\(server.socket)")
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "NOPERM") == 1 })
        server.cli("ACL", "SETUSER", "node", "+@all")
        #expect(client.flush(until: .sent, deadline: .now + Self.timeout))
        #expect(try server.seqs() == [1, 2])
        #expect(fixture.recorder.notices.last?.contains("accepts events again") == true)
    }
}
