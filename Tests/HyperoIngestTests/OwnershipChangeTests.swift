import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

/// Two owners of one partition, whose actions follow one another step by step.
@Suite struct OwnershipChangeTests {
    private final class Owner {
        let worker: PartitionWorker
        let settings: IngestSettings
        init(_ fixture: IngestFixture) throws {
            settings = IngestSettings(redis: try RedisURL(fixture.server.url))
            worker = PartitionWorker(
                settings, keyspace: fixture.keyspace,
                logger: IngestFixture.silentLogger, shutdown: ShutdownFlag())
        }
        func context(_ fixture: IngestFixture) throws -> PipelineContext {
            PipelineContext(
                connection: try fixture.connect(),
                prefetcher: Prefetcher(settings.redis, keyspace: fixture.keyspace), trimPlan: TrimPlan(retain: 100),
                pendingDeadLetters: PendingDeadLetters(), isOutcomeKnown: false, shield: worker.shield,
                logger: worker.limitedLogger)
        }

        /// Acquires the lease and reads the checkpoint.
        func own(_ context: inout PipelineContext) throws {
            guard case .acquired = worker.perform(.acquire, in: &context) else { throw TestFailure("not acquired") }
            guard case .recovered = worker.perform(.recover, in: &context) else { throw TestFailure("not recovered") }
        }

        /// Applies entries until a number of them is consumed.
        func apply(_ context: inout PipelineContext, _ fixture: IngestFixture, to count: Int) throws {
            for _ in 0..<20 {
                guard try fixture.consumed() < count else { return }
                guard case .applied = worker.perform(.apply, in: &context) else { throw TestFailure("not applied") }
            }
            throw TestFailure("not consumed")
        }
    }

    private func declaration() -> Event {
        Event(
            experiment: nil, battery: BatteryID("b")!, time: 1,
            body: .battery(
                Event.Declaration(name: "B", version: 1, description: "", objective: "valid", direction: .max)))
    }

    private func row(_ epoch: Int) -> Event {
        Event(
            experiment: ExperimentID("e-1"), battery: BatteryID("b")!, time: 2,
            body: .epoch(epoch, [CurveRow.Cell("valid", Number(Double(epoch)))]))
    }

