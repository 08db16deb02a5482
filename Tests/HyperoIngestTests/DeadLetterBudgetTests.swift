import HyperoIngest
import Testing

@Suite struct DeadLetterBudgetTests {
    private static let limit = 64 << 20

    private func size(_ bytes: Int, _ letters: Int) -> DeadLetterBudget.Size {
        DeadLetterBudget.Size(bytes: bytes, letters: letters)
    }

    @Test
    func `The size is asked for once before the first letters, and not again before the last quarter of the limit`() {
        var budget = DeadLetterBudget(limit: Self.limit)
        #expect(!budget.isMeasured && budget.room == 48 << 20)
        budget.recordMeasured(size(1 << 20, 10))
        #expect(budget.isMeasured && !budget.isDue && budget.room == 47 << 20)
        for _ in 0..<46 {
            budget.recordWritten(size(1 << 20, 1))
            #expect(!budget.isDue)
        }
        budget.recordWritten(size(1 << 20, 1))
        #expect(budget.isDue && budget.room == 0)
    }

    @Test func `In the last quarter the size is asked for after each sixty-fourth of the limit`() {
        var budget = DeadLetterBudget(limit: Self.limit)
        budget.recordMeasured(size(50 << 20, 1_000))
        #expect(!budget.isDue && budget.room == 0)
        budget.recordWritten(size((1 << 20) - 1, 1))
        #expect(!budget.isDue)
        budget.recordWritten(size(1, 1))
        #expect(budget.isDue)
        // Another client has removed letters.
        budget.recordMeasured(size(0, 0))
        #expect(!budget.isDue && budget.room == 48 << 20)
    }

    @Test func `The letters to keep fit with an eighth of the limit free, and the newest one always stays`() {
        let budget = DeadLetterBudget(limit: Self.limit)
        #expect(budget.lettersToKeep(of: size(Self.limit, 1_000)) == nil)
        #expect(budget.lettersToKeep(of: size(2 * Self.limit, 1_000)) == 437)
        #expect(budget.lettersToKeep(of: size(Self.limit + 1, 2)) == 1)
        #expect(budget.lettersToKeep(of: size(1 << 40, 1)) == nil)
        #expect(budget.lettersToKeep(of: size(1 << 40, 100)) == 1)
        // Many letters are removed in parts, because the server answers no other client meanwhile.
        #expect(budget.lettersToKeep(of: size(1 << 40, 100_000)) == 99_000)
    }

    @Test func `Each removal takes letters away until the limit holds, whatever their sizes`() {
        let budget = DeadLetterBudget(limit: 1 << 20)
        // The newest letters are by far the largest.
        var letters = (0..<5_000).map { $0 < 4_900 ? 10 : 100_000 }
        var rounds = 0
        while let kept = budget.lettersToKeep(of: size(letters.reduce(0, +), letters.count)) {
            #expect(kept >= 1 && kept < letters.count)
            letters.removeFirst(letters.count - kept)
            rounds += 1
        }
        #expect(letters.reduce(0, +) <= 1 << 20)
        #expect(letters.count >= 5 && rounds < 100, "\(letters.count) letters after \(rounds) rounds")
    }
}
