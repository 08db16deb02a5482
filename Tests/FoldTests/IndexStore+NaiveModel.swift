@testable import HyperoIngest
import HyperoSchema
import TestSupport
import Testing

extension IndexStore {
    /// What the store holds beside what the naive model makes of the entries; empty when they are the same.
    func differences(from entries: [StreamEntry]) -> String {
        var found = PartitionContent()
        for (key, hash) in hashes where key != keys.ingest && !hash.isEmpty { found.keys[key] = .hash(hash) }
        for (key, set) in sets { found.keys[key] = .sortedSet(set) }
        let counts = hashes[keys.ingest] ?? [:]
        func count(_ field: String) -> Int { counts[field].flatMap { Int($0) } ?? 0 }
        found.counts = PartitionContent.Counts(
            applied: count(IngestField.applied), duplicates: count(IngestField.duplicates),
            gaps: count(IngestField.gaps), dead: count(IngestField.dead))
        var expected = NaiveModel.content(of: entries, in: keys)
        // The store keeps the reasons without their entries.
        #expect(deadLetters.sorted() == expected.dead.values.sorted())
        expected.dead = [:]
        return found.differences(fromExpected: expected)
    }

    /// Folds the entries, as the daemon decodes them, as one batch.
    mutating func add(_ entries: some Sequence<StreamEntry>) {
        var batch = DecodedBatch()
        for entry in entries {
            entry.withWireFields { batch.append(entry.id, $0, announced: nil) }
        }
        add(batch)
    }
}
