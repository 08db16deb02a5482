import HyperoCore
import HyperoRedis
import HyperoSchema
import Testing

@testable import Hypero

@Suite("Journal records")
struct RecordTests {
    @Test(arguments: [
        Event.Body.battery(Event.Declaration(name: "β \"b\"", version: -3, description: "", direction: .min)),
        .start(Event.Start(host: "node", pid: "17", seed: "18446744073709551615")),
        .start(Event.Start()),
        .param([Event.Entry(name: "lr", value: "0.01"), Event.Entry(name: "näme with = and spaces", value: "")]),
        .meta([Event.Entry(name: "note", value: String(repeating: "é\0\r\n", count: 300))]),
        .end(.failed, reason: "out of memory"), .end(.done, reason: nil), .end(.stopped, reason: "late", attempt: 2),
        .search(
            Event.Search(
                id: SearchID("s0123abcd")!, seed: .max, trials: 7, sampler: "tpe",
                stopping: StoppingRule(.halving, epochs: 81)
            )),
        .claim(SearchID("s0123abcd")!),
        .enqueue(SearchID("s0123abcd")!, [Event.Entry(name: "lr", value: "0.01")]),
    ])
    func `Every field of a text event is read back from the journal`(body: Event.Body) throws {
        let fixture = try JournalFixture()
        fixture.append(body, experiment: 7)
        var expected: [[String]] = []
        body.forEachField { expected.append([$0, $1]) }

        var records = 0
        let now = WallClock.milliseconds
        JournalFixture.forEachRecord(in: fixture.journal.published()) { record in
            records += 1
            #expect(record.kind == RecordKind(body.kind))
            #expect(record.seq == 1)
            #expect(record.experiment == 7)
            #expect(record.epoch == nil)
            #expect((now - 60_000...now + 60_000).contains(record.time))
            #expect(String(decoding: record.battery, as: UTF8.self) == JournalFixture.battery.id.text)
            #expect(record.count == expected.count)
            var fields: [[String]] = []
            record.forEachField { name, value in
                fields.append([String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)])
            }
            #expect(fields == expected)
        }
        #expect(records == 1)
    }

    @Test(arguments: [RecordKind.epoch, .curve, .maxima])
    func `Numbers are read back from the journal bit for bit`(kind: RecordKind) throws {
        let series: [(String, [Double])] = [
            ("train", [0.1, -0.0, .nan, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude]),
            ("é", [1]), (String(repeating: "n", count: 256), []),
        ]
        let fixture = try JournalFixture()
        let payload = series.reduce(0) { $0 + RecordHeader.channelHeader + $1.0.utf8.count + 8 * $1.1.count }
        fixture.journal.append(
            kind, battery: JournalFixture.battery.bytes, subject: Journal.Subject(experiment: .max, generation: 0),
            epoch: 1 << 53 - 1, count: series.count, payload: payload
        ) { writer in
            for (channel, values) in series { values.withUnsafeBufferPointer { writer.put(channel: channel, $0) } }
        }
        fixture.append(epoch: 0)

        var kinds: [RecordKind] = []
        JournalFixture.forEachRecord(in: fixture.journal.published()) { record in
            kinds.append(record.kind)
            guard record.seq == 1 else { return }
            #expect(record.experiment == UInt64(UInt32.max))
            #expect(record.epoch == 1 << 53 - 1)
            var read: [(String, [UInt64])] = []
            record.forEachChannel { name, values in
                read.append(
                    (String(decoding: name, as: UTF8.self), (0..<values.count).map { values[$0].bitPattern }))
            }
            #expect(read.map(\.0) == series.map(\.0))
            #expect(read.map(\.1) == series.map { $0.1.map(\.bitPattern) })
        }
        #expect(kinds == [kind, .epoch])
    }

    @Test(arguments: 0..<17)
    func `A record of any length leaves the next record readable`(length: Int) throws {
        let fixture = try JournalFixture()
        fixture.append(.meta([Event.Entry(name: "m", value: String(repeating: "x", count: length))]))
        fixture.append(epoch: 42)
        var epochs: [Int64?] = []
        JournalFixture.forEachRecord(in: fixture.journal.published()) { epochs.append($0.epoch) }
        #expect(epochs == [nil, 42])
    }
}
