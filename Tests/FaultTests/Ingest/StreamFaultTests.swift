import HyperoQuery
import HyperoSchema
import TestSupport
import Testing

/// The stream is not as the ingest left it.
@Suite struct StreamFaultTests {
    @Test("stream trimmed ahead of the cursor: the gap is counted exactly, with numbers and without")
    func trimmed() throws {
        let bench = try IngestFixture()
        bench.declare()
        for epoch in 1...3 { bench.row(epoch, by: ("p", epoch)) }
        try bench.drain()
        for epoch in 4...9 { bench.row(epoch, by: ("p", epoch)) }
        for epoch in 10...13 { bench.row(epoch) }
        bench.server.cli("XTRIM", bench.space.events, "MAXLEN", "2")
        bench.row(14, by: ("p", 10))
        try bench.drain()
        #expect(bench.count(IngestField.missed) == 8)
        #expect(bench.count(IngestField.gaps) == 6)
        #expect(bench.count(IngestField.applied) == 7)
        try bench.drain()
        #expect(bench.count(IngestField.missed) == 8)
        #expect(try bench.statusSays("8 entries went from {hypero}:events unread"))
    }

    @Test("entries that somebody deletes from the middle of what waits are counted")
    func holes() throws {
        let bench = try IngestFixture()
        let ingest = try bench.ingest()
        bench.declare()
        bench.waitUntilConsumed(1)
        ingest.suspend()
        let ids = (1...300).map { bench.row($0) }
        bench.server.cli(["XDEL", bench.space.events] + ids[100..<120])
        bench.server.cli(["XDEL", bench.space.events] + ids[290..<300])
        ingest.resume()
        bench.waitUntilConsumed(271)
        #expect(eventually { bench.count(IngestField.missed) == 30 })
        // A stream that gets entries and loses them at once.
        for epoch in 1...5 { bench.server.cli(["XADD", bench.space.events, "MAXLEN", "0", "*", "event", "\(epoch)"]) }
        bench.row(301)
        bench.waitUntilConsumed(272)
        #expect(eventually { bench.count(IngestField.missed) == 35 }, "\(bench.count(IngestField.missed))")
        #expect(try bench.status().partitions[0].behind == 0)
    }

    @Test("a stream that was deleted, and comes again with lower ids, is read from its beginning")
    func recreated() throws {
        let bench = try IngestFixture()
        let ingest = try bench.ingest()
        bench.declare()
        for epoch in 1...3 { bench.row(epoch, by: ("p", epoch)) }
        bench.waitUntilConsumed(4)
        bench.server.cli("DEL", bench.space.events)
        let fields = ["event", "epoch", "experiment", "e-1", "battery", "b", "producer", "p", "epoch", "7"]
        bench.server.cli(["XADD", bench.space.events, "5-1"] + fields + ["seq", "3", "curve.valid", "0"])
        bench.server.cli(["XADD", bench.space.events, "5-2"] + fields + ["seq", "4", "curve.valid", "9"])
        bench.waitUntilConsumed(6)
        #expect(bench.count(IngestField.duplicates) == 1)
        #expect(bench.server.cli("HGET", bench.space.experiment(ExperimentID("e-1")!), "max.valid") == "9")
        #expect(bench.server.cli("HGET", bench.space.ingest, IngestField.cursor) == "5-2")
        #expect(bench.count(IngestField.rewinds) == 1)
        #expect(bench.count(IngestField.missed) == 0)
        #expect(try bench.statusSays("{hypero} was read again from further back (once, last"))
        #expect(ingest.isRunning)
    }

    @Test("a cursor beyond the stream's last id goes back while nobody looks, and in a drain")
    func beyond() throws {
        let bench = try IngestFixture()
        bench.declare()
        for epoch in 1...3 { bench.row(epoch, by: ("p", epoch)) }
        try bench.drain()
        // The stream of an hour ago.
        bench.server.cli("COPY", bench.space.events, "old")
        bench.server.cli("DEL", bench.space.events)
        bench.server.cli("XADD", bench.space.events, "9-0", "event", "nothing")
        #expect(try bench.statusSays("the cursor of {hypero} is beyond the end of its stream"))
        try bench.drain()
        #expect(bench.count(IngestField.dead) == 1)
        bench.server.cli("RENAME", "old", bench.space.events)
        try bench.drain()
        #expect(bench.count(IngestField.duplicates) + bench.count(IngestField.applied) == 8)
        #expect(bench.count(IngestField.duplicates) == 3)
        #expect(try bench.status().warnings.allSatisfy { !$0.contains("beyond") })
    }

