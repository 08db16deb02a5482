import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import Synchronization
import TestSupport
import Testing

@testable import HyperoIngest

/// The end of an ingest, whatever it is doing.
@Suite struct ShutdownTests {
    /// A clock that a test sets.
    private final class Clock: Sendable {
        private let time = Atomic<Int64>(0)

        var now: MonotonicTime { MonotonicTime(nanoseconds: time.load(ordering: .relaxed)) }

        func advance(by duration: Duration) {
            time.add(Int64(duration / .nanoseconds(1)), ordering: .relaxed)
        }
    }

    @Test func `A wait for the outcome of a transaction ends within a second after the request to shut down`() {
        let clock = Clock()
        let shutdown = ShutdownFlag(now: { clock.now })
        let shield = CancellationShield(shutdown)
        shield.isShielded = true
        clock.advance(by: .seconds(100))
        #expect(shield.shouldContinue)
        shutdown.request()
        #expect(shield.shouldContinue)
        clock.advance(by: ShutdownFlag.grace - .nanoseconds(1))
        // A second request does not extend the time.
        shutdown.request()
        #expect(shield.shouldContinue)
        clock.advance(by: .nanoseconds(1))
        #expect(!shield.shouldContinue)
        #expect(ShutdownFlag.grace < .seconds(1))
        shield.isShielded = false
        #expect(!shield.shouldContinue)
    }

    @Test func `An ingest whose transaction Redis does not answer ends on SIGTERM while Redis still does not answer`()
        throws
    {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest(lease: "60")
        #expect(eventually { fixture.server.cli("EXISTS", fixture.keyspace.lease) == "1" })
        #expect(eventually { ingest.stderr.contains("starting with the first entry") })
        fixture.server.suspend()
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        fixture.server.resume()
    }

    /// A pipeline that resumes at the beginning of the stream, with everything that it uses.
    private struct Bench: ~Copyable {
        var pipeline: Pipeline
        var context: PipelineContext
    }

    private func bench(
        _ fixture: IngestFixture, shutdown: ShutdownFlag, renewalInterval: Duration?
    ) throws -> Bench {
        let url = try RedisURL(fixture.server.url)
        let lease = Lease(keyspace: fixture.keyspace, owner: "test", duration: .seconds(60))
        var connection = try fixture.connect()
        #expect(try lease.acquire(over: &connection))
        _ = try connection.call("WATCH", fixture.keyspace.lease, fixture.keyspace.ingest)
        let logger = RateLimitedLogger(IngestFixture.silentLogger)
        let reader = CheckpointReader(keyspace: fixture.keyspace, owner: "test", logger: logger)
        let checkpoint = try reader.checkpoint(after: nil, over: &connection)
        let fence = Fence(
            lease: lease, since: .now, writtenCursor: checkpoint.cursor, renewalInterval: renewalInterval)
        let context = PipelineContext(
            connection: connection, prefetcher: Prefetcher(url, keyspace: fixture.keyspace),
            trimPlan: TrimPlan(retain: 0), pendingDeadLetters: PendingDeadLetters(),
            isOutcomeKnown: false, shield: CancellationShield(shutdown), logger: logger)
        return Bench(
            pipeline: try Pipeline(resumingAt: checkpoint, fence: fence, goal: .highest), context: context)
    }

    /// Adds an experiment with a long curve whose best row, the last one, gets worse by the next entry of the stream.
    private func addLongCurve(_ fixture: IngestFixture, epochs: Int) throws {
        let id = ExperimentID("e-1")!
        var connection = try fixture.connect()
        for start in stride(from: 1, through: epochs, by: 5_000) {
            var writer = RESPWriter()
            writer.begin(arguments: 2 + 2 * min(5_000, epochs - start + 1))
            writer.add("HSET" as StaticString)
            writer.add(fixture.keyspace.curve(of: id))
            for epoch in start...min(start + 4_999, epochs) {
                writer.add(epoch)
                writer.add("valid=\(epoch) test=\(-epoch)")
            }
            try connection.send(writer)
            _ = try connection.receive()
        }
        _ = try connection.call(
            "HSET", fixture.keyspace.experiment(id), "battery", "b", "status", "running", "started", "1", "updated",
            "1",
            "epochs", "\(epochs)", "max.epoch", "\(epochs)", "max.source", "curve", "max.valid", "\(epochs)",
            "max.test",
            "\(-epochs)")
        _ = try connection.call(
            "HSET", fixture.keyspace.battery(BatteryID("b")!), "name", "B", "objective", "valid", "direction", "max")
        try fixture.add([
            Event(
                experiment: id, battery: BatteryID("b")!, time: 5,
                body: .epoch(epochs, [CurveRow.Cell("valid", Number(0))]))
        ])
    }

    private func calls(_ command: String, _ fixture: IngestFixture) -> Int {
        let lines = fixture.server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
        let line = lines.first { $0.hasPrefix("cmdstat_\(command):calls=") } ?? ""
        return Int(line.dropFirst("cmdstat_\(command):calls=".count).prefix { $0.isNumber }) ?? 0
    }

    @Test func `A read of a long curve ends after one part when a shutdown is requested, and the lease is released`()
        throws
    {
        let fixture = try IngestFixture()
        try addLongCurve(fixture, epochs: 50_000)
        let shutdown = ShutdownFlag()
        var bench = try bench(fixture, shutdown: shutdown, renewalInterval: nil)
        shutdown.request()
        var lookup = StateLookup(
            batch: batch(), missing: missing(), state: PriorState(producers: [], batteries: [nil], experiments: [nil]))
        let result = try bench.pipeline.readCurves(&lookup, in: &bench.context)
        #expect({ if case .applied? = result { true } else { false } }())
        #expect(calls("hscan", fixture) == 1)
        bench.context.prefetcher.stop()
    }

