import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

/// The time of a deletion, which decides whether a later declaration revives the battery.
@Suite struct DeletionTimeTests {
    @Test(arguments: [
        (offset: -5_000, isLimited: false), (offset: 0, isLimited: false), (offset: 3_600_000, isLimited: true),
    ])
    func `A deletion has the time of its command, also if it was sent after the clock was read`(
        offset: Int64, isLimited: Bool
    ) throws {
        let fixture = try IngestFixture()
        let keyspace = fixture.keyspace
        fixture.server.cli("HSET", keyspace.ingest, IngestField.cursor, "0-0")
        var connection = try fixture.connect()
        var fence = try fixture.makeFence(over: &connection)
        let now = WallClock.milliseconds
        // The clock was read long before, when the owner began to carry out commands.
        let deletion = Deletion(
            keyspace: keyspace,
            logger: RateLimitedLogger(IngestFixture.silentLogger),
            clock: now - 60_000, fields: [], isShutdownRequested: { false })
        let time = now + offset
        let isDone = try deletion.run(
            .deleteExperiment(ExperimentID("e-1")!), id: StreamID(milliseconds: UInt64(time), sequence: 0),
            fence: &fence, over: &connection)
        #expect(isDone)
        let found = try #require(Int64(fixture.server.cli("ZSCORE", keyspace.deleted, "e-1")))
        if isLimited { #expect((now..<time).contains(found)) } else { #expect(found == time) }
    }
}
