import HyperoSchema
import TestSupport
import Testing

@Suite("The fold")
struct NaiveModelTests {
    @Test(
        "makes of any entries, good and bad, what the naive model makes of them",
        arguments: 1...40 as ClosedRange<UInt64>)
    func sameAsModel(seed: UInt64) {
        var generator = EventGenerator(seed: seed)
        let entries = generator.entries(600)
        var random = SeededGenerator(seed: seed)
        var store = IndexStore()
        var rest = entries[...]
        while !rest.isEmpty {
            let batch = rest.prefix(Int.random(in: 1...120, using: &random))
            store.add(batch)
            rest = rest.dropFirst(batch.count)
        }
        #expect(store.differences(from: entries) == "")
    }
}
