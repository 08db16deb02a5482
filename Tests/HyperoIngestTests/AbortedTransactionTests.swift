import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct AbortedTransactionTests {
    @Test func `A transaction that a requeue aborts is repeated without the wait for further entries`() throws {
        let fixture = try IngestFixture()
        let settings = IngestSettings(redis: try RedisURL(fixture.server.url))
        let worker = PartitionWorker(
            settings, keyspace: fixture.keyspace,
            logger: IngestFixture.silentLogger, shutdown: ShutdownFlag())
        func context() throws -> PipelineContext {
            PipelineContext(
                connection: try fixture.connect(),
                prefetcher: Prefetcher(settings.redis, keyspace: fixture.keyspace), trimPlan: TrimPlan(retain: 100),
                pendingDeadLetters: PendingDeadLetters(), isOutcomeKnown: false, shield: worker.shield,
                logger: worker.limitedLogger)
        }
        func own(_ context: inout PipelineContext) throws {
            guard case .acquired = worker.perform(.acquire, in: &context),
                case .recovered = worker.perform(.recover, in: &context)
            else { throw TestFailure("the partition is not owned") }
        }
        func apply(in context: inout PipelineContext) throws {
            guard case .applied = worker.perform(.apply, in: &context) else { throw TestFailure("not applied") }
        }
        let events = EventSequence.training(by: "p", experiments: 1, epochs: 1)
        try fixture.add(Array(events.dropLast()))
        var first = try context()
        defer { first.prefetcher.stop() }
        try own(&first)
        while try fixture.consumed() < events.count - 1 || worker.pipeline?.slots.isCaughtUp != true {
            try apply(in: &first)
        }
        // The last event is read without a backlog. The next transaction will apply it, and then wait for entries.
        try fixture.add([events[events.count - 1]])
        try apply(in: &first)
        #expect(worker.pipeline?.slots.mayHaveMore == false)
        fixture.server.cli("HINCRBY", fixture.keyspace.ingest, IngestField.requeued, "1")
        let event = worker.perform(.apply, in: &first)
        guard case .abandoned = event else { throw TestFailure("XREAD was awaited: \(event)") }
        #expect(try fixture.consumed() == events.count - 1)

        var second = try context()
        defer { second.prefetcher.stop() }
        try own(&second)
        while try fixture.consumed() < events.count { try apply(in: &second) }
        #expect(try fixture.metric(IngestField.requeued) == "1")
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
    }
}
