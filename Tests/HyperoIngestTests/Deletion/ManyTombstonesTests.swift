import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Partitions with many deleted ids.
@Suite struct ManyTombstonesTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }
    private let now: Int

    init() throws {
        fixture = try DeletionFixture()
        now = try #require(Int(fixture.server.cli("TIME").split(whereSeparator: \.isNewline)[0])) * 1_000
    }

    /// Adds deleted ids with the time of their deletion.
    private func addDeleted(_ prefix: String, _ count: Int, at time: Int) throws {
        let lines = stride(from: 0, to: count, by: 500).map { start in
            "ZADD \(keyspace.deleted) "
                + (start..<min(start + 500, count)).map { "\(time) \(prefix)-\($0)" }.joined(separator: " ") + "\n"
        }
        try fixture.ingest.run(lines.joined())
    }

    /// Returns the number of calls of a command since CONFIG RESETSTAT.
    private func calls(_ command: String) -> Int {
        let lines = server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
        let line = lines.first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line.flatMap { Int($0.split { ":=,".contains($0) }[2]) } ?? 0
    }

    @Test func `An ingest reads the deleted ids of the subjects of events, and no others`() throws {
        try addDeleted("x", 50_000, at: now - 1_000)
        server.cli("ZADD", keyspace.deleted, "\(now)", "p-1")
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 3, epochs: 2))
        server.cli("CONFIG", "RESETSTAT")
        try fixture.ingest.drain()
        // One of the deleted ids, and one of the batteries, because the partition is new.
        #expect(calls("zrange") == 2)
        #expect(server.cli("ZRANGE", keyspace.experiments(of: EventSequence.battery), "0", "-1") == "p-2\np-3")
        #expect(try fixture.ingest.metric(IngestField.deleted) == "8")
        #expect(server.cli("ZCARD", keyspace.deleted) == "50001")
    }

    @Test func `The expired ones of many deleted ids are removed`() throws {
        let day = 24 * 3_600_000
        try addDeleted("x", 25_000, at: now - 31 * day)
        try addDeleted("y", 3, at: now - 29 * day)
        try fixture.ingest.add([EventSequence.declaration])
        try fixture.ingest.drain()
        #expect(server.cli("ZRANGE", keyspace.deleted, "0", "-1") == "y-0\ny-1\ny-2")
    }

    @Test(arguments: [true, false])
    func `A former owner removes no expired deleted id`(isOwner: Bool) throws {
        try addDeleted("x", 3, at: now - 31 * 24 * 3_600_000)
        let lease = Lease(keyspace: keyspace, owner: "former", duration: .seconds(60))
        var connection = try fixture.ingest.connect()
        #expect(try lease.acquire(over: &connection))
        var fence = Fence(lease: lease, since: .now, writtenCursor: .zero)
        #expect(try fence.renew(over: &connection))
        if !isOwner { server.cli("SET", keyspace.lease, "another") }
        let hasOthers = try Tombstones.removeExpired(
            in: keyspace, now: Int64(now), fence: &fence, over: &connection)
        #expect(hasOthers == (isOwner ? false : nil))
        #expect(server.cli("ZCARD", keyspace.deleted) == (isOwner ? "0" : "3"))
    }

    @Test func `Without a deleted id, no event costs a command to find it`() throws {
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 3, epochs: 2))
        server.cli("CONFIG", "RESETSTAT")
        try fixture.ingest.drain()
        // Each experiment is searched in the list of its battery.
        #expect(calls("zscore") == 3)
    }
}
