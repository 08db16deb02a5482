import HyperoSchema
import TestSupport
import Testing

@Suite struct NaiveModelTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `The fold of any entries, valid or not, equals the naive model`(seed: UInt64) {
        var generator = EventGenerator(seed: seed)
        let entries = generator.entries(600)
        var random = SeededGenerator(seed: seed)
        var store = IndexStore()
        var remaining = entries[...]
        while !remaining.isEmpty {
            let batch = remaining.prefix(Int.random(in: 1...120, using: &random))
            store.add(batch)
            remaining = remaining.dropFirst(batch.count)
        }
        #expect(store.differences(from: entries) == "")
    }
}
