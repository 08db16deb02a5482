import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

/// A rebuild and the events of trainings, by an owner whose actions follow one another step by step.
@Suite struct RebuildWorkerTests {
    private let fixture: IngestFixture
    private let battery = EventSequence.battery
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try IngestFixture()
        try fixture.add([EventSequence.declaration])
        try fixture.drain()
    }

    /// Creates an owner of which each slice of a rebuild is one part.
    private func makeWorker(isDraining: Bool = false) throws -> PartitionWorker {
        var settings = IngestSettings(redis: try RedisURL(fixture.server.url))
        settings.isDraining = isDraining
        let worker = PartitionWorker(
            settings, keyspace: fixture.keyspace,
            logger: IngestFixture.silentLogger, shutdown: ShutdownFlag())
        worker.rebuildSlice = .zero
        worker.rebuildSearchCount = 50
        return worker
    }

    private func makeContext(_ worker: PartitionWorker) throws -> PipelineContext {
        PipelineContext(
            connection: try fixture.connect(), prefetcher: Prefetcher(worker.settings.redis, keyspace: keyspace),
            trimPlan: TrimPlan(retain: 100), pendingDeadLetters: PendingDeadLetters(), isOutcomeKnown: false,
            shield: worker.shield, logger: worker.limitedLogger)
    }

    /// Writes experiments that no list and no ranking has.
    private func addExperiments(_ count: Int) throws {
        try fixture.run(
            (1...count).map { number in
                let id = ExperimentID("x-\(number)")!
                return
                    "HSET \(keyspace.experiment(id)) battery \(battery.text) status done started \(number) updated 9\n"
                    + "HSET \(keyspace.curve(of: id)) 1 valid=0.\(number)\n"
            }.joined())
    }

    private func addRow(_ epoch: Int) throws {
        try fixture.add([
            Event(
                experiment: ExperimentID("e-1"), battery: battery, time: 1_700_000_000_000,
                body: .epoch(epoch, [CurveRow.Cell("valid", Number(Double(epoch)))]))
        ])
    }

    private func rankedCount() -> Int { Int(server.cli("ZCARD", keyspace.rank(of: battery, by: "valid"))) ?? 0 }

    private func recover(_ worker: PartitionWorker, _ context: inout PipelineContext) throws {
        let event = worker.perform(.recover, in: &context)
        guard case .recovered = event else { throw TestFailure("not recovered: \(event)") }
    }

    /// Applies what waits, until the rebuild goes on.
    private func apply(_ worker: PartitionWorker, _ context: inout PipelineContext) throws {
        for _ in 0..<10 {
            switch worker.perform(.apply, in: &context) {
            case .applied: continue
            case .interrupted: return
            case let event: throw TestFailure("not applied: \(event)")
            }
        }
        throw TestFailure("the rebuild does not go on")
    }

    @Test func `Entries are applied between any two parts of a rebuild`() throws {
        try addExperiments(150)
        let worker = try makeWorker()
        var context = try makeContext(worker)
        defer { context.prefetcher.stop() }
        server.cli("XADD", keyspace.control, "*", "event", "rebuild")
        guard case .acquired = worker.perform(.acquire, in: &context) else { throw TestFailure("not acquired") }
        var epoch = 1
        try addRow(epoch)
        try recover(worker, &context)
        #expect(worker.rebuild != nil)
        while worker.rebuild != nil, epoch < 200 {
            let before = try fixture.consumed()
            try apply(worker, &context)
            #expect(try fixture.consumed() == before + 1)
            epoch += 1
            try addRow(epoch)
            try recover(worker, &context)
        }
        #expect(epoch > 8 && epoch < 200)
        #expect(rankedCount() == 151)
        #expect(server.cli("XLEN", keyspace.control) == "0")
    }

    @Test func `A restart of Redis between two parts of a rebuild leaves out no experiment`() throws {
        try addExperiments(400)
        let worker = try makeWorker(isDraining: true)
        do {
            var context = try makeContext(worker)
            defer { context.prefetcher.stop() }
            server.cli("XADD", keyspace.control, "*", "event", "rebuild")
            guard case .acquired = worker.perform(.acquire, in: &context) else { throw TestFailure("not acquired") }
            for epoch in 1...12 {
                try addRow(epoch)
                try recover(worker, &context)
                try apply(worker, &context)
            }
            try addRow(13)
            try recover(worker, &context)
            #expect(worker.rebuild != nil)
            #expect((1...300).contains(rankedCount()))
        }
        // The cursor of SCAN belongs to the process: another one has the keys in another order.
        try server.restart()
        // The last entry of the stream now.
        worker.goal = nil
        #expect(worker.run() == .done)
        #expect(rankedCount() == 401)
        #expect(server.cli("ZCARD", keyspace.experiments(of: battery)) == "401")
    }

    @Test func `A rebuild that always ends at the same error is given up, and entries are applied`() throws {
        server.cli("ZADD", keyspace.rank(of: battery, by: "valid"), "1", "gone-1")
        server.cli("ACL", "SETUSER", "default", "-zrem")
        let worker = try makeWorker()
        var context = try makeContext(worker)
        defer { context.prefetcher.stop() }
        let command = server.cli("XADD", keyspace.control, "*", "event", "rebuild")
        guard case .acquired = worker.perform(.acquire, in: &context) else { throw TestFailure("not acquired") }
        for attempt in 1...RebuildAttempts.limit {
            guard case .failed(let error) = worker.perform(.recover, in: &context) else {
                throw TestFailure("attempt \(attempt) has not failed")
            }
            #expect(error.code == .noPermission)
        }
        try addRow(1)
        try recover(worker, &context)
        let text = try #require(try fixture.metric(IngestField.rebuilt))
        #expect(RebuildSummary(text: text, of: StreamID(command)!)?[.errors] == 1)
        #expect(try fixture.metric(IngestField.control) == command)
        let before = try fixture.consumed()
        for _ in 0..<3 { _ = worker.perform(.apply, in: &context) }
        #expect(try fixture.consumed() == before + 1)
    }

    @Test func `Only attempts that end at one error and get no further are counted`() throws {
        let logger = RateLimitedLogger(IngestFixture.silentLogger)
        let id = StreamID(milliseconds: 5, sequence: 0)
        let rebuild = Rebuild(id, of: nil, in: keyspace, logger: logger, isShutdownRequested: { false })
        var attempts = RebuildAttempts()
        for _ in 0..<20 {
            attempts.record(rebuild, endedAt: RedisError(.loading, "loading"))
            attempts.record(rebuild, endedAt: RedisError(.connection, "closed"))
            attempts.record(rebuild, endedAt: RedisError(.noPermission, "denied"))
        }
        #expect(attempts.lastError(of: id) == nil)
        for _ in 1..<RebuildAttempts.limit { attempts.record(rebuild, endedAt: RedisError(.noPermission, "denied")) }
        #expect(attempts.lastError(of: id) == "denied")
        #expect(attempts.lastError(of: id.next) == nil)
    }
}
