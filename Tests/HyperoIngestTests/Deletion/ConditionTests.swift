import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Commands with a condition, as a rule writes them.
@Suite struct ConditionTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }
    private let future = String(WallClock.milliseconds + 3_600_000)

    init() throws {
        fixture = try DeletionFixture()
    }

    private func train(epochs: Int = 2) throws {
        try fixture.ingest.add([
            EventSequence.declaration,
            Event(experiment: fixture.experiment, battery: EventSequence.battery, body: .start(Event.Start())),
            Event(
                experiment: fixture.experiment, battery: EventSequence.battery,
                body: .curve(first: 1, [Event.Series("valid", (1...epochs).map { Number(Double($0)) })])),
        ])
        try fixture.ingest.drain()
    }

    private var stamp: String {
        let alive = server.cli("HGET", keyspace.producer(ProducerID("p")!), "time")
        let values = server.cli("HMGET", keyspace.experiment(fixture.experiment), "status", "since", "updated")
            .split(separator: "\n").map(String.init)
        return ControlCondition.stamp(
            status: values[0], since: values[1], updated: values[2],
            alive: alive.isEmpty ? nil : alive)
    }

    private var exists: Bool { server.cli("EXISTS", keyspace.experiment(fixture.experiment)) == "1" }

    private func deletion(_ condition: ControlCondition?, isShutdownRequested: @escaping () -> Bool = { false })
        -> Deletion
    {
        var deletion = Deletion(
            keyspace: keyspace, logger: RateLimitedLogger(IngestFixture.silentLogger),
            clock: Int64(clamping: WallClock.milliseconds), fields: [], isShutdownRequested: isShutdownRequested)
        deletion.condition = condition
        return deletion
    }

    @Test func `Commands that have expired are passed over and counted, and later ones are carried out`() throws {
        try train()
        for _ in 0..<3 { fixture.command("event", "delete", "experiment", "p-1", "until", "1") }
        fixture.command("event", "thin", "experiment", "p-1", "until", "1", "seen", stamp)
        let last = fixture.command("event", "delete", "experiment", "p-2", "until", future)
        let drained = try fixture.ingest.drain()
        #expect(exists && server.cli("HEXISTS", keyspace.experiment(fixture.experiment), "thinned") == "0")
        #expect(try fixture.ingest.metric(IngestField.control) == last)
        #expect(try fixture.ingest.metric(IngestField.expired) == "4")
        #expect(fixture.score(keyspace.deleted, "p-2") != "")
        #expect(server.cli("XLEN", keyspace.control) == "0")
        #expect(
            drained.stderr.split(separator: "\n").filter { $0.contains("passed over 4 commands of {hypero}:control") }
                .count
                == 1, "\(drained.stderr)")
    }

    @Test(arguments: [
        ("start", true, true), ("start", false, true), ("other", true, false), ("none", true, false),
    ])
    func `A command is carried out after the entries that wait, unless its experiment has started again`(
        event: String, isBefore: Bool, stays: Bool
    ) throws {
        try train()
        let seen = stamp
        let add = {
            let experiment = event == "start" ? "p-1" : "p-9"
            guard event != "none" else { return }
            server.cli(
                "XADD", keyspace.events, "*", "event", "start", "experiment", experiment, "battery",
                EventSequence.battery.text)
        }
        if isBefore { add() }
        fixture.command("event", "delete", "experiment", "p-1", "until", future, "seen", seen)
        if !isBefore { add() }
        try fixture.ingest.drain()
        #expect(exists == stays)
        #expect(try fixture.ingest.metric(IngestField.expired) == (stays ? "1" : nil))
    }

    @Test func `Entries that precede a command are applied first, also after another command had to wait`() throws {
        try train()
        let worker = PartitionWorker(
            IngestSettings(redis: try RedisURL(server.url)), keyspace: keyspace, logger: IngestFixture.silentLogger,
            shutdown: ShutdownFlag())
        var context = PipelineContext(
            connection: try fixture.ingest.connect(),
            prefetcher: Prefetcher(worker.settings.redis, keyspace: keyspace), trimPlan: TrimPlan(retain: 100),
            pendingDeadLetters: PendingDeadLetters(), isOutcomeKnown: false, shield: worker.shield,
            logger: worker.limitedLogger)
        let fence = try fixture.ingest.makeFence(over: &context.connection)
        let start = try #require(
            StreamID(
                server.cli(
                    "XADD", keyspace.events, "*", "event", "start", "experiment", "p-1", "battery",
                    EventSequence.battery.text)))
        func isCarriedOut(_ id: StreamID?) throws -> Bool {
            let entry = ControlReader.Entry(
                id: try #require(id),
                fields: [("event", "delete"), ("experiment", "p-1"), ("until", future)])
            if case .carryOut = try worker.decision(on: entry, fence: fence, in: &context) { return true }
            return false
        }
        #expect(try !isCarriedOut(start.next))
        worker.awaited = (fence.writtenCursor, .zero)
        #expect(try isCarriedOut(start.previous))
        #expect(try !isCarriedOut(start.next))
        // All that waited at the first look at this command is applied.
        worker.awaited = (fence.writtenCursor, start.next)
        #expect(try isCarriedOut(start.next))
    }

    @Test(arguments: [true, false])
    func `An experiment that a rule has selected as lost stays after a sign of life of its producer`(
        lives: Bool
    ) throws {
        try train()
        let now = WallClock.milliseconds
        func alive(at time: Int64) throws {
            server.cli("XADD", keyspace.events, "*", "event", "alive", "producer", "p", "time", String(time))
            try fixture.ingest.drain()
        }
        let hash = keyspace.experiment(fixture.experiment)
        server.cli("HSET", hash, "updated", String(now - 3_600_000))
        server.cli("HSET", keyspace.producer(ProducerID("p")!), "time", String(now - 3_500_000))
        let deleter = try Deleter(IngestSettings(redis: try RedisURL(server.url)))
        func state() throws -> ExperimentStamp { try deleter.states(of: [fixture.experiment], in: keyspace)[0] }
        let seen = try state()
        #expect(!seen.lives(at: Int64(now)))
        if lives {
            try alive(at: Int64(now))
            let current = try state()
            #expect(current.lives(at: Int64(now)) && current.stamp != seen.stamp)
        }
        fixture.command("event", "delete", "experiment", "p-1", "until", future, "seen", seen.stamp)
        try fixture.ingest.drain()
        #expect(exists == lives)
    }

    @Test func `While entries arrive all the time, a command is carried out`() throws {
        try train()
        let ingest = try fixture.ingest.ingest()
        let (url, hash, stream) = (server.url, keyspace.experiment(fixture.experiment), keyspace.events)
        let thread = ThreadGroup(1) { _ in
            var connection = try RedisConnection.open(to: RedisURL(url), name: "test")
            let deadline = MonotonicTime.now + .seconds(60)
            while MonotonicTime.now < deadline {
                var writer = RESPWriter()
                for _ in 0..<20 { writer.command("XADD", stream, "*", "event", "alive", "producer", "q") }
                writer.command("EXISTS", hash)
                try connection.send(writer)
                for _ in 0..<20 { _ = try connection.receive() }
                var exists = try connection.receive()
                if try exists.integer() == 0 { return }
            }
        }
        let id = fixture.command("event", "delete", "experiment", "p-1", "until", future, "seen", stamp)
        fixture.waitForCommand(id)
        _ = try thread.results()
        #expect(!exists)
        #expect(ingest.isRunning)
    }

    @Test(arguments: [false, true])
    func `No key changes if the time of a command has passed or its sender has closed it since the WATCH`(
        isClosed: Bool
    ) throws {
        try train(epochs: 100)
        var connection = try fixture.ingest.connect()
        var fence = try fixture.ingest.makeFence(over: &connection)
        let condition = ControlCondition(until: isClosed ? Int64(future)! : 1, seen: nil)
        if isClosed { server.cli("HINCRBY", keyspace.ingest, IngestField.expired, "0") }
        let before = try fixture.indexes()
        for command in [ControlEvent.thinCurve(fixture.experiment, .rows(10)), .deleteExperiment(fixture.experiment)] {
            let isDone = try deletion(condition).run(
                command, id: StreamID(milliseconds: UInt64(WallClock.milliseconds), sequence: 0), fence: &fence,
                over: &connection)
            #expect(!isDone)
            #expect(try fixture.indexes() == before)
            if isClosed {
                fence = try fixture.ingest.makeFence(over: &connection)
                server.cli("HINCRBY", keyspace.ingest, IngestField.expired, "0")
            }
        }
    }

    @Test func `A thinning in parts that has begun is completed after its time`() throws {
        try train(epochs: 6_000)
        let curve = keyspace.curve(of: fixture.experiment)
        let id = fixture.command("event", "thin", "experiment", "p-1", "rows", "3000", "until", "1")
        do {
            var connection = try fixture.ingest.connect()
            var fence = try fixture.ingest.makeFence(over: &connection)
            let condition = ControlCondition(until: Int64(future)!, seen: nil)
            // A shutdown after the first part.
            let isDone = try deletion(condition) { server.cli("HLEN", curve) != "6000" }.run(
                .thinCurve(fixture.experiment, .rows(3_000)), id: StreamID(id)!, fence: &fence, over: &connection)
            #expect(!isDone)
        }
        #expect(server.cli("HLEN", curve) == "3952")
        #expect(try fixture.ingest.metric(IngestField.begun) == id)
        server.cli("DEL", keyspace.lease)
        try fixture.ingest.drain()
        #expect(server.cli("HLEN", curve) == "3000")
        #expect(try fixture.ingest.metric(IngestField.expired) == nil)
    }

    @Test func `The runs of commands that were passed over are the same after they were written and read`() {
        let id = { (number: UInt64) in StreamID(milliseconds: number, sequence: 1) }
        var runs = PassedRuns()
        for number in 1...UInt64(PassedRuns.maxRuns + 5) {
            _ = runs.add(id(10 * number)...id(10 * number + 4), removingBefore: id(30))
        }
        let read = PassedRuns(runs.description + " malformed 5-1/4-1")
        #expect(read.runs == runs.runs && runs.runs.count == PassedRuns.maxRuns)
        #expect(read.contains(id(62)) && !read.contains(id(65)) && !read.contains(id(12)))
        // None is forgotten, unless its commands are archived.
        #expect(read.contains(id(32)) && !runs.add(id(1 << 40)...id(1 << 40), removingBefore: id(30)))
        let isAdded = runs.add(id(1 << 40)...id(1 << 40), removingBefore: id(40))
        #expect(isAdded && runs.contains(id(1 << 40)))
    }
}
