import HyperoRedis
import HyperoSchema
import Testing

@testable import HyperoIngest

@Suite struct UnconfirmedValueTests {
    private func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 0) }

    @Test func `The last transaction is read back as written`() {
        for duplicates in [[], [id(2)...id(2)], [id(2)...id(4), id(7)...id(7)]] {
            let value = Unconfirmed(from: id(1), to: id(9), since: 77, duplicates: duplicates)
            #expect(Unconfirmed(value.description) == value)
        }
        #expect(Unconfirmed("1-0 9-0 77 2-0/4-0 7-0")?.isDuplicate(id(3)) == true)
        #expect(Unconfirmed("1-0 9-0 77 2-0/4-0 7-0")?.isDuplicate(id(5)) == false)
    }

    @Test(arguments: ["", "1-0", "1-0 2-0", "x 2-0 7", "2-0 1-0 7", "1-0 1-0 7"])
    func `An empty or malformed value is no transaction`(text: String) {
        #expect(Unconfirmed(text) == nil)
    }

    @Test func `The ranges of duplicates are the runs of a batch's entries`() {
        var batch = FoldedBatch(resumingAt: StreamPosition(id: id(1), entries: nil))
        for number in [2, 4, 5, 7, 9] as [UInt64] {
            let event = Event(experiment: ExperimentID("e"), battery: BatteryID("b")!, body: .start(Event.Start()))
            batch.batch.append(id(number), event: .success(event))
        }
        batch.result.skipped = [0, 1, 3]
        #expect(
            Unconfirmed(of: batch, since: 5)
                == Unconfirmed(from: id(1), to: id(9), since: 5, duplicates: [id(2)...id(4), id(7)...id(7)]))
    }

    @Test func `The objectives of rows are those that a row of the contract has`() {
        var reader = ObjectiveReader(of: BatteryState.Objective(channel: "valid", direction: .max))
        let rows = [
            ("1", "train=1 valid=0.5"), ("2", "valid=nan"), ("3", "train=2"), ("x", "valid=1"), ("4", "valid=1 train"),
            ("5", "\"a b\"=1 valid=2.5"), ("6", "valid=inf"), ("7", "valid=7 "), ("8", "valid2=8"), ("9", "valid=9"),
        ]
        for (epoch, row) in rows {
            Array(epoch.utf8).withUnsafeBufferPointer { epoch in
                Array(row.utf8).withUnsafeBufferPointer { reader.add(epoch: epoch, row: $0) }
            }
        }
        var objectives = reader.objectives
        var found: [CurveObjectives.Entry] = []
        while let best = objectives.best {
            found.append(best)
            objectives.set(nil, at: best.epoch)
        }
        #expect(found.map(\.epoch) == [9, 5, 1])
        #expect(found.map(\.value) == [9, 2.5, 0.5])
    }
}
