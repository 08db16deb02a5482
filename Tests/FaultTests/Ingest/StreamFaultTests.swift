import HyperoQuery
import HyperoSchema
import TestSupport
import Testing

/// Changes of the stream by other clients.
@Suite struct StreamFaultTests {
    @Test func `Entries trimmed ahead of the cursor are counted exactly, with and without sequence numbers`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        for epoch in 1...3 { fixture.addRow(epoch, by: ("p", epoch)) }
        try fixture.drain()
        for epoch in 4...9 { fixture.addRow(epoch, by: ("p", epoch)) }
        for epoch in 10...13 { fixture.addRow(epoch) }
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MAXLEN", "2")
        fixture.addRow(14, by: ("p", 10))
        try fixture.drain()
        #expect(fixture.count(IngestField.missed) == 8)
        #expect(fixture.count(IngestField.gaps) == 6)
        #expect(fixture.count(IngestField.applied) == 7)
        try fixture.drain()
        #expect(fixture.count(IngestField.missed) == 8)
        #expect(try fixture.statusContains("8 entries of {hypero}:events removed before being applied"))
    }

    @Test func `Entries deleted by another client before they were read are counted`() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        fixture.waitUntilConsumed(1)
        ingest.suspend()
        let ids = (1...300).map { fixture.addRow($0) }
        fixture.server.cli(["XDEL", fixture.keyspace.events] + ids[100..<120])
        fixture.server.cli(["XDEL", fixture.keyspace.events] + ids[290..<300])
        ingest.resume()
        fixture.waitUntilConsumed(271)
        #expect(eventually { fixture.count(IngestField.missed) == 30 })
        // These entries are trimmed by the command that adds them.
        for epoch in 1...5 {
            fixture.server.cli(["XADD", fixture.keyspace.events, "MAXLEN", "0", "*", "event", "\(epoch)"])
        }
        fixture.addRow(301)
        fixture.waitUntilConsumed(272)
        #expect(eventually { fixture.count(IngestField.missed) == 35 }, "\(fixture.count(IngestField.missed))")
        #expect(try fixture.status().partitions[0].backlog == 0)
    }

    @Test func `A stream that was deleted and recreated with lower ids is read from its beginning`() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest()
        fixture.declareBattery()
        for epoch in 1...3 { fixture.addRow(epoch, by: ("p", epoch)) }
        fixture.waitUntilConsumed(4)
        fixture.server.cli("DEL", fixture.keyspace.events)
        let fields = ["event", "epoch", "experiment", "e-1", "battery", "b", "producer", "p", "epoch", "7"]
        fixture.server.cli(["XADD", fixture.keyspace.events, "5-1"] + fields + ["seq", "3", "curve.valid", "0"])
        fixture.server.cli(["XADD", fixture.keyspace.events, "5-2"] + fields + ["seq", "4", "curve.valid", "9"])
        fixture.waitUntilConsumed(6)
        #expect(fixture.count(IngestField.duplicates) == 1)
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "max.valid") == "9")
        #expect(fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.cursor) == "5-2")
        #expect(fixture.count(IngestField.rewinds) == 1)
        #expect(fixture.count(IngestField.missed) == 0)
        #expect(try fixture.statusContains("{hypero} was read again from an earlier position (1 time, last"))
        #expect(ingest.isRunning)
    }

    @Test func `A cursor beyond the end of its stream is reported and moved back by a drain`() throws {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        for epoch in 1...3 { fixture.addRow(epoch, by: ("p", epoch)) }
        try fixture.drain()
        // The recreated stream is older than the cursor.
        fixture.server.cli("COPY", fixture.keyspace.events, "old")
        fixture.server.cli("DEL", fixture.keyspace.events)
        fixture.server.cli("XADD", fixture.keyspace.events, "9-0", "event", "nothing")
        #expect(try fixture.statusContains("the cursor of {hypero} is beyond the end of its stream"))
        try fixture.drain()
        #expect(fixture.count(IngestField.dead) == 1)
        fixture.server.cli("RENAME", "old", fixture.keyspace.events)
        try fixture.drain()
        #expect(fixture.count(IngestField.duplicates) + fixture.count(IngestField.applied) == 8)
        #expect(fixture.count(IngestField.duplicates) == 3)
        #expect(try fixture.status().warnings.allSatisfy { !$0.contains("beyond") })
    }

    @Test(arguments: [true, false])
    func `Entries read again after a cursor reset or a stream copy are duplicates`(isCursorReset: Bool) throws {
        let fixture = try IngestFixture()
        var generator = EventGenerator(seed: 5, mix: .tidy, producers: 3)
        let entries = generator.entries(600)
        try fixture.write(entries)
        let ingest = try fixture.ingest()
        fixture.waitUntilConsumed(600)
        if isCursorReset {
            fixture.server.cli("HSET", fixture.keyspace.ingest, IngestField.cursor, "0-0")
        } else {
            fixture.server.cli("COPY", fixture.keyspace.events, "copy")
            let last = entries[599].id
            let moved = entries.enumerated().map { index, entry in
                StreamEntry(
                    id: StreamID(milliseconds: last.milliseconds + 1, sequence: UInt64(index)), fields: entry.fields)
            }
            try fixture.write(moved)
        }
        fixture.waitUntilConsumed(1_200)
        #expect(fixture.count(IngestField.duplicates) == 600)
        #expect(fixture.count(IngestField.missed) == 0)
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        let differences = try fixture.differences(from: entries)
        #expect(differences.split(separator: "\n").count == 1 && differences.contains("duplicates"), "\(differences)")
    }

    @Test func `After FLUSHALL a running ingest starts over and applies new entries`() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest()
        var generator = EventGenerator(seed: 6)
        try fixture.write(generator.entries(300))
        fixture.waitUntilConsumed(300)
        fixture.server.cli("FLUSHALL")
        var again = EventGenerator(seed: 7)
        let entries = again.entries(300)
        try fixture.write(entries)
        fixture.waitUntilConsumed(300)
        #expect(try fixture.differences(from: entries) == "")
        #expect(eventually { fixture.count(IngestField.rewinds) == 1 })
        #expect(try fixture.statusContains("was read again from an earlier position"))
        #expect(ingest.isRunning)
    }

    @Test func `A clock jump of one hour neither reorders events nor yields negative ages`() throws {
        let fixture = try IngestFixture()
        let hour: Int64 = 3_600_000
        let now = Int64(1_900_000_000_000)
        // As if the server's clock had been an hour ahead: until the clock reaches this id, new ids follow it.
        fixture.server.cli(
            ["XADD", fixture.keyspace.events, "\(now + hour)-0", "event", "battery", "battery", "b", "name", "B"]
                + ["version", "1", "description", "", "time", "\(now)"])
        for (seq, time) in [now, now - hour, now + hour, now].enumerated() {
            fixture.server.cli(
                ["XADD", fixture.keyspace.events, "*", "event", "epoch", "experiment", "e-1", "battery", "b"]
                    + ["producer", "p", "seq", "\(seq + 1)", "time", "\(time)", "epoch", "1", "curve.valid", "\(seq)"])
        }
        try fixture.drain()
        #expect(try fixture.differences() == "")
        #expect(fixture.server.cli("HGET", fixture.keyspace.curve(of: ExperimentID("e-1")!), "1") == "valid=3")
        fixture.server.cli("HSET", fixture.keyspace.ingest, IngestField.updated, "\(now + 9 * hour)")
        fixture.addRow(2)
        for arguments in [["status"], ["show", "e-1"], ["batteries"], ["rank", "B"]] {
            let outcome = try ChildProcess.run("hypero-query", arguments + ["--redis", fixture.server.url])
            #expect(outcome.succeeded)
            #expect(!outcome.stdout.contains(/-\d+ (ms|s|min|h|d)\b/), "\(outcome.stdout)")
        }
    }

    @Test func `A stream key of the wrong type is reported, and the stream is read after its replacement`() throws {
        let fixture = try IngestFixture()
        fixture.server.cli("SET", fixture.keyspace.events, "no stream")
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("{hypero}:events must be a stream: WRONGTYPE") })
        #expect(try fixture.statusContains("{hypero}:events is not a stream, so no entry is applied"))
        let attempts = reads(of: fixture)
        fixture.server.cli("DEL", fixture.keyspace.events)
        fixture.declareBattery()
        fixture.waitUntilConsumed(1)
        // The ingest waits for seconds between two attempts.
        #expect(reads(of: fixture) - attempts < 200)
        #expect(ingest.logLineCount < 12, "\(ingest.stderr)")
    }

    /// Returns the number of times that a client has read streams.
    private func reads(of fixture: IngestFixture) -> Int {
        let line = fixture.server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline).first {
            $0.hasPrefix("cmdstat_xread:")
        }
        let calls = line?.firstMatch(of: /calls=(\d+)/)?.1
        return calls.flatMap { Int($0) } ?? 0
    }
}