    @Test func `The lease is renewed while a long curve is read`() throws {
        let fixture = try IngestFixture()
        try addLongCurve(fixture, epochs: 50_000)
        var bench = try bench(fixture, shutdown: ShutdownFlag(), renewalInterval: .zero)
        let renewals = calls("watch", fixture)
        var lookup = StateLookup(
            batch: batch(), missing: missing(), state: PriorState(producers: [], batteries: [nil], experiments: [nil]))
        let result = try bench.pipeline.readCurves(&lookup, in: &bench.context)
        #expect(result == nil)
        #expect(lookup.state.objectives[0]?.count == 50_000)
        #expect(calls("hscan", fixture) > 10)
        // With an interval of zero, after each part.
        #expect(calls("watch", fixture) == renewals + calls("hscan", fixture))
        bench.context.prefetcher.stop()
    }

    @Test func `The maxima of a long curve whose best epoch gets worse are those of the next best`() throws {
        let fixture = try IngestFixture()
        try addLongCurve(fixture, epochs: 60_000)
        try fixture.drain()
        let experiment = fixture.keyspace.experiment(ExperimentID("e-1")!)
        #expect(fixture.server.cli("HMGET", experiment, "max.epoch", "max.valid", "max.test") == "59999\n59999\n-59999")
    }

    @Test func `A drain that a signal ends before all entries are applied exits with 1`() throws {
        let fixture = try IngestFixture()
        try fixture.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        fixture.server.cli("SET", fixture.keyspace.lease, "another ingest")
        let drain = try fixture.ingest("--drain")
        let name = "name=hypero-ingest"
        #expect(eventually { fixture.server.cli("CLIENT", "LIST").contains(name) })
        drain.terminate()
        #expect(drain.wait() == .exited(1))
        #expect(try fixture.consumed() == 0)
    }

    @Test func `An account without HSCAN reads a long curve at once`() throws {
        let fixture = try IngestFixture()
        try addLongCurve(fixture, epochs: 5_000)
        fixture.server.cli("ACL", "SETUSER", "ingest", "on", "nopass", "~*", "&*", "+@all", "-hscan")
        let url = fixture.server.url.replacing("unix://", with: "unix://ingest:x@")
        let outcome = try ChildProcess.run("hypero-ingest", ["--redis", url, "--drain"])
        #expect(outcome.succeeded, "\(outcome.stderr)")
        let experiment = fixture.keyspace.experiment(ExperimentID("e-1")!)
        #expect(fixture.server.cli("HMGET", experiment, "max.epoch", "max.test") == "4999\n-4999")
    }

    @Test func `A batch that needs many long curves is applied in parts`() throws {
        let fixture = try IngestFixture()
        var slots = PipelineSlots(
            resumingAt: FoldedBatch(resumingAt: StreamPosition(id: .zero, entries: 0)), mayHaveMore: true,
            in: fixture.keyspace)
        var batch = DecodedBatch()
        for (number, experiment) in ["a", "b", "a", "c", "b"].enumerated() {
            let event = Event(
                experiment: ExperimentID(experiment), battery: BatteryID("b")!, body: .start(Event.Start()))
            batch.append(StreamID(milliseconds: UInt64(number + 1), sequence: 0), event: .success(event))
        }
        slots.adopt(ReadBatch(batch: batch, mayHaveMore: false))
        slots.shortenPrefetched(beforeExperiment: 2)
        #expect(slots.prefetched?.batch.items.count == 3)
        #expect(slots.readPosition == StreamPosition(id: StreamID(milliseconds: 3, sequence: 0), entries: 3, read: 3))
        #expect(slots.mayHaveMore)
        slots.shortenPrefetched(beforeExperiment: 1)
        #expect(slots.readPosition.entries == 1)
    }

    private func batch() -> DecodedBatch {
        var batch = DecodedBatch()
        let event = Event(
            experiment: ExperimentID("e-1")!, battery: BatteryID("b")!, time: 5,
            body: .epoch(1, [CurveRow.Cell("valid", Number(0))]))
        batch.append(StreamID(milliseconds: 1, sequence: 0), event: .success(event))
        return batch
    }

    private func missing() -> MissingState {
        var missing = MissingState()
        missing.wholeCurves[0] = BatteryState.Objective(channel: "valid", direction: .max)
        return missing
    }

    @Test(arguments: [false, true])
    func `A partition that is to end before its first connection opens none`(isDraining: Bool) throws {
        let connections = Atomic<Int>(0)
        let server = try FakeServer { connection in
            connections.add(1, ordering: .relaxed)
            while connection.command() != nil { connection.send("+OK\r\n") }
        }
        var settings = IngestSettings(redis: try RedisURL(server.url))
        settings.isDraining = isDraining
        let shutdown = ShutdownFlag()
        shutdown.request()
        let worker = PartitionWorker(
            settings, keyspace: try Keyspace.all()[0], logger: Logger(label: "test"), shutdown: shutdown)
        #expect(worker.run() == (isDraining ? .interrupted : .done))
        #expect(connections.load(ordering: .relaxed) == 0)
    }
}
