import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("A declaration that differs from the first one of its battery")
struct DeclarationTests {
    private let server: RedisServer
    private let fixture: ClientFixture
    private let battery = "{hypero}:battery:\(BatteryID(name: "dirs", version: 1, description: "").text)"

    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
    }

    /// Declares the battery as minimized by `loss`, and waits until its events count as applied.
    ///
    /// - Parameter count: the number of reports to wait for. The client compares after each step that finds events applied, and
    ///   again after a connection that broke.
    private func declare(_ client: Client, directions: [String: Direction] = ["valid": .max], reports count: Int = 0) {
        let battery = Hypero(client).battery("dirs", objective: "loss", direction: .min, directions: directions)
        battery.experiment().log(epoch: 1, ["loss": 1])
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "3")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        // The second wait returns after the next step of the sender.
        battery.experiment().log(epoch: 1, ["loss": 1])
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "6")
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        var seq = 6
        while reports.count < count, seq < 600 {
            battery.experiment().log(epoch: 1, ["loss": 1])
            seq += 3
            server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "\(seq)")
            #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        }
        #expect(client.close(timeout: .seconds(60)))
    }

    private var reports: [String] {
        fixture.recorder.notices.filter { $0.hasPrefix("declaration of the battery") }
    }

    @Test func `The training is told which objective and direction count`() throws {
        server.cli("HSET", battery, "objective", "valid", "direction", "max", "direction.valid", "max")
        declare(try fixture.client(server.url), reports: 1)
        #expect(
            reports == [
                "declaration of the battery 'dirs' version 1 has no effect: it was declared before with objective 'valid', "
                    + "direction 'max', and this program declares 'loss', 'min'. The first declaration counts. To change it, "
                    + "declare a new version"
            ])
    }

    @Test func `The training is told which direction of another channel counts`() throws {
        server.cli("HSET", battery, "objective", "loss", "direction", "min", "direction.valid", "min")
        declare(try fixture.client(server.url), reports: 1)
        #expect(reports.count == 1)
        let differences = "declared before with direction.valid 'min', and this program declares 'max'"
        #expect(reports.first?.contains(differences) == true)
    }

    @Test(arguments: [["objective", "loss", "direction", "min"], ["direction.other", "max"], []])
    func `The same declaration, and a battery without fields, are not reported`(fields: [String]) throws {
        if !fields.isEmpty { server.cli(["HSET", battery] + fields) }
        declare(try fixture.client(server.url))
        #expect(reports.isEmpty)
    }

    @Test func `A key of another type is not reported, and the client goes on`() throws {
        server.cli("SET", battery, "text")
        declare(try fixture.client(server.url))
        #expect(reports.isEmpty)
    }
}
