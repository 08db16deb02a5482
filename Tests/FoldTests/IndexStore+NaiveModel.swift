import HyperoIngest
import HyperoSchema
import TestSupport
import Testing

extension IndexStore {
    /// Returns the differences between the store and the naive model of the entries; empty if they are equal.
    func differences(from entries: [StreamEntry]) -> String {
        var found = PartitionContent()
        for (key, hash) in hashes where key != keyspace.ingest && !hash.isEmpty { found.keys[key] = .hash(hash) }
        for (key, set) in sets { found.keys[key] = .sortedSet(set) }
        let counts = hashes[keyspace.ingest] ?? [:]
        func count(_ field: String) -> Int { counts[field].flatMap { Int($0) } ?? 0 }
        found.counts = PartitionContent.Counts(
            applied: count(IngestField.applied), duplicates: count(IngestField.duplicates),
            gaps: count(IngestField.gaps), dead: count(IngestField.dead))
        var expected = NaiveModel.content(of: entries, in: keyspace)
        // The store has only the reasons of the dead letters, not their entries.
        #expect(deadLetters.sorted() == expected.dead.values.sorted())
        expected.dead = [:]
        return found.differences(fromExpected: expected)
    }

    /// Decodes the entries as the ingest does, and folds them as one batch.
    mutating func add(_ entries: some Sequence<StreamEntry>) {
        var batch = DecodedBatch()
        for entry in entries {
            entry.withWireFields { batch.append(entry.id, fields: $0, declaredCount: nil) }
        }
        add(batch)
    }
}
