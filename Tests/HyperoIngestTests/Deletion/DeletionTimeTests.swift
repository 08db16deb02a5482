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

    @Test func `A deletion whose id is ahead of the clock has the same time in a replay`() throws {
        let (live, other, folder) = (try IngestFixture(), try IngestFixture(), try TemporaryFolder())
        let archive = folder.file("archive")
        try live.add(EventSequence.training(by: "p", experiments: 2, epochs: 2))
        try live.drain("--archive", archive)
        // As after a failover to a server whose clock is behind.
        let id = "\(WallClock.milliseconds + 600_000)-0"
        live.server.cli(
            "XADD", live.keyspace.control, id, "event", "delete", "battery", EventSequence.battery.text)
        try live.drain("--archive", archive)
        let deleted = try #require(
            Int64(live.server.cli("ZSCORE", live.keyspace.deleted, EventSequence.battery.text)))
        for fields in [
            ["event", "battery", "name", "digits", "version", "1", "description", ""],
            ["event", "start", "experiment", "q-1"],
        ] {
            live.server.cli(
                ["XADD", live.keyspace.events, "*"] + fields
                    + ["battery", EventSequence.battery.text, "time", String(deleted + 1)])
        }
        try live.drain("--archive", archive)
        let files = try ArchiveFolder(archive, tag: live.keyspace.tag).files()
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["replay", "--redis", other.server.url] + files, within: .seconds(60))
        #expect(outcome.succeeded, "\(outcome)")
        func content(of fixture: IngestFixture) throws -> PartitionContent {
            var connection = try fixture.connect()
            return try PartitionContent.read(from: &connection, fixture.keyspace)
        }
        #expect(try content(of: other).differences(fromExpected: try content(of: live)) == "")
        #expect(other.server.cli("EXISTS", other.keyspace.experiment(ExperimentID("q-1")!)) == "1")
    }
}
