import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Invalid entries of other clients.
@Suite struct PoisonFaultTests {
    private static let text = Array(repeating: UInt8(ascii: "x"), count: 64 << 20)

    private func entry(_ number: Int, fields: [StreamEntry.Field]) -> StreamEntry {
        StreamEntry(id: StreamID(milliseconds: UInt64(number), sequence: 1), fields: fields)
    }

    private func fields(of event: String, _ others: StreamEntry.Field...) -> [StreamEntry.Field] {
        [
            StreamEntry.Field("event", event), StreamEntry.Field("experiment", "e-1"),
            StreamEntry.Field("battery", "b"),
        ] + others
    }

    private func row(_ epoch: Int) -> [StreamEntry.Field] {
        fields(of: "epoch", StreamEntry.Field("epoch", "\(epoch)"), StreamEntry.Field("curve.valid", "\(epoch)"))
    }

    private var declaration: [StreamEntry.Field] {
        [("event", "battery"), ("battery", "b"), ("name", "B"), ("version", "1"), ("description", "")]
            .map { StreamEntry.Field($0.0, $0.1) }
    }

    @Test func `Each invalid entry becomes a dead letter with its reason, and its neighbours are applied`() throws {
        let fixture = try IngestFixture()
        let epoch = StreamEntry.Field("epoch", "1")
        let poison: [(fields: [StreamEntry.Field], reason: String)] = [
            (
                fields(of: "param", StreamEntry.Field(name: Array("param.a".utf8), value: [0xC3, 0x28])),
                "must be UTF-8"
            ),
            (
                fields(of: "epoch", StreamEntry.Field("epoch", "nan"), StreamEntry.Field("curve.valid", "1")),
                "an integer from 0"
            ),
            (
                row(1) + [StreamEntry.Field("time", "nan")],
                "the field 'time' must be an integer from -9007199254740991 to 9007199254740991, not 'nan'"
            ),
            (
                row(1) + [StreamEntry.Field("producer", "p"), StreamEntry.Field("seq", "nan")],
                "the field 'seq' must be an integer from 1 to 9007199254740991, not 'nan'"
            ),
            (
                fields(of: "param") + (0..<1_022).map { StreamEntry.Field("param.\($0)", "1") },
                "the entry has 1025 fields: at most 1024 are allowed"
            ),
            (
                fields(of: "meta", StreamEntry.Field(name: Array("meta.log".utf8), value: Self.text)),
                "the field 'meta.log' has 67108864 bytes: at most 65536 are allowed"
            ),
            (
                fields(of: "meta", StreamEntry.Field(name: Self.text, value: [])), "the entry has 67108894 bytes"
            ),
            (
                fields(of: "surprise", epoch),
                "the field 'event' must be one of battery, start, param, meta, epoch, curve, maxima, end, alive, search, "
                    + "claim, enqueue, not 'surprise'"
            ),
            ([StreamEntry.Field(name: [0], value: [0xFF])], "the field 'event' is missing"),
        ]
        var entries = [entry(1, fields: declaration)]
        for (index, poison) in poison.enumerated() {
            entries.append(entry(10 * index + 10, fields: poison.fields))
            entries.append(entry(10 * index + 11, fields: row(index + 1)))
        }
        try fixture.write(entries)
        fixture.server.cli("SET", fixture.keyspace.experiment(ExperimentID("wrong-1")!), "no hash")
        fixture.server.cli("HSET", fixture.keyspace.battery(BatteryID("wrong")!) + ":columns", "no", "set")
        fixture.server.cli(
            ["XADD", fixture.keyspace.events, "*", "event", "epoch", "experiment", "wrong-1", "battery", "b"]
                + ["epoch", "1", "curve.valid", "1"])
        let ingest = try fixture.ingest()
        fixture.waitUntilConsumed(entries.count + 1)
        #expect(fixture.count(IngestField.applied) == 1 + poison.count)
        #expect(fixture.count(IngestField.dead) == poison.count + 1)
        #expect(
            fixture.server.cli("HLEN", fixture.keyspace.curve(of: ExperimentID("e-1")!)) == "\(poison.count)")
        var connection = try fixture.connect()
        let letters = try StreamEntry.all(of: fixture.keyspace.dead, from: &connection)
        for (letter, poison) in zip(letters, poison) {
            let reason = letter.text(EventField.deadReason)
            #expect(reason.contains(poison.reason), "\(reason)")
        }
        let unreadable = "{hypero}:experiment:wrong-1 cannot be read: WRONGTYPE"
        #expect(letters.last?.text(EventField.deadReason).hasPrefix(unreadable) == true)
        #expect(ingest.stderr.contains(unreadable))
        // Large entries are truncated to their names and the beginnings of their values, and the truncation is
        // recorded.
        #expect(letters[5].text(EventField.deadCut) == "1 of the fields are cut to 256 bytes")
        #expect(letters[5].text("meta.log").utf8.count == 256)
        #expect(letters[5].text("event") == "meta")
        #expect(letters[6].fields[3].name.count == 256)
        #expect(letters[4].text(EventField.deadCut) == "1 of 1025 fields are left out")
        #expect(letters[4].text(EventField.deadOmitted) == "1")
        #expect(letters[4].fields.count == 1_024 + 4)
        #expect(letters.reduce(0) { $0 + $1.size } < 100_000)
        #expect(ingest.isRunning)
    }

    @Test func `The memory of the ingest stays bounded for entries of any size`() throws {
        let fixture = try IngestFixture()
        var connection = try fixture.connect()
        var writer = RESPWriter()
        try fixture.write([entry(1, fields: declaration)])
        // Each entry is too large: one value of 64 MiB, 1,000 values of the allowed size, or a million tiny fields.
        let whole = fields(of: "meta", StreamEntry.Field(name: Array("meta.log".utf8), value: Self.text))
        let value = Array(Self.text.prefix(Limits.value))
        let many =
            fields(of: "param") + (0..<1_000).map { StreamEntry.Field(name: Array("param.\($0)".utf8), value: value) }
        let tiny = (0..<1_000_000).map { StreamEntry.Field("\($0)", "1") }
        let large = [whole, whole, whole, whole, many, many, tiny, whole, many, tiny, whole, whole]
        for (index, fields) in large.enumerated() {
            writer.removeAll()
            entry(10 * index + 10, fields: fields).add(to: fixture.keyspace.events, &writer)
            entry(10 * index + 11, fields: row(index + 1)).add(to: fixture.keyspace.events, &writer)
            try connection.send(writer)
            for _ in 0..<2 {
                var reply = try connection.receive()
                _ = try reply.string()
            }
        }
        let ingest = try fixture.ingest()
        fixture.waitUntilConsumed(25)
        #expect(fixture.count(IngestField.dead) == 12)
        #expect(fixture.server.cli("HLEN", fixture.keyspace.curve(of: ExperimentID("e-1")!)) == "12")
        // The ingest reads 768 MiB, of which hiredis holds one value of 64 MiB at a time.
        #expect(ingest.peakMemoryMiB < 250, "\(ingest.peakMemoryMiB) MiB")
        #expect((Int(fixture.server.cli("MEMORY", "USAGE", fixture.keyspace.dead, "SAMPLES", "0")) ?? .max) < 2 << 20)
    }
}

extension StreamEntry {
    /// Returns the value of the last field with a name; empty if there is none.
    fileprivate func text(_ name: String) -> String {
        String(decoding: fields.last { $0.name == Array(name.utf8) }?.value ?? [], as: UTF8.self)
    }

    fileprivate var size: Int { fields.reduce(0) { $0 + $1.name.count + $1.value.count } }
}
