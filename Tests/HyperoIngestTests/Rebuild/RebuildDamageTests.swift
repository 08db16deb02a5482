import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import Synchronization
import TestSupport
import Testing

@testable import HyperoIngest

/// Keys that other clients have made too large, have removed, or write to while a rebuild works.
@Suite struct RebuildDamageTests {
    private let fixture: IngestFixture
    private let battery = EventSequence.battery
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try IngestFixture()
        try fixture.add(EventSequence.training(by: "p", experiments: 4, epochs: 3))
        try fixture.drain()
    }

    private func rebuild(isShutdownRequested: @escaping () -> Bool = { false }) -> Rebuild {
        Rebuild(
            StreamID(milliseconds: 1, sequence: 0), of: nil, in: keyspace,
            logger: RateLimitedLogger(IngestFixture.silentLogger),
            isShutdownRequested: isShutdownRequested)
    }

    private func experiment(_ number: Int) -> String { keyspace.experiment(ExperimentID("p-\(number)")!) }

    @Test func `Values that are too large are errors of the rebuild, and everything else is derived`() throws {
        let rank = keyspace.rank(of: battery, by: "valid")
        server.cli("DEL", keyspace.rank(of: battery, by: "test"))
        // A hash that is read as a whole and by its fields, a hash of which fields are read, and members of each list.
        let (large, tooLargeForFields) = ("34e6", "2e6")
        for (command, arguments, size) in [
            ("HSET", [experiment(1), "max.valid"], large), ("ZADD", [keyspace.batteries, "1"], large),
            ("HSET", [keyspace.battery(battery), "direction"], tooLargeForFields),
            ("ZADD", [keyspace.experiments(of: battery), "1"], tooLargeForFields),
            ("ZADD", [rank, "1"], tooLargeForFields),
            ("ZADD", [keyspace.columns(of: battery), "1"], tooLargeForFields),
            ("HSET", [keyspace.ingest, "rebuilt"], tooLargeForFields),
        ] {
            let script = "return redis.call(ARGV[1], KEYS[1], ARGV[2], string.rep('x', tonumber(ARGV[3])))"
            let reply = server.cli("EVAL", script, "1", arguments[0], command, arguments[1], size)
            try #require(Int(reply) != nil, "\(reply)")
        }
        let script = "return redis.call('SET', KEYS[1] .. string.rep('x', 2e6), '')"
        try #require(server.cli("EVAL", script, "1", keyspace.experimentPrefix) == "OK")

        var connection = try fixture.connect()
        var fence = try fixture.makeFence(over: &connection)
        var current = rebuild()
        let step = try current.run(until: .now + .seconds(60), fence: &fence, over: &connection)
        #expect(step == .done)
        // The hash of the experiment twice, as one and as a member of the ranking, the battery, and its three lists.
        #expect(current.summary[.errors] == 6)
        #expect(current.summary[.experiments] == 3)
        #expect(server.cli("ZCARD", keyspace.rank(of: battery, by: "test")) == "3")
        #expect(server.cli("ZSCORE", rank, "p-1") != "")
    }

    @Test func `Writes of another client to the hash of the ingest neither end nor repeat a rebuild`() throws {
        let before = try fixture.indexes()
        server.cli("DEL", keyspace.batteries, keyspace.experiments(of: battery))
        server.cli("DEL", keyspace.rank(of: battery, by: "valid"))
        var connection = try fixture.connect()
        var fence = try fixture.makeFence(over: &connection)
        var current = rebuild()
        var step = Rebuild.Step.paused
        for _ in 0..<50 where step == .paused {
            // After the WATCH, so that the next transaction is aborted.
            server.cli("HINCRBY", keyspace.ingest, IngestField.requeued, "1")
            step = try current.run(until: .now, fence: &fence, over: &connection)
        }
        #expect(step == .done)
        #expect(current.summary[.experiments] == 4)
        #expect(try fixture.indexes() == before)
    }

    @Test func `An experiment that is removed while it is corrected does not come back as half a hash`() throws {
        // A call of the closure is between any two steps of the work.
        for cut in 1...8 {
            server.cli("HSET", experiment(2), "max.valid", "9")
            let (server, key) = (server, experiment(2))
            let calls = Mutex(0)
            var connection = try fixture.connect()
            var fence = try fixture.makeFence(over: &connection)
            var current = rebuild {
                let isCut = calls.withLock {
                    $0 += 1; return $0 == cut
                }
                if isCut { server.cli("DEL", key) }
                return false
            }
            let step = try current.run(until: .now + .seconds(60), fence: &fence, over: &connection)
            #expect(step == .done)
            guard server.cli("EXISTS", key) == "1" else { continue }
            #expect(
                server.cli("HGET", key, "battery") != ""
                    || current.vanished == [.experiment(ExperimentID("p-2")!, battery)], "cut \(cut)")
        }
        #expect(server.cli("HGET", experiment(1), "battery") == battery.text)
    }

    @Test(arguments: [
        (["HSET", "started", "text"], true), (["HDEL", "started"], true), (["HSET", "started", ""], false),
    ])
    func `The time of the first event is that of the list, else that of the latest event`(
        command: [String], isListed: Bool
    ) throws {
        let list = keyspace.experiments(of: battery)
        let time = server.cli("HGET", experiment(1), isListed ? "started" : "updated")
        server.cli([command[0], experiment(1)] + command.dropFirst())
        if !isListed { server.cli("ZREM", list, "p-1") }
        var connection = try fixture.connect()
        var fence = try fixture.makeFence(over: &connection)
        var current = rebuild()
        let step = try current.run(until: .now + .seconds(60), fence: &fence, over: &connection)
        #expect(step == .done)
        #expect(current.summary[.errors] == 0 && current.summary[.values] == 1)
        #expect(server.cli("HGET", experiment(1), "started") == time)
        #expect(server.cli("ZSCORE", list, "p-1") == time)
    }

    @Test func `An experiment without any time is an error`() throws {
        server.cli("HDEL", experiment(1), "started", "updated")
        server.cli("DEL", keyspace.experiments(of: battery))
        var connection = try fixture.connect()
        var fence = try fixture.makeFence(over: &connection)
        var current = rebuild()
        let step = try current.run(until: .now + .seconds(60), fence: &fence, over: &connection)
        #expect(step == .done)
        #expect(current.summary[.errors] == 1)
        #expect(server.cli("ZCARD", keyspace.experiments(of: battery)) == "3")
    }
}
