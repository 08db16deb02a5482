import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The cost of a backlog for Redis, in units that do not vary from run to run: commands and bytes.
@Suite struct CostTests {
    /// The number of trainings of one battery; each logs rows of three channels.
    private static let trainings = 50
    private static let rowsPerTraining = 40
    private let keyspace: Keyspace

    init() throws {
        keyspace = try Keyspace.all()[0]
    }

    private func entry(training: Int, epoch: Int, seq: UInt64) -> StreamEntry {
        let id = ExperimentID("k3v9x2mq\(10 + training)-1")!
        let value = Number(Double(1_000 + epoch) / 8_192)
        let event = Event(
            experiment: id, battery: BatteryID("rnn-visual-attention.v3.b44afc5e")!,
            origin: Event.Origin(producer: ProducerID("k3v9x2mq\(10 + training)")!, seq: seq), time: 1_763_990_000_000,
            body: .epoch(epoch, ["train", "valid", "test"].map { CurveRow.Cell($0, value) }))
        return StreamEntry(id: StreamID(milliseconds: 1_763_990_000_000 + seq, sequence: UInt64(training)), event)
    }

    /// Folds the rows of all trainings in turn, with the state of the trainings known.
    private func foldRows() throws -> (events: Int, result: FoldResult) {
        var batch = DecodedBatch()
        for epoch in 1...Self.rowsPerTraining {
            for training in 0..<Self.trainings {
                let entry = entry(training: training, epoch: epoch, seq: UInt64(epoch + 1))
                entry.withWireFields { batch.append(entry.id, fields: $0, declaredCount: nil) }
            }
        }
        let battery = BatteryState(fields: [
            (BatteryField.objective, "valid"), (BatteryField.direction, "max"),
            (BatteryField.updated, "1763980000000"),
        ])
        var producer = Watermark()
        _ = producer.accept(1, at: 1)
        let fields = [
            ExperimentField.battery: "rnn-visual-attention.v3.b44afc5e", ExperimentField.updated: "1763980000000",
        ]
        let experiment = ExperimentState(values: ExperimentState.fields.map { fields[$0] })
        let prior = PriorState(
            producers: batch.producers.map { _ in producer }, batteries: [battery],
            experiments: batch.experiments.map { _ in experiment })
        guard case .folded(let result) = Fold.fold(batch, onto: prior, in: keyspace) else {
            throw TestFailure("the fold reports missing state")
        }
        return (batch.items.count, result)
    }

    /// Folds the rows of all trainings in turn, with the state of the trainings known.
    ///
    /// - Returns: the number of events, the number of commands by name, and the size of all commands.
    private func fold() throws -> (events: Int, commands: [String: Int], bytes: Int) {
        let (events, result) = try foldRows()
        var writer = RESPWriter()
        var commands: [String: Int] = [:]
        for entry in result.changes.entries {
            let start = writer.count
            writer.add(entry, of: result.changes, rows: result.rows)
            let text = String(decoding: writer.bytes[start...], as: UTF8.self)
            commands[String(text.split(separator: "\r\n")[2]), default: 0] += 1
        }
        #expect(writer.commands == result.changes.count)
        return (events, commands, writer.count)
    }

    @Test func `A batch has one command per hash, curve and ranking, and not one per event`() throws {
        let cost = try fold()
        #expect(cost.events == Self.trainings * Self.rowsPerTraining)
        // The hash, the curve and the watermark of each training, and the battery's hash.
        #expect(cost.commands["HSET"] == 3 * Self.trainings + 1)
        #expect(cost.commands["PEXPIRE"] == Self.trainings)
        // Three rankings and the columns.
        #expect(cost.commands["ZADD"] == 4)
        #expect(cost.commands["HINCRBY"] == 1)
        #expect(cost.commands.count == 4)
    }

    @Test func `The command of each change is the same if it is written from the arrays of the batch`() throws {
        let result = try foldRows().result
        for (entry, change) in zip(result.changes.entries, result.changes) {
            var part = RESPWriter()
            var whole = RESPWriter()
            part.add(entry, of: result.changes, rows: result.rows)
            whole.add(change, rows: result.rows)
            #expect(String(decoding: part.bytes, as: UTF8.self) == String(decoding: whole.bytes, as: UTF8.self))
        }
    }

    @Test func `A row of three channels costs 90 bytes, including its share of the other commands`() throws {
        let cost = try fold()
        #expect(cost.bytes / cost.events == 90)
    }

    @Test func `Rows in the form that clients write are decoded without creating strings`() throws {
        var batch = DecodedBatch()
        for epoch in 1...3 {
            let entry = entry(training: 0, epoch: epoch, seq: UInt64(epoch))
            entry.withWireFields { batch.append(entry.id, fields: $0, declaredCount: nil) }
        }
        #expect(batch.events.isEmpty)
        #expect(batch.rows.shapes.count == 1)
        #expect(batch.items.map(\.seq) == [1, 2, 3])
    }
}
