import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

/// The lease while a batch is read and folded.
@Suite struct LeaseRenewalTests {
    /// Runs one step of a pipeline whose lease was renewed some time ago.
    ///
    /// - Returns: the numbers of times that the lease was watched and that its duration was set in the step.
    private func step(lastRenewed age: Duration) throws -> (watched: Int, extended: Int) {
        let fixture = try IngestFixture()
        try fixture.add([EventSequence.declaration])
        let lease = Lease(keyspace: fixture.keyspace, owner: "test", duration: .seconds(60))
        var connection = try fixture.connect()
        #expect(try lease.acquire(over: &connection))
        _ = try connection.call("WATCH", fixture.keyspace.lease, fixture.keyspace.ingest)
        let logger = RateLimitedLogger(IngestFixture.silentLogger)
        let checkpoint = try CheckpointReader(keyspace: fixture.keyspace, owner: "test", logger: logger)
            .checkpoint(after: nil, over: &connection)
        let fence = Fence(lease: lease, since: .now + (.zero - age), writtenCursor: checkpoint.cursor)
        var context = PipelineContext(
            connection: connection,
            prefetcher: Prefetcher(try RedisURL(fixture.server.url), keyspace: fixture.keyspace),
            trimPlan: TrimPlan(retain: 0), pendingDeadLetters: PendingDeadLetters(), isOutcomeKnown: false,
            shield: CancellationShield(ShutdownFlag()), logger: logger)
        var pipeline = try Pipeline(resumingAt: checkpoint, fence: fence, goal: .highest)
        let (watched, extended) = (fixture.calls(of: "watch"), fixture.calls(of: "pexpire"))
        let result = try pipeline.step(in: &context)
        #expect({ if case .applied = result { true } else { false } }())
        context.prefetcher.stop()
        return (fixture.calls(of: "watch") - watched, fixture.calls(of: "pexpire") - extended)
    }

    @Test func `A lease is renewed before a transaction if reading and folding took half of its duration`() throws {
        let fresh = try step(lastRenewed: .zero)
        // The transaction extends the lease, and the WATCH after it fences the next one.
        #expect(fresh.watched == 1)
        #expect(fresh.extended == 1)
        let stale = try step(lastRenewed: .seconds(31))
        #expect(stale.watched == 2)
        #expect(stale.extended == 2)
    }
}
