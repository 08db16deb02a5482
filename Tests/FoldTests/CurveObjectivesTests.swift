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
            let epoch = step < 2_000 ? step % epochs : Int.random(in: 0..<epochs, using: &random)
            let removes = Int.random(in: 0..<10, using: &random) < (step < 4_000 ? 1 : 8)
            let value = removes ? nil : Double(Int.random(in: 0..<50, using: &random))
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

    @Test func `A change of a copy leaves the original unchanged`() {
        var original = CurveObjectives(of: BatteryState.Objective(channel: "valid", direction: .max))
        for epoch in 0..<1_000 { original.set(Double(epoch), at: epoch) }
        var copy = original
        copy.set(-1, at: 999)
        #expect(original.best == CurveObjectives.Entry(epoch: 999, value: 999))
        #expect(copy.best == CurveObjectives.Entry(epoch: 998, value: 998))
    }
}