    @Test func `A stop after the lease was acquired keeps the unconfirmed transaction of a killed owner`() throws {
        let fixture = try IngestFixture()
        let rank = fixture.keyspace.rank(of: BatteryID("b")!, by: "valid")
        fixture.server.cli("SET", rank, "of another type")
        try fixture.add([declaration()])
        let a = try Owner(fixture)
        var contextA = try a.context(fixture)
        try a.own(&contextA)
        try a.apply(&contextA, fixture, to: 1)
        // A is suspended beyond its lease. B takes over, applies a row whose ranking fails, and is killed.
        fixture.server.cli("DEL", fixture.keyspace.lease)
        do {
            let b = try Owner(fixture)
            var contextB = try b.context(fixture)
            try b.own(&contextB)
            try fixture.add([row(1)])
            try b.apply(&contextB, fixture, to: 2)
            #expect(!contextB.pendingDeadLetters.isEmpty)
            contextB.prefetcher.stop()
        }
        fixture.server.cli("DEL", fixture.keyspace.lease)
        let before = fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.unconfirmed)
        // A resumes.
        _ = a.worker.perform(.apply, in: &contextA)
        guard case .acquired = a.worker.perform(.acquire, in: &contextA) else { throw TestFailure("not acquired") }
        // SIGTERM during the acquisition: the state machine releases at once.
        var machine = PartitionOwner(a.settings.redis, leaseDuration: .seconds(5), isDraining: false)
        _ = machine.next(after: .connected, jitter: 0)
        #expect(machine.next(after: .acquired, jitter: 0, isStopRequested: true) == .release)
        guard case .released = a.worker.perform(.release, in: &contextA) else { throw TestFailure("not released") }
        contextA.prefetcher.stop()
        let after = fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.unconfirmed)
        #expect(after == before)
        try fixture.drain()
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
    }

    @Test func `A flawless transaction that Redis has lost does not hide the same one that failed`() throws {
        let fixture = try IngestFixture()
        let rank = fixture.keyspace.rank(of: BatteryID("b")!, by: "valid")
        try fixture.add([declaration()])
        let a = try Owner(fixture)
        var contextA = try a.context(fixture)
        try a.own(&contextA)
        try a.apply(&contextA, fixture, to: 1)
        let cursor = fixture.server.cli("HGET", fixture.keyspace.ingest, "cursor")
        try fixture.add([row(1)])
        try a.apply(&contextA, fixture, to: 2)
        // Redis loses the last transaction of A (restart without the end of its append-only file); the lease is gone.
        fixture.server.cli("DEL", fixture.keyspace.lease, rank, fixture.keyspace.experiment(ExperimentID("e-1")!))
        fixture.server.cli("DEL", fixture.keyspace.curve(of: ExperimentID("e-1")!))
        fixture.server.cli("DEL", fixture.keyspace.experiments(of: BatteryID("b")!))
        fixture.server.cli("HSET", fixture.keyspace.ingest, "cursor", cursor, "unconfirmed", "", "applied", "1")
        fixture.server.cli("HDEL", fixture.keyspace.ingest, "entries")
        fixture.server.cli("SET", rank, "of another type")
        do {
            let b = try Owner(fixture)
            var contextB = try b.context(fixture)
            try b.own(&contextB)
            try b.apply(&contextB, fixture, to: 2)
            #expect(!contextB.pendingDeadLetters.isEmpty)
            contextB.prefetcher.stop()
        }
        fixture.server.cli("DEL", fixture.keyspace.lease)
        // A reconnects.
        var contextA2 = try a.context(fixture)
        contextA2.flawless = contextA.flawless
        contextA2.pendingDeadLetters = contextA.pendingDeadLetters
        try a.own(&contextA2)
        #expect(!contextA2.pendingDeadLetters.isEmpty)
        for _ in 0..<3 { _ = a.worker.perform(.apply, in: &contextA2) }
        contextA.prefetcher.stop()
        contextA2.prefetcher.stop()
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "1")
    }

    @Test func `The lease is renewed while dead letters are looked up, unless their transaction is handled meanwhile`()
        throws
    {
        let fixture = try IngestFixture()
        let owner = try Owner(fixture)
        for number in 1...3 {
            fixture.server.cli(
                "XADD", fixture.keyspace.events, "\(number)-0", "event", "param", "experiment", "e", "battery",
                "unknown",
                "param.a", "1")
        }
        for number in 1...40 {
            fixture.server.cli("XADD", fixture.keyspace.dead, "\(number)-1", "event", "x", "dead.id", "9-\(number)")
        }
        fixture.server.cli("HSET", fixture.keyspace.ingest, "cursor", "3-0", "unconfirmed", "0-0 3-0 0")
        let logger = owner.worker.limitedLogger
        let checkpoints = CheckpointReader(keyspace: fixture.keyspace, owner: "test", logger: logger)
        var connection = try fixture.connect()
        let (cursor, unconfirmed) = try checkpoints.cursor(over: &connection)
        let lease = Lease(keyspace: fixture.keyspace, owner: "test", duration: .seconds(60))
        #expect(try lease.acquire(over: &connection))
        func find(isShutdownRequested: Bool = false) throws -> PendingDeadLetters? {
            let reader = UnconfirmedReader(
                checkpoints: checkpoints, unconfirmed: try #require(unconfirmed),
                isShutdownRequested: { isShutdownRequested })
            var fence = Fence(lease: lease, since: .now, writtenCursor: cursor, renewalInterval: .zero)
            return try reader.missingDeadLetters(known: PendingDeadLetters(), fence: &fence, over: &connection)
        }
        #expect(try find()?.entryIDs.map(\.description).sorted() == ["1-0", "2-0", "3-0"])
        let watches = fixture.server.cli("INFO", "commandstats").components(separatedBy: "cmdstat_watch:calls=").last
        // Once for the entries, and twice for the dead letters.
        #expect(watches?.hasPrefix("3,") == true)
        #expect(try find(isShutdownRequested: true) == nil)
        // A requeue takes its entries out of the field.
        fixture.server.cli("HSET", fixture.keyspace.ingest, "unconfirmed", "0-0 3-0 0 1-0")
        #expect(try find() == nil)
        fixture.server.cli("SET", fixture.keyspace.lease, "another")
        #expect(try find() == nil)
    }
}
