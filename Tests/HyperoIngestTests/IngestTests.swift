import HyperoSchema
import TestSupport
import Testing

@Suite struct IngestTests {
    @Test func `Entries of any client become the documented hashes and sorted sets`() throws {
        let fixture = try IngestFixture()
        let events = fixture.keyspace.events
        let common = ["experiment", "e-1", "battery", "b"]
        func time(_ offset: Int) -> String { String(1_700_000_000_000 + offset) }
        for fields in [
            ["event", "battery", "battery", "b", "name", "B", "version", "2", "description", "d", "time", time(10)],
            ["event", "param"] + common + ["time", time(20), "param.lr", "0.01"],
            ["event", "epoch"] + common + ["time", time(30), "epoch", "1", "curve.train", "0.5", "curve.valid", "0.4"],
            ["event", "epoch"] + common + ["time", time(40), "epoch", "2", "curve.train", "0.6", "curve.valid", "0.3"],
            ["event", "end"] + common + ["time", time(50), "status", "done"],
        ] {
            fixture.server.cli(["XADD", events, "*"] + fields)
        }
        try fixture.drain()
        #expect(
            try fixture.indexes() == [
                ":batteries": ["b": time(10)],
                ":battery:b": [
                    "name": "B", "version": "2", "description": "d", "objective": "valid", "direction": "max",
                    "created": time(10), "updated": time(50),
                ],
                ":battery:b:experiments": ["e-1": time(20)],
                ":battery:b:rank:train": ["e-1": "0.5"],
                ":battery:b:rank:valid": ["e-1": "0.40000000000000002"],
                ":battery:b:columns": [
                    "param.lr": time(20), "max.train": time(30), "max.valid": time(30), "curve.train": time(30),
                    "curve.valid": time(30),
                ],
                ":experiment:e-1": [
                    "battery": "b", "status": "done", "since": time(50), "started": time(20), "updated": time(50),
                    "epochs": "2",
                    "param.lr": "0.01", "max.train": "0.5", "max.valid": "0.4", "max.epoch": "1",
                    "max.source": "curve",
                ],
                ":experiment:e-1:curve": ["1": "train=0.5 valid=0.4", "2": "train=0.6 valid=0.3"],
            ])
        #expect(try fixture.metric("applied") == "5")
        #expect(try fixture.metric("cursor") != nil)
        #expect(fixture.server.cli("EXISTS", fixture.keyspace.lease) == "0")
    }

    @Test func `Entries that cannot be applied become complete dead letters, and their neighbours are applied`() throws
    {
        let fixture = try IngestFixture()
        try fixture.add([EventSequence.declaration])
        let poison = fixture.server.cli(
            ["XADD", fixture.keyspace.events, "*", "event", "epoch", "experiment", "e", "battery", "b", "x", "1"])
        fixture.server.cli(["XADD", fixture.keyspace.events, "*", "event", "surprise", "note", "a\u{1}b"])
        fixture.server.cli("SET", fixture.keyspace.experiment(ExperimentID("wrong-1")!), "a string")
        try fixture.add(EventSequence.training(by: "wrong", experiments: 1, epochs: 1))
        try fixture.add(EventSequence.training(by: "good", experiments: 1, epochs: 2))
        try fixture.drain()
        let dead = fixture.server.cli("XRANGE", fixture.keyspace.dead, "-", "+").split(separator: "\n").map(String.init)
        #expect(dead.contains("dead.reason"))
        #expect(dead.contains("the field 'epoch' is missing: it is required in an event 'epoch'"))
        #expect(dead.contains(poison))
        #expect(
            dead.contains {
                $0.contains(
                    "the field 'event' must be one of battery, start, param, meta, epoch, curve, maxima, end, alive, search, "
                        + "claim, enqueue, not 'surprise'"
                )
            })
        #expect(dead.contains { $0.contains("WRONGTYPE") })
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "7")
        #expect(try fixture.metric("dead") == "7")
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("good-1")!), "epochs") == "2")
    }

    @Test func `A transaction that fails in part loses no entry folded or read after it`() throws {
        let events = (0..<8).flatMap { EventSequence.training(by: "p\($0)", experiments: 20, epochs: 6) }
        let expected = try IngestFixture()
        try expected.add(events)
        try expected.drain()

        let fixture = try IngestFixture()
        let ranking = fixture.keyspace.rank(of: EventSequence.battery, by: "test")
        fixture.server.cli("SET", ranking, "of another type")
        try fixture.add(events)
        try fixture.drain()
        let dead = Int(try fixture.metric("dead") ?? "") ?? 0
        // At least one per experiment, in many batches of the backlog.
        #expect(dead >= 160)
        #expect(try fixture.metric("applied") == String(events.count - dead))
        #expect(try fixture.metric("duplicates") == nil)

        fixture.server.cli("DEL", ranking)
        #expect(try ChildProcess.run("hypero-ingest", ["requeue", "--redis", fixture.server.url, "--all"]).succeeded)
        try fixture.drain()
        #expect(try fixture.metric("applied") == String(events.count))
        var indexes = try fixture.indexes()
        var counted = 0
        for (key, fields) in indexes where key.hasPrefix(":producer:") {
            counted += Int(fields[ProducerField.dead] ?? "0") ?? 0
            indexes[key]?[ProducerField.dead] = nil
        }
        #expect(counted == dead)
        #expect(try indexes == expected.indexes())
    }

    @Test func `Entries that are sent again change nothing and are counted as duplicates`() throws {
        let fixture = try IngestFixture()
        let events = EventSequence.training(by: "p", experiments: 3, epochs: 5)
        try fixture.add(events)
        try fixture.drain()
        let before = try fixture.indexes()
        try fixture.add(events)
        try fixture.drain()
        #expect(try fixture.indexes() == before)
        #expect(try fixture.metric("duplicates") == String(events.count))
        #expect(try fixture.metric("applied") == String(events.count))
    }

    @Test func `Four partitions have the same indexes as one`() throws {
        let producers = ["a", "b", "c", "d", "e", "f"]
        let one = try IngestFixture()
        for producer in producers { try one.add(EventSequence.training(by: producer, experiments: 2, epochs: 3)) }
        try one.drain()
        let server = try RedisServer()
        let four = try (0..<4).map { try IngestFixture(partitions: 4, partition: $0, server: server) }
        for producer in producers {
            try four[Keyspace.partition(of: ProducerID(producer)!, among: 4)]
                .add(EventSequence.training(by: producer, experiments: 2, epochs: 3))
        }
        try four[0].drain("--partitions", "4")
        var merged: [String: [String: String]] = [:]
        for fixture in four {
            for (key, fields) in try fixture.indexes() { merged[key, default: [:]].merge(fields) { $1 } }
        }
        #expect(merged == (try one.indexes()))
    }

    @Test func `A drain of an empty stream ends at once, even if another ingest owns the partition`() throws {
        let fixture = try IngestFixture()
        #expect(try fixture.drain().succeeded)
        #expect(fixture.server.cli("KEYS", "*").isEmpty)
        fixture.server.cli("SET", fixture.keyspace.lease, "another ingest")
        #expect(try fixture.drain().succeeded)
    }

    @Test func `A drain that the server rejects exits with 1 and reports the error`() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("SET", fixture.keyspace.events, "no stream")
        let outcome = try ChildProcess.run("hypero-ingest", ["--redis", fixture.server.url, "--drain"])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("WRONGTYPE"))
    }

    @Test func `The stream is trimmed to the retained entries, and no unapplied entry is trimmed`() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest("--retain", "500")
        let events = EventSequence.training(by: "p", experiments: 10, epochs: 100)
        try fixture.add(events)
        #expect(try eventually { try fixture.consumed() == events.count })
        func length() -> Int { Int(fixture.server.cli("XLEN", fixture.keyspace.events)) ?? 0 }
        #expect(eventually { length() < 900 })
        #expect(length() >= 500)
        ingest.suspend()
        try fixture.add((0..<2_000).map { _ in EventSequence.declaration })
        ingest.resume()
        #expect(try eventually { try fixture.consumed() == events.count + 2_000 })
        #expect(ingest.isRunning)
    }

    @Test(arguments: [
        (["--partitions", "0"], "between 1 and 16384"), (["--namespace", "a b"], "1 to 64 characters of A-Z"),
        (["--retain=-1"], "write --retain 10000"), (["--redis", "db:6379"], "redis://127.0.0.1:6379"),
        (["--lease", "0"], "write --lease 5"),
    ])
    func `An invalid command line is rejected with a hint`(arguments: [String], hint: String) throws {
        let outcome = try ChildProcess.run("hypero-ingest", arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.contains(hint))
    }
}
