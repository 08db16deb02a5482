import HyperoIngest
import HyperoSchema
import Testing

@Suite("Trimming")
struct TrimPlanTests {
    private func id(_ number: Int) -> StreamID { StreamID(milliseconds: UInt64(number), sequence: 0) }

    @Test("keeps as many entries as it is told to, and not many more", arguments: [0, 1, 100, 1_000, 50_000])
    func keeps(retain: Int) throws {
        var marks = TrimPlan(retain: retain)
        var trimmed = 0
        for number in 1...100_000 {
            marks.passed(id(number))
            guard let below = marks.next() else { continue }
            trimmed = Int(below.milliseconds)
            #expect(number - trimmed >= retain)
        }
        #expect(100_000 - trimmed < retain + 200)
    }

    @Test("goes on from what an earlier ingest left", arguments: [0, 3])
    func goesOn(retain: Int) {
        var marks = TrimPlan(retain: retain)
        marks.start(at: id(50), surplus: id(50 - retain))
        #expect(marks.next() == StreamID(milliseconds: UInt64(50 - retain), sequence: 1))
        #expect(marks.next() == nil)
        var fewer = TrimPlan(retain: 100)
        fewer.start(at: id(50))
        #expect(fewer.next() == nil)
    }

    @Test("gives an id out again while Redis removed something")
    func again() {
        var marks = TrimPlan(retain: 0)
        for number in 1...100 { marks.passed(id(number)) }
        let first = marks.next()
        #expect(first == StreamID(milliseconds: 100, sequence: 1))
        #expect(marks.next() == nil)
        marks.mayTrimMore()
        #expect(marks.next() == first)
        #expect(marks.next() == nil)
    }

    @Test("knows nothing of a server it has not read the cursor of")
    func forgets() {
        var marks = TrimPlan(retain: 0)
        for number in 1...100 { marks.passed(id(number)) }
        marks.forget()
        #expect(marks.next() == nil)
        marks.start(at: id(7))
        #expect(marks.next() == StreamID(milliseconds: 7, sequence: 1))
    }

    @Test("never goes beyond the highest id")
    func highest() {
        var marks = TrimPlan(retain: 0)
        marks.start(at: StreamID(milliseconds: .max, sequence: .max))
        #expect(marks.next() == StreamID(milliseconds: .max, sequence: .max))
    }
}
