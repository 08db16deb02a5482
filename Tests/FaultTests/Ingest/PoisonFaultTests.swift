import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// What others write to the stream.
@Suite struct PoisonFaultTests {
    private static let text = Array(repeating: UInt8(ascii: "x"), count: 64 << 20)

    private func entry(_ number: Int, _ fields: [StreamEntry.Field]) -> StreamEntry {
        StreamEntry(id: StreamID(milliseconds: UInt64(number), sequence: 1), fields: fields)
    }

    private func fields(_ event: String, _ more: StreamEntry.Field...) -> [StreamEntry.Field] {
        [
            StreamEntry.Field("event", event), StreamEntry.Field("experiment", "e-1"),
            StreamEntry.Field("battery", "b"),
        ] + more
    }

    private func row(_ epoch: Int) -> [StreamEntry.Field] {
        fields("epoch", StreamEntry.Field("epoch", "\(epoch)"), StreamEntry.Field("curve.valid", "\(epoch)"))
    }

    private var declaration: [StreamEntry.Field] {
        [("event", "battery"), ("battery", "b"), ("name", "B"), ("version", "1"), ("description", "")]
            .map { StreamEntry.Field($0.0, $0.1) }
    }

    @Test("poison: dead letter with reason, neighbours applied")
    func poison() throws {
        let bench = try IngestFixture()
        let one = StreamEntry.Field("epoch", "1")
        let poison: [(fields: [StreamEntry.Field], reason: String)] = [
            (fields("param", StreamEntry.Field(name: Array("param.a".utf8), value: [0xC3, 0x28])), "must be UTF-8"),
            (
                fields("epoch", StreamEntry.Field("epoch", "nan"), StreamEntry.Field("curve.valid", "1")),
                "an integer from 0"
            ),
            (
                row(1) + [StreamEntry.Field("time", "nan")],
                "the field 'time' must be an integer from 0 to 9007199254740991, not 'nan'"
            ),
            (
                row(1) + [StreamEntry.Field("producer", "p"), StreamEntry.Field("seq", "nan")],
                "the field 'seq' must be an integer from 1 to 9007199254740991, not 'nan'"
            ),
            (
                fields("param") + (0..<1_022).map { StreamEntry.Field("param.\($0)", "1") },
                "the entry has 1025 fields: at most 1024 are allowed"
            ),
            (
                fields("meta", StreamEntry.Field(name: Array("meta.log".utf8), value: Self.text)),
                "the field 'meta.log' has 67108864 bytes: at most 65536 are allowed"
            ),
            (
                fields("meta", StreamEntry.Field(name: Self.text, value: [])), "the entry has 67108894 bytes"
            ),
            (
                fields("surprise", one),
                "the field 'event' must be one of battery, start, param, meta, epoch, curve, maxima, end, not 'surprise'"
            ),
            ([StreamEntry.Field(name: [0], value: [0xFF])], "the field 'event' is missing"),
        ]
        var entries = [entry(1, declaration)]
        for (index, poison) in poison.enumerated() {
            entries.append(entry(10 * index + 10, poison.fields))
            entries.append(entry(10 * index + 11, row(index + 1)))
        }
        try bench.write(entries)
        bench.server.cli("SET", bench.space.experiment(ExperimentID("wrong-1")!), "no hash")
        bench.server.cli("HSET", bench.space.battery(BatteryID("wrong")!) + ":columns", "no", "set")
        bench.server.cli(
            ["XADD", bench.space.events, "*", "event", "epoch", "experiment", "wrong-1", "battery", "b"]
                + ["epoch", "1", "curve.valid", "1"])
        let ingest = try bench.ingest()
        bench.waitUntilConsumed(entries.count + 1)
        #expect(bench.count(IngestField.applied) == 1 + poison.count)
        #expect(bench.count(IngestField.dead) == poison.count + 1)
        #expect(
            bench.server.cli("HLEN", bench.space.curve(of: ExperimentID("e-1")!)) == "\(poison.count)")
        var connection = try bench.connect()
        let letters = try StreamEntry.all(of: bench.space.dead, from: &connection)
        for (letter, poison) in zip(letters, poison) {
            let reason = letter.text(EventField.deadReason)
            #expect(reason.contains(poison.reason), "\(reason)")
        }
        let unreadable = "{hypero}:experiment:wrong-1 cannot be read: WRONGTYPE"
        #expect(letters.last?.text(EventField.deadReason).hasPrefix(unreadable) == true)
        #expect(ingest.stderr.contains(unreadable))
        // The large ones are not doubled: their names and the beginnings of their values are kept, and it is said.
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

    @Test("memory stays bounded whatever is in the stream")
    func memory() throws {
        let bench = try IngestFixture()
        var connection = try bench.connect()
        var writer = RESPWriter()
        try bench.write([entry(1, declaration)])
        // Entries of which any is 64 MiB: one value, many values that are allowed each, very many tiny fields.
        let whole = fields("meta", StreamEntry.Field(name: Array("meta.log".utf8), value: Self.text))
        let value = Array(Self.text.prefix(Limits.value))
        let many =
            fields("param") + (0..<1_000).map { StreamEntry.Field(name: Array("param.\($0)".utf8), value: value) }
        let tiny = (0..<1_000_000).map { StreamEntry.Field("\($0)", "1") }
        let large = [whole, whole, whole, whole, many, many, tiny, whole, many, tiny, whole, whole]
        for (index, fields) in large.enumerated() {
            writer.removeAll()
            entry(10 * index + 10, fields).add(to: bench.space.events, &writer)
            entry(10 * index + 11, row(index + 1)).add(to: bench.space.events, &writer)
            try connection.send(writer)
            for _ in 0..<2 {
                var reply = try connection.receive()
                _ = try reply.string()
            }
        }
        let ingest = try bench.ingest()
        bench.waitUntilConsumed(25)
        #expect(bench.count(IngestField.dead) == 12)
        #expect(bench.server.cli("HLEN", bench.space.curve(of: ExperimentID("e-1")!)) == "12")
        // 768 MiB came by. One value of 64 MiB is in hiredis' hands at a time.
        #expect(ingest.peakMemory < 250, "\(ingest.peakMemory) MiB")
        #expect((Int(bench.server.cli("MEMORY", "USAGE", bench.space.dead, "SAMPLES", "0")) ?? .max) < 2 << 20)
    }
}

extension StreamEntry {
    /// The value of a field; of several of one name, of the last.
    fileprivate func text(_ name: String) -> String {
        String(decoding: fields.last { $0.name == Array(name.utf8) }?.value ?? [], as: UTF8.self)
    }

    fileprivate var size: Int { fields.reduce(0) { $0 + $1.name.count + $1.value.count } }
}
