import Foundation
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct SettingsTests {
    private func message(_ change: (inout IngestSettings) -> Void) throws -> String? {
        var settings = IngestSettings(redis: try RedisURL("redis://127.0.0.1"))
        change(&settings)
        do {
            try settings.check()
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `Settings out of their bounds are rejected with their value`() throws {
        #expect(try message { _ in } == nil)
        #expect(try message { $0.retain = 0 } == nil)
        #expect(try message { $0.retain = -1 } == "retain must be at least 0, not -1")
        #expect(try message { $0.leaseDuration = .zero }?.hasPrefix("leaseDuration must be between") == true)
        #expect(try message { $0.leaseDuration = .seconds(3_601) }?.hasPrefix("leaseDuration must be between") == true)
        #expect(try message { $0.partitions = 0 } != nil)
        var settings = IngestSettings(redis: try RedisURL("redis://127.0.0.1"))
        settings.retain = -1
        #expect(throws: SchemaError.self) { _ = try Ingest(settings, logger: Logger(label: "test")) }
    }

    @Test func `An ingest warns of a primary that accepts writes without its replicas`() throws {
        let fixture = try IngestFixture(server: RedisServer(tcp: true))
        let port = try #require(fixture.server.port)
        let replicas = try (1...2).map { _ in
            try RedisServer(appendOnly: false, configuration: ["replicaof 127.0.0.1 \(port)"])
        }
        #expect(eventually { fixture.server.cli("INFO", "replication").contains("connected_slaves:2") })
        for replica in replicas {
            #expect(eventually { replica.cli("INFO", "replication").contains("master_link_status:up") })
        }
        let warning = "min-replicas-to-write is 0"
        #expect(try fixture.drain().stderr.contains(warning))
        let status = { try ChildProcess.run("hypero-query", ["status", "--redis", fixture.server.url]).stdout }
        #expect(try status().contains("accepts writes while it is cut off from its replicas"))
        fixture.server.cli("CONFIG", "SET", "min-replicas-to-write", "1")
        #expect(try !fixture.drain().stderr.contains(warning))
        #expect(try !status().contains("cut off from its replicas"))
        // With a single replica, all writes would stop after a promotion.
        fixture.server.cli("CONFIG", "SET", "min-replicas-to-write", "0")
        replicas[0].kill()
        #expect(eventually { fixture.server.cli("INFO", "replication").contains("connected_slaves:1") })
        #expect(try !fixture.drain().stderr.contains(warning))
    }

    @Test func `A counter that would overflow stays, and the entries are applied`() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("HSET", fixture.keyspace.ingest, IngestField.gaps, "9223372036854775807")
        let battery = BatteryID("b")!
        for (number, name) in ["p", "q", "r"].enumerated() {
            try fixture.add([
                Event(
                    experiment: nil, battery: battery, origin: Event.Origin(producer: ProducerID(name)!, seq: 1_000),
                    time: Int64(number),
                    body: .battery(
                        Event.Declaration(name: "B", version: 1, description: "", objective: "valid", direction: .max)))
            ])
        }
        let outcome = try fixture.drain()
        #expect(try fixture.metric(IngestField.applied) == "3")
        #expect(try fixture.metric(IngestField.gaps) == "9223372036854775807")
        #expect(outcome.stderr.components(separatedBy: "would overflow").count <= 2, "\(outcome.stderr)")
    }

    @Test func `A cached value that grows counts with its new cost`() {
        var cache = GenerationCache<Int, Int>(limit: 1_000)
        for key in 0..<10 { cache.set(key, for: key, cost: 1) }
        for key in 0..<10 { cache.set(key, for: key, cost: 900) }
        // Only the last value of each generation fits.
        #expect((0..<10).filter { cache[$0] != nil } == [8, 9])
    }
}
