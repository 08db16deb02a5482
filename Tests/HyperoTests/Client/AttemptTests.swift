import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// The numbers of the processes that resume an experiment.
@Suite("The attempt of a resumed experiment")
struct AttemptTests {
    private let server: RedisServer
    private let fixture: ClientFixture
    private let key = "{hypero}:experiment:k3v9x2mq7d-17"
    /// The battery through which the experiment is resumed.
    private static let battery = BatteryID(name: "b", version: 1, description: "").text

    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
    }

    /// Resumes the experiment, and returns its start in the stream.
    private func start(_ client: Client, attempt: Int? = nil) throws -> Event.Start {
        _ = Hypero(client).battery("b").experiment(resuming: "k3v9x2mq7d-17", from: 5, attempt: attempt)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        return try #require(starts().first)
    }

    /// The starts in the stream.
    private func starts() throws -> [Event.Start] {
        try server.entries().compactMap { entry in
            guard case .start(let start)? = entry.event?.body else { return nil }
            return start
        }
    }

    @Test(arguments: [nil, 2, 7] as [Int?])
    func `A process that resumes an experiment is the one after the last in Redis`(last: Int?) throws {
        server.cli("HSET", key, "battery", Self.battery)
        if let last { server.cli("HSET", key, "attempt", "\(last)") }
        let start = try start(try fixture.client(server.url))
        #expect(start.attempt == (last ?? 1) + 1)
        #expect(start.from == 5)
        #expect(fixture.recorder.count(containing: "experiment resumed") == 0)
    }

    @Test func `A stated attempt counts`() throws {
        server.cli("HSET", key, "battery", "b.v1.0", "attempt", "7")
        #expect(try start(try fixture.client(server.url), attempt: 3).attempt == 3)
    }

    @Test func `An account that may not read the experiment takes the second attempt`() throws {
        server.cli("HSET", key, "battery", "b.v1.0", "attempt", "7")
        server.cli(
            "ACL", "SETUSER", "node", "on", ">pw", "resetkeys", "%RW~{hypero}:events", "%R~{hypero}:producer:*",
            "-@all",
            "+xadd", "+multi", "+exec", "+discard", "+hget", "+xrange")
        #expect(try start(try fixture.client("unix://node:pw@\(server.socket)")).attempt == 2)
    }

    @Test func `An id that Redis does not know is reported`() throws {
        #expect(try start(try fixture.client(server.url)).attempt == 2)
        #expect(
            fixture.recorder.count(
                containing: "experiment resumed that Redis does not have: k3v9x2mq7d-17. Check the id") == 1)
    }

    @Test func `An experiment of another battery is reported with its battery`() throws {
        server.cli("HSET", key, "battery", "digits.v3.b44afc5e")
        #expect(try start(try fixture.client(server.url)).attempt == 2)
        #expect(
            fixture.recorder.count(
                containing: "experiment resumed in another battery: k3v9x2mq7d-17 belongs to digits.v3.b44afc5e, not "
                    + "to \(Self.battery). Its events become dead letters. Resume it in its own battery") == 1)
        #expect(fixture.recorder.count(containing: "Redis does not have") == 0)
    }

    @Test func `Events that are sent again have the attempt that was found first`() throws {
        server.cli("HSET", key, "battery", "b.v1.0", "attempt", "4")
        let client = try fixture.client(server.url)
        #expect(try start(client).attempt == 5)
        server.cli("HSET", key, "attempt", "5")
        server.cli("DEL", "{hypero}:events")
        server.cli("CLIENT", "KILL", "TYPE", "normal")
        Hypero(client).battery("c").experiment().log(epoch: 1, valid: 1)
        #expect(try eventually(within: .seconds(60)) { try starts().contains { $0.attempt == 5 } })
    }
}
