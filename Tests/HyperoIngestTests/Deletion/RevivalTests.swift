import HyperoRedis
import HyperoSchema
import Testing

@testable import HyperoIngest

@Suite struct RevivalTests {
    private let battery = EventSequence.battery

    private func fold(_ slots: inout PipelineSlots) {
        while var lookup = slots.fold() {
            for index in lookup.missing.batteries { lookup.state.batteries[index] = BatteryState() }
            slots.resolve(lookup)
        }
    }

    private func isRevived(in slots: PipelineSlots, keyspace: Keyspace) -> Bool {
        slots.next?.result.changes.contains(.removeMembers(key: keyspace.deleted, [battery.text])) == true
    }

    @Test func `The tombstone of a revived battery is removed, also if a failure makes the batch fold again`() throws {
        let keyspace = try Keyspace.all()[0]
        var tombstones = Tombstones()
        tombstones.insert(battery, at: 5)
        var slots = PipelineSlots(
            resumingAt: FoldedBatch(resumingAt: StreamPosition(id: .zero, entries: 0)), mayHaveMore: true,
            tombstones: tombstones, in: keyspace)
        _ = slots.submit()
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 10, sequence: 0), event: .success(EventSequence.declaration))
        slots.adopt(ReadBatch(batch: batch, mayHaveMore: true))
        fold(&slots)
        #expect(isRevived(in: slots, keyspace: keyspace))

        // The batch before it fails in part.
        let failure = Transaction.Failure(.counter(key: "key"), error: RedisError(.other, "failed"))
        _ = slots.complete(failures: [failure])
        #expect(slots.next == nil && slots.prefetched != nil)
        fold(&slots)
        #expect(isRevived(in: slots, keyspace: keyspace))

        // The next declaration finds the battery alive.
        _ = slots.submit()
        _ = slots.complete()
        var again = DecodedBatch()
        again.append(StreamID(milliseconds: 11, sequence: 0), event: .success(EventSequence.declaration))
        slots.adopt(ReadBatch(batch: again, mayHaveMore: true))
        fold(&slots)
        #expect(!isRevived(in: slots, keyspace: keyspace))
        #expect(slots.next?.result.counts.applied == 1)
    }
}
