import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("A training with a hostile or broken server")
struct HostileServerTests {
    @Test func `A server that returns a million missing ranges costs no memory`() async {
        await #expect(processExitsWith: .success) {
            let missing = String(repeating: "1 ", count: 1_000_000)
            let server = try FakeServer { connection in
                while let command = connection.command() {
                    switch command[0] {
                    case "HGET" where command[2] == "missing":
                        connection.send("$\(missing.utf8.count)\r\n\(missing)\r\n")
                    case "HGET": connection.send("$1\r\n0\r\n")
                    case "CLIENT", "AUTH": connection.send("+OK\r\n")
                    default: return
                    }
                }
            }
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
            let before = try ProcessMemory.peak()
            _ = Hypero(client).battery("b").experiment()
            #expect(eventually(within: .seconds(60)) { server.connections >= 2 })
            let growth = try ProcessMemory.peak() - before
            #expect(growth < 24 << 20 || Sanitizer.isOn, "\(growth >> 20) MiB")
            _ = client.close(timeout: .zero)
        }
    }

    @Test(arguments: HostileServer.allCases, [true, false])
    func `A hostile server costs the training neither memory nor its deadlines`(
        behaviour: HostileServer, isLoginHostile: Bool
    ) async throws {
        await #expect(processExitsWith: .success) {
            [behaviour = behaviour as HostileServer, isLoginHostile = isLoginHostile as Bool] in
            let server = try behaviour.start(isLoginHostile: isLoginHostile)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
            let before = try ProcessMemory.peak()
            let experiment = Hypero(client).battery("b").experiment()
            for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
            #expect(!client.flush(until: .sent, deadline: .now + .milliseconds(500)))
            // With a trickle the client waits; every other behaviour breaks the connection again and again.
            if behaviour != .trickle { #expect(eventually(within: .seconds(60)) { server.connections > 2 }) }
            #expect(!client.close(timeout: .milliseconds(500)))
            #expect(client.counters.queued == 102)
            // The limit of a reply is 2 MiB. A sanitizer keeps freed memory.
            let growth = try ProcessMemory.peak() - before
            #expect(growth < 24 << 20 || Sanitizer.isOn, "\(growth >> 20) MiB")
        }
    }

    @Test func `A refused DISCARD leaves no later command in the transaction`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        // The rights of a training before DISCARD was documented.
        server.cli(
            "ACL", "SETUSER", "node", "on", ">pw", "resetkeys", "~{hypero}:events", "%R~{hypero}:producer:*", "-@all",
            "+xadd", "+multi", "+exec", "+hget", "+xrange")
        let client = try fixture.client("unix://node:pw@\(server.socket)")
        let experiment = Hypero(client).battery("b").experiment()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        // Every XADD of a batch is refused, while the transaction of the next batch is open.
        server.cli("CONFIG", "SET", "maxmemory", "1")
        for epoch in 0..<20_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: "OOM") > 0 })
        server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        #expect(try server.seqs() == Array(1...20_002))
        #expect(fixture.recorder.count(containing: "nested") == 0)
        #expect(fixture.recorder.count(containing: "unexpected reply") == 0, "\(fixture.recorder.notices)")
    }

    @Test func `The reason why a server closes new connections is reported`() throws {
        let server = try RedisServer(appendOnly: false, configuration: ["maxclients 1"])
        let other = try RedisConnection.open(to: RedisURL(server.url), name: "other")
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        _ = Hypero(client).battery("b").experiment()
        #expect(
            eventually(within: .seconds(60)) {
                fixture.recorder.count(containing: "max number of clients reached") == 1
            },
            "\(fixture.recorder.notices)")
        _ = consume other
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
    }

    @Test func `Notices never go to a connection that has the descriptor of standard error`() async throws {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
            let standardError = dup(STDERR_FILENO)
            close(STDERR_FILENO)
            _ = Hypero(client).battery("b").experiment()
            let isSent = client.flush(until: .sent, deadline: .now + .seconds(60))
            let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/2")
            dup2(standardError, STDERR_FILENO)
            #expect(isSent)
            #expect(target?.hasPrefix("socket:") != true)
        }
    }
}
