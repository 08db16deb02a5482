import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct MigrationPartTests {
    private let count = 20

    /// Migrates with a fence whose lease is always to be renewed.
    ///
    /// - Parameter checks: the number of times that the migration asks for a shutdown before there is one.
    private func migrate(_ fixture: IngestFixture, checks: Int) throws -> Bool {
        let lease = Lease(keyspace: fixture.keyspace, owner: "o", duration: .seconds(60))
        var connection = try fixture.connect()
        var fence = Fence(lease: lease, since: .now, writtenCursor: .zero, renewalInterval: .zero)
        guard try fence.renew(over: &connection) else { return false }
        var remaining = checks
        let migration = Migration(
            keyspace: fixture.keyspace, logger: RateLimitedLogger(Logger(label: "test")), clock: 1,
            isShutdownRequested: {
                remaining -= 1
                return remaining < 0
            })
        return try migration.run(fence: &fence, over: &connection)
    }

    @Test
    func `Experiments with stated maxima are written when the lease is due, and the next owner writes the others`()
        throws
    {
        let fixture = try IngestFixture()
        let keyspace = fixture.keyspace
        let battery = BatteryID("b")!
        var script = "ZADD \(keyspace.batteries) 1 b\nHSET \(keyspace.battery(battery)) objective valid direction max\n"
        let ids = (1...count).map { ExperimentID("x-\($0)")! }
        for (score, id) in ids.enumerated() {
            script += "HSET \(keyspace.experiment(id)) battery b status done max.source user max.other 1\n"
            script += "HSET \(keyspace.curve(of: id)) 1 valid=1 2 valid=2\n"
            script += "ZADD \(keyspace.experiments(of: battery)) \(score) \(id.text)\n"
        }
        try fixture.run(script)
        func migrated() -> Int {
            ids.count { fixture.server.cli("HGET", keyspace.experiment($0), ExperimentField.maxStated) == "other=1" }
        }
        #expect(try !migrate(fixture, checks: 10))
        let first = migrated()
        #expect(first > 0 && first < count)
        #expect(try fixture.metric(IngestField.format) == nil)
        #expect(try migrate(fixture, checks: .max))
        #expect(migrated() == count)
        #expect(try fixture.metric(IngestField.format) == "2")
    }

    @Test func `A shutdown ends the migration within a curve`() throws {
        let fixture = try IngestFixture()
        let keyspace = fixture.keyspace
        let (battery, id) = (BatteryID("b")!, ExperimentID("x-1")!)
        var script = "ZADD \(keyspace.batteries) 1 b\nHSET \(keyspace.battery(battery)) objective valid direction max\n"
        script += "HSET \(keyspace.experiment(id)) battery b status done max.source user max.other 1\n"
        script += "ZADD \(keyspace.experiments(of: battery)) 1 \(id.text)\n"
        for epoch in 1...20_000 { script += "HSET \(keyspace.curve(of: id)) \(epoch) valid=\(epoch)\n" }
        try fixture.run(script)
        fixture.server.cli("CONFIG", "RESETSTAT")
        // Two checks before the curve.
        #expect(try !migrate(fixture, checks: 4))
        #expect(fixture.server.cli("INFO", "commandstats").contains("cmdstat_hscan:calls=3,"))
        #expect(fixture.server.cli("HGET", keyspace.experiment(id), ExperimentField.maxStated) == "")
        #expect(try fixture.metric(IngestField.format) == nil)
        #expect(try migrate(fixture, checks: .max))
        #expect(fixture.server.cli("HGET", keyspace.experiment(id), "max.valid") == "20000")
    }

    @Test func `The stated maxima of the first format are in the order of their channels`() throws {
        let fixture = try IngestFixture()
        let keyspace = fixture.keyspace
        let (battery, id) = (BatteryID("b")!, ExperimentID("x-1")!)
        var script = "ZADD \(keyspace.batteries) 1 b\nHSET \(keyspace.battery(battery)) objective valid direction max\n"
        script += "ZADD \(keyspace.experiments(of: battery)) 1 \(id.text)\n"
        // Redis keeps a hash of more than 128 fields in no order.
        let channels = (1...300).map { "c\($0)" }
        script += "HSET \(keyspace.experiment(id)) battery b status done max.source user"
        for channel in channels { script += " max.\(channel) 1" }
        try fixture.run(script + "\n")
        #expect(try migrate(fixture, checks: .max))
        let expected = channels.sorted().map { "\($0)=1" }.joined(separator: " ")
        #expect(fixture.server.cli("HGET", keyspace.experiment(id), ExperimentField.maxStated) == expected)
    }
}