    @Test(
        "the same entries again, by a reset cursor and by a copied stream: no change, counted",
        arguments: [true, false])
    func again(isCursor: Bool) throws {
        let bench = try IngestFixture()
        var generator = EventGenerator(seed: 5, mix: .tidy, producers: 3)
        let entries = generator.entries(600)
        try bench.write(entries)
        let ingest = try bench.ingest()
        bench.waitUntilConsumed(600)
        if isCursor {
            bench.server.cli("HSET", bench.space.ingest, IngestField.cursor, "0-0")
        } else {
            bench.server.cli("COPY", bench.space.events, "copy")
            let last = entries[599].id
            let moved = entries.enumerated().map { index, entry in
                StreamEntry(
                    id: StreamID(milliseconds: last.milliseconds + 1, sequence: UInt64(index)), fields: entry.fields)
            }
            try bench.write(moved)
        }
        bench.waitUntilConsumed(1_200)
        #expect(bench.count(IngestField.duplicates) == 600)
        #expect(bench.count(IngestField.missed) == 0)
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        let differences = try bench.differences(from: entries)
        #expect(differences.split(separator: "\n").count == 1 && differences.contains("duplicates"), "\(differences)")
    }

    @Test("FLUSHALL while running: it begins anew, and what comes is applied")
    func flushed() throws {
        let bench = try IngestFixture()
        let ingest = try bench.ingest()
        var generator = EventGenerator(seed: 6)
        try bench.write(generator.entries(300))
        bench.waitUntilConsumed(300)
        bench.server.cli("FLUSHALL")
        var again = EventGenerator(seed: 7)
        let entries = again.entries(300)
        try bench.write(entries)
        bench.waitUntilConsumed(300)
        #expect(try bench.differences(from: entries) == "")
        #expect(eventually { bench.count(IngestField.rewinds) == 1 })
        #expect(try bench.statusSays("was read again from further back"))
        #expect(ingest.isRunning)
    }

    @Test("clock one hour back and forth: order by stream and seq, ages clamped")
    func clock() throws {
        let bench = try IngestFixture()
        let hour: Int64 = 3_600_000
        let now = Int64(1_900_000_000_000)
        // The server's clock was an hour ahead: ids stay there until the clock comes by again.
        bench.server.cli(
            ["XADD", bench.space.events, "\(now + hour)-0", "event", "battery", "battery", "b", "name", "B"]
                + ["version", "1", "description", "", "time", "\(now)"])
        for (seq, time) in [now, now - hour, now + hour, now].enumerated() {
            bench.server.cli(
                ["XADD", bench.space.events, "*", "event", "epoch", "experiment", "e-1", "battery", "b"]
                    + ["producer", "p", "seq", "\(seq + 1)", "time", "\(time)", "epoch", "1", "curve.valid", "\(seq)"])
        }
        try bench.drain()
        #expect(try bench.differences() == "")
        #expect(bench.server.cli("HGET", bench.space.curve(of: ExperimentID("e-1")!), "1") == "valid=3")
        bench.server.cli("HSET", bench.space.ingest, IngestField.updated, "\(now + 9 * hour)")
        bench.row(2)
        for arguments in [["status"], ["show", "e-1"], ["batteries"], ["rank", "B"]] {
            let outcome = try ChildProcess.run("hypero-query", arguments + ["--redis", bench.server.url])
            #expect(outcome.succeeded)
            #expect(!outcome.stdout.contains(/-\d+ (ms|s|min|h|d)\b/), "\(outcome.stdout)")
        }
    }

    @Test("a stream of a wrong type is said once, in the log and in the status, and read when it is mended")
    func wrongType() throws {
        let bench = try IngestFixture()
        bench.server.cli("SET", bench.space.events, "no stream")
        let ingest = try bench.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:events must be a stream: WRONGTYPE") })
        #expect(try bench.statusSays("{hypero}:events holds no stream, so that nothing is applied"))
        let commands = bench.info("total_commands_processed")
        bench.server.cli("DEL", bench.space.events)
        bench.declare()
        bench.waitUntilConsumed(1)
        // It waits for seconds between two looks.
        #expect(bench.info("total_commands_processed") - commands < 2_000)
        #expect(ingest.lines < 12, "\(ingest.stderr)")
    }
}
