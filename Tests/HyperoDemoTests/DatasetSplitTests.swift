import Testing

@testable import hypero_demo

@Suite struct DatasetSplitTests {
    @Test func `The split has 1,197 training digits and 300 each for valid and test`() {
        let split = DatasetSplit(count: 1_797)
        #expect(split.train.count == 1_197)
        #expect(split.valid.count == 300)
        #expect(split.test.count == 300)
    }

    @Test func `The split assigns every digit to exactly one part`() {
        let split = DatasetSplit(count: 1_797)
        #expect((split.train + split.valid + split.test).sorted() == Array(0..<1_797))
    }

    @Test func `The seed determines the split`() {
        #expect(DatasetSplit(count: 1_797, seed: 1) == DatasetSplit(count: 1_797, seed: 1))
        #expect(DatasetSplit(count: 1_797, seed: 1) != DatasetSplit(count: 1_797, seed: 2))
    }

    @Test func `Every part of the split contains every class`() {
        let dataset = Dataset(Digits.embedded)
        for part in [dataset.train, dataset.valid, dataset.test] {
            #expect(Set(part.labels) == Set(0...9))
        }
    }
}
