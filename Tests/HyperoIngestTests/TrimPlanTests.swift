@testable import HyperoIngest
import HyperoSchema
import Testing

@Suite struct TrimPlanTests {
    @Test func `What is not archived is not trimmed, unless it is too much`() {
        var plan = TrimPlan(retain: 0)
        func id(_ number: Int) -> StreamID { StreamID(milliseconds: UInt64(number), sequence: 0) }
        for number in 1...1_000 { plan.recordApplied(id(number)) }
        #expect(plan.nextBound(archived: .zero) == nil)
        #expect(plan.nextBound(archived: id(450)) == id(400).next)
        #expect(plan.nextBound(archived: id(450)) == nil)
        for number in 1_001...(Archiver.maxUnarchived + 500) { plan.recordApplied(id(number)) }
        #expect(plan.nextBound(archived: id(450)) == id(500).next)
        #expect(plan.nextBound() == id(Archiver.maxUnarchived + 500).next)
    }

    private func id(_ number: Int) -> StreamID { StreamID(milliseconds: UInt64(number), sequence: 0) }

    @Test(arguments: [0, 1, 100, 1_000, 50_000])
    func `A trim plan retains the given number of entries and not many more`(retain: Int) throws {
        var plan = TrimPlan(retain: retain)
        var trimmed = 0
        for number in 1...100_000 {
            plan.recordApplied(id(number))
            guard let bound = plan.nextBound() else { continue }
            trimmed = Int(bound.milliseconds)
            #expect(number - trimmed >= retain)
        }
        #expect(100_000 - trimmed < retain + 200)
    }

    @Test(arguments: [0, 3])
    func `A trim plan trims the entries that an earlier ingest has applied`(retain: Int) {
        var plan = TrimPlan(retain: retain)
        plan.start(at: id(50), surplus: id(50 - retain))
        #expect(plan.nextBound() == StreamID(milliseconds: UInt64(50 - retain), sequence: 1))
        #expect(plan.nextBound() == nil)
        var fewer = TrimPlan(retain: 100)
        fewer.start(at: id(50))
        #expect(fewer.nextBound() == nil)
    }

    @Test func `A bound is returned again after Redis has removed entries`() {
        var plan = TrimPlan(retain: 0)
        for number in 1...100 { plan.recordApplied(id(number)) }
        let first = plan.nextBound()
        #expect(first == StreamID(milliseconds: 100, sequence: 1))
        #expect(plan.nextBound() == nil)
        plan.repeatLastBound()
        #expect(plan.nextBound() == first)
        #expect(plan.nextBound() == nil)
    }

    @Test func `A trim plan that was reset trims nothing until it starts at a cursor`() {
        var plan = TrimPlan(retain: 0)
        for number in 1...100 { plan.recordApplied(id(number)) }
        plan.reset()
        #expect(plan.nextBound() == nil)
        plan.start(at: id(7))
        #expect(plan.nextBound() == StreamID(milliseconds: 7, sequence: 1))
    }

    @Test func `A bound never exceeds the highest id`() {
        var plan = TrimPlan(retain: 0)
        plan.start(at: StreamID(milliseconds: .max, sequence: .max))
        #expect(plan.nextBound() == StreamID(milliseconds: .max, sequence: .max))
    }
}
