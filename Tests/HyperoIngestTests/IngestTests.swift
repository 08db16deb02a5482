import HyperoSchema
import TestSupport
import Testing

@Suite("hypero-ingest")
struct IngestTests {
    @Test("turns entries that anything wrote into the keys of the design")
    func keys() throws {
        let bench = try Bench()
        let events = bench.space.events
        let common = ["experiment", "e-1", "battery", "b"]
        for fields in [
            ["event", "battery", "battery", "b", "name", "B", "version", "2", "description", "d", "time", "10"],
            ["event", "param"] + common + ["time", "20", "param.lr", "0.01"],
            ["event", "epoch"] + common + ["time", "30", "epoch", "1", "curve.train", "0.5", "curve.valid", "0.4"],
            ["event", "epoch"] + common + ["time", "40", "epoch", "2", "curve.train", "0.6", "curve.valid", "0.3"],
            ["event", "end"] + common + ["time", "50", "status", "done"],
        ] {
            bench.server.cli(["XADD", events, "*"] + fields)
        }
        try bench.drain()
        #expect(
            try bench.indexes() == [
                ":batteries": ["b": "10"],
                ":battery:b": [
                    "name": "B", "version": "2", "description": "d", "objective": "valid", "direction": "max",
                    "created": "10", "updated": "50",
                ],
                ":battery:b:experiments": ["e-1": "20"],
                ":battery:b:rank:train": ["e-1": "0.5"],
                ":battery:b:rank:valid": ["e-1": "0.40000000000000002"],
                ":battery:b:columns": ["param.lr": "20", "max.train": "30", "max.valid": "30"],
                ":experiment:e-1": [
                    "battery": "b", "status": "done", "started": "20", "updated": "50", "epochs": "2",
                    "param.lr": "0.01", "max.train": "0.5", "max.valid": "0.4", "max.epoch": "1",
                    "max.source": "curve",
                ],
                ":experiment:e-1:curve": ["1": "train=0.5 valid=0.4", "2": "train=0.6 valid=0.3"],
            ])
        #expect(try bench.metric("applied") == "5")
        #expect(try bench.metric("cursor") != nil)
        #expect(bench.server.cli("EXISTS", bench.space.lease) == "0")
    }

    @Test("sends what it cannot apply to the dead letters, whole, and applies the neighbours")
    func poison() throws {
        let bench = try Bench()
        try bench.add([EventSequence.declaration])
        let poison = bench.server.cli(
            ["XADD", bench.space.events, "*", "event", "epoch", "experiment", "e", "battery", "b", "x", "1"])
        bench.server.cli(["XADD", bench.space.events, "*", "event", "surprise", "note", "a\u{1}b"])
        bench.server.cli("SET", bench.space.experiment(ExperimentID("wrong-1")!), "a string")
        try bench.add(EventSequence.training(by: "wrong", experiments: 1, epochs: 1))
        try bench.add(EventSequence.training(by: "good", experiments: 1, epochs: 2))
        try bench.drain()
        let dead = bench.server.cli("XRANGE", bench.space.dead, "-", "+").split(separator: "\n").map(String.init)
        #expect(dead.contains("dead.reason"))
        #expect(dead.contains("the field 'epoch' is missing: it is required in an event 'epoch'"))
        #expect(dead.contains(poison))
        #expect(
            dead.contains {
                $0.contains(
                    "the field 'event' must be one of battery, start, param, meta, epoch, curve, maxima, end, not 'surprise'"
                )
            })
        #expect(dead.contains { $0.contains("WRONGTYPE") })
        #expect(bench.server.cli("XLEN", bench.space.dead) == "7")
        #expect(try bench.metric("dead") == "7")
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("good-1")!), "epochs") == "2")
    }

    @Test("Transactions of a backlog that fail in part take nothing of what is folded and read behind them")
    func failuresInBacklog() throws {
        let events = (0..<8).flatMap { EventSequence.training(by: "p\($0)", experiments: 20, epochs: 6) }
        let spared = try Bench()
        try spared.add(events)
        try spared.drain()

        let bench = try Bench()
        let ranking = bench.space.rank(of: EventSequence.battery, by: "test")
        bench.server.cli("SET", ranking, "of another type")
        try bench.add(events)
        try bench.drain()
        let dead = Int(try bench.metric("dead") ?? "") ?? 0
        // Of each experiment at least, all over the backlog.
        #expect(dead >= 160)
        #expect(try bench.metric("applied") == String(events.count - dead))
        #expect(try bench.metric("duplicates") == nil)

        bench.server.cli("DEL", ranking)
        #expect(try ChildProcess.run("hypero-ingest", ["requeue", "--redis", bench.server.url, "--all"]).succeeded)
        try bench.drain()
        #expect(try bench.metric("applied") == String(events.count))
        #expect(try bench.indexes() == spared.indexes())
    }

    @Test("changes nothing when the same entries come again, and counts them")
    func again() throws {
        let bench = try Bench()
        let events = EventSequence.training(by: "p", experiments: 3, epochs: 5)
        try bench.add(events)
        try bench.drain()
        let before = try bench.indexes()
        try bench.add(events)
        try bench.drain()
        #expect(try bench.indexes() == before)
        #expect(try bench.metric("duplicates") == String(events.count))
        #expect(try bench.metric("applied") == String(events.count))
    }

    @Test("gives the same answers with four partitions as with one")
    func partitions() throws {
        let producers = ["a", "b", "c", "d", "e", "f"]
        let one = try Bench()
        for producer in producers { try one.add(EventSequence.training(by: producer, experiments: 2, epochs: 3)) }
        try one.drain()
        let server = try RedisServer()
        let four = try (0..<4).map { try Bench(partitions: 4, partition: $0, server: server) }
        for producer in producers {
            try four[Keyspace.partition(of: ProducerID(producer)!, among: 4)]
                .add(EventSequence.training(by: producer, experiments: 2, epochs: 3))
        }
        try four[0].drain("--partitions", "4")
        var merged: [String: [String: String]] = [:]
        for bench in four {
            for (key, fields) in try bench.indexes() { merged[key, default: [:]].merge(fields) { $1 } }
        }
        #expect(merged == (try one.indexes()))
    }

    @Test("is done with an empty stream at once, also when another ingest owns it")
    func drainOfNothing() throws {
        let bench = try Bench()
        #expect(try bench.drain().succeeded)
        #expect(bench.server.cli("KEYS", "*").isEmpty)
        bench.server.cli("SET", bench.space.lease, "somebody")
        #expect(try bench.drain().succeeded)
    }

    @Test("ends a drain that the server refuses with 1 and says why")
    func refusedDrain() throws {
        let bench = try Bench()
        bench.server.cli("SET", bench.space.events, "no stream")
        let outcome = try ChildProcess.run("hypero-ingest", ["--redis", bench.server.url, "--drain"])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("WRONGTYPE"))
    }

    @Test("keeps the entries it is told to keep, and trims none that is not applied")
    func trims() throws {
        let bench = try Bench()
        let ingest = try bench.ingest("--retain", "500")
        let events = EventSequence.training(by: "p", experiments: 10, epochs: 100)
        try bench.add(events)
        #expect(try eventually { try bench.consumed() == events.count })
        func length() -> Int { Int(bench.server.cli("XLEN", bench.space.events)) ?? 0 }
        #expect(eventually { length() < 900 })
        #expect(length() >= 500)
        ingest.suspend()
        try bench.add((0..<2_000).map { _ in EventSequence.declaration })
        ingest.resume()
        #expect(try eventually { try bench.consumed() == events.count + 2_000 })
        #expect(ingest.isRunning)
    }

    @Test(
        "says what to type when it does not understand the command line",
        arguments: [
            (["--partitions", "0"], "between 1 and 16384"), (["--namespace", "a b"], "1 to 64 characters of A-Z"),
            (["--retain=-1"], "write --retain 10000"), (["--redis", "db:6379"], "redis://127.0.0.1:6379"),
            (["--lease", "0"], "write --lease 5"),
        ])
    func usage(arguments: [String], hint: String) throws {
        let outcome = try ChildProcess.run("hypero-ingest", arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.contains(hint))
    }
}
