import Testing

@testable import hypero_demo

@Suite("The split")
struct SplitTests {
    @Test("has 1,197 digits to train on and 300 each for valid and test")
    func sizes() {
        let split = Split(count: 1_797)
        #expect(split.train.count == 1_197)
        #expect(split.valid.count == 300)
        #expect(split.test.count == 300)
    }

    @Test("gives every digit to exactly one part")
    func disjoint() {
        let split = Split(count: 1_797)
        #expect((split.train + split.valid + split.test).sorted() == Array(0..<1_797))
    }

    @Test("is the same for the same seed and another for another")
    func seeds() {
        #expect(Split(count: 1_797, seed: 1) == Split(count: 1_797, seed: 1))
        #expect(Split(count: 1_797, seed: 1) != Split(count: 1_797, seed: 2))
    }

    @Test("leaves every class in every part")
    func classes() throws {
        let dataset = Dataset(try Digits.bundled())
        for part in [dataset.train, dataset.valid, dataset.test] {
            #expect(Set(part.labels) == Set(0...9))
        }
    }
}
