import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The cost of a backlog for Redis in commands and bytes, which do not vary.
@Suite struct CostTests {
    /// Fifty trainings of one battery, each of which logs rows of three channels.
    private static let trainings = 50
    private static let rowsEach = 40
    private let keys: Keyspace

    init() throws {
        keys = try Keyspace.all()[0]
    }

    private func event(_ training: Int, _ epoch: Int, seq: UInt64) -> StreamEntry {
        let id = ExperimentID("k3v9x2mq\(10 + training)-1")!
        let value = Number(Double(1_000 + epoch) / 8_192)
        let event = Event(
            experiment: id, battery: BatteryID("rnn-visual-attention.v3.b44afc5e")!,
            origin: Event.Origin(producer: ProducerID("k3v9x2mq\(10 + training)")!, seq: seq), time: 1_763_990_000_000,
            body: .epoch(epoch, ["train", "valid", "test"].map { CurveRow.Cell($0, value) }))
        return StreamEntry(id: StreamID(milliseconds: 1_763_990_000_000 + seq, sequence: UInt64(training)), event)
    }

    /// Folds the rows of all trainings in turn, with a state in which the trainings exist, and counts the commands.
    private func fold() throws -> (events: Int, commands: [String: Int], bytes: Int) {
        var batch = DecodedBatch()
        for epoch in 1...Self.rowsEach {
            for training in 0..<Self.trainings {
                let entry = event(training, epoch, seq: UInt64(epoch + 1))
                entry.withWireFields { batch.append(entry.id, $0, announced: nil) }
            }
        }
        let battery = BatteryState(objective: "valid", direction: "max", updated: "1763980000000")
        var producer = Watermark()
        _ = producer.take(1, when: 1)
        let experiment = ExperimentState(
            battery: "rnn-visual-attention.v3.b44afc5e", updated: "1763980000000", epochs: nil, nonfinite: nil,
            maxEpoch: nil, maxSource: nil)
        let known = PriorState(
            producers: batch.producers.map { _ in producer }, batteries: [battery],
            experiments: batch.experiments.map { _ in experiment })
        guard case .folded(let folded) = Fold.fold(batch, onto: known, in: keys) else {
            throw TestFailure("the fold needs no further state")
        }
        var writer = RESPWriter()
        var commands: [String: Int] = [:]
        for change in folded.changes {
            let start = writer.count
            writer.add(change, rows: folded.rows)
            let text = String(decoding: writer.bytes[start...], as: UTF8.self)
            commands[String(text.split(separator: "\r\n")[2]), default: 0] += 1
        }
        #expect(writer.commands == folded.changes.count)
        return (batch.items.count, commands, writer.count)
    }

    @Test func `A batch costs one command per hash, curve and ranking, not per event`() throws {
        let cost = try fold()
        #expect(cost.events == Self.trainings * Self.rowsEach)
        // Per training its hash, its curve and its watermark; and the battery's hash.
        #expect(cost.commands["HSET"] == 3 * Self.trainings + 1)
        #expect(cost.commands["PEXPIRE"] == Self.trainings)
        // Three rankings, and the columns.
        #expect(cost.commands["ZADD"] == 4)
        #expect(cost.commands["HINCRBY"] == 1)
        #expect(cost.commands.count == 4)
    }

    @Test func `A row of three channels costs 90 bytes, its text and its share of the other commands included`() throws
    {
        let cost = try fold()
        #expect(cost.bytes / cost.events == 90)
    }

    @Test func `Rows in the form that a client writes are decoded without events`() throws {
        var batch = DecodedBatch()
        for epoch in 1...3 {
            let entry = event(0, epoch, seq: UInt64(epoch))
            entry.withWireFields { batch.append(entry.id, $0, announced: nil) }
        }
        #expect(batch.events.isEmpty)
        #expect(batch.rows.shapes.count == 1)
        #expect(batch.items.map(\.seq) == [1, 2, 3])
    }
}
