import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct CurveObjectivesTests {
    @Test(arguments: [Direction.max, .min], [1, 40, 3_000])
    func `The best epoch is the best of all, after any changes in any order`(_ direction: Direction, epochs: Int) {
        var random = SeededGenerator(seed: UInt64(epochs))
        let objective = BatteryState.Objective(channel: "valid", direction: direction)
        var objectives = CurveObjectives(of: objective)
        var expected: [Int: Double] = [:]
        for step in 0..<6_000 {
            // First mostly new epochs in order, then changes at random, with many equal values, then mostly removals.
            // The best values are in the last parts, among which a new one is put most often.
            let epoch = step < 2_000 ? 2 * step % epochs : Int.random(in: 0..<epochs, using: &random)
            let removes = Int.random(in: 0..<10, using: &random) < (step < 4_000 ? 1 : 8)
            let value = removes ? nil : Double(epoch / 10 + Int.random(in: 0..<50, using: &random))
            objectives.set(value, at: epoch)
            expected[epoch] = value
            #expect(objectives.count == expected.count)
            guard step % 20 == 0 || epochs < 50 else { continue }
            let best = expected.map { CurveObjectives.Entry(epoch: $0, value: $1) }
                .min { objective.isBetter($0, than: $1) }
            guard objectives.best == best else {
                Issue.record("step \(step): \(String(describing: objectives.best)), not \(String(describing: best))")
                return
            }
        }
    }

    @Test func `The best epoch of a part that was divided is found`() {
        var objectives = CurveObjectives(of: BatteryState.Objective(channel: "valid", direction: .max))
        for number in 0..<384 { objectives.set(number == 350 ? 9 : 1, at: 2 * number) }
        objectives.set(0, at: 701)
        objectives.set(0, at: 700)
        #expect(objectives.best == CurveObjectives.Entry(epoch: 0, value: 1))
    }

    @Test(arguments: [0, 1, 127, 128, 129, 5_000])
    func `Objectives created at once equal those that were set one by one`(count: Int) {
        let objective = BatteryState.Objective(channel: "valid", direction: .max)
        var random = SeededGenerator(seed: 3)
        let entries = (0..<count).map { CurveObjectives.Entry(epoch: $0, value: Double($0 % 97)) }
        var created = CurveObjectives(of: objective, (entries + entries.prefix(9)).shuffled(using: &random))
        var set = CurveObjectives(of: objective)
        for entry in entries.shuffled(using: &random) { set.set(entry.value, at: entry.epoch) }
        #expect(created.count == count && set.count == count)
        for _ in 0..<count {
            guard created.best == set.best, let best = created.best else {
                Issue.record("\(String(describing: created.best)), not \(String(describing: set.best))")
                return
            }
            created.set(nil, at: best.epoch)
            set.set(nil, at: best.epoch)
        }
        #expect(created.best == nil && set.best == nil)
    }

    @Test func `A change of a copy leaves the original unchanged`() {
        var original = CurveObjectives(of: BatteryState.Objective(channel: "valid", direction: .max))
        for epoch in 0..<1_000 { original.set(Double(epoch), at: epoch) }
        var copy = original
        copy.set(-1, at: 999)
        #expect(original.best == CurveObjectives.Entry(epoch: 999, value: 999))
        #expect(copy.best == CurveObjectives.Entry(epoch: 998, value: 998))
    }
}
