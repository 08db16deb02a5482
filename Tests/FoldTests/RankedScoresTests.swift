import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct RankedScoresTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `Ranks equal those of a sorted array after any changes`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (scores, sorted) = (RankedScores(), [Double]())
        // Few different numbers, so that many are equal.
        let range = seed % 2 == 0 ? 0...50 : 0...100_000
        let shrinks = seed % 3 == 0
        for step in 0..<2_000 {
            let number = Int.random(in: range, using: &random)
            let score = number == 0 ? Double.infinity : Double(number)
            if !sorted.isEmpty, random.chance(shrinks && step > 1_000 ? 90 : 30) {
                let removed = random.chance(90) ? random.pick(sorted) : score
                scores.remove(removed)
                if let index = sorted.firstIndex(of: removed) { sorted.remove(at: index) }
            } else {
                scores.insert(score)
                sorted.insert(score, at: sorted.firstIndex { $0 >= score } ?? sorted.count)
            }
            let asked = Double(Int.random(in: range, using: &random))
            guard scores.count == sorted.count, scores.rank(of: asked) == sorted.count(where: { $0 < asked }) else {
                Issue.record("step \(step)")
                return
            }
        }
    }

    @Test func `A change of a copy leaves the other one as it was`() {
        var scores = RankedScores()
        for number in 0..<1_000 { scores.insert(Double(number)) }
        let copy = scores
        for number in 0..<500 { scores.remove(Double(number)) }
        scores.insert(-1)
        #expect(copy.count == 1_000 && copy.rank(of: 500) == 500)
        #expect(scores.count == 501 && scores.rank(of: 500) == 1)
    }

    @Test func `Twice as many scores take at most about twice as many steps`() throws {
        func steps(_ count: Int) throws -> Int {
            var random = SeededGenerator(seed: 1)
            let numbers = (0..<count).map(Double.init).shuffled(using: &random)
            var scores = RankedScores()
            let steps = WorkCounter.steps {
                for number in numbers {
                    // As a batch of one row does it.
                    let copy = scores
                    scores.insert(number)
                    _ = scores.rank(of: number)
                    _ = copy.count
                }
            }.steps
            return try #require(steps, "counted in debug builds only")
        }
        let (small, large) = (try steps(2_000), try steps(4_000))
        #expect(large < 5 * small / 2, "\(small) steps for 2,000 scores, \(large) for 4,000")
    }
}
