import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// Tests that compare an outbox under random outcomes with a naive model of the same events.
@Suite("The outbox compared with a naive model")
struct OutboxModelTests {
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `An outbox with random outcomes loses or duplicates no event and releases no event too early`(seed: UInt64)
        throws
    {
        var generator = SeededGenerator(seed: seed)
        var model = try Model(segments: Int.random(in: 2...6, using: &generator))
        for _ in 0..<400 {
            model.append(Int.random(in: 0...60, using: &generator))
            model.send(upTo: Int.random(in: 1...90, using: &generator), using: &generator)
            model.apply(using: &generator)
            model.restoreOlderState(using: &generator)
            try model.release(makingRoom: Bool.random(using: &generator))
        }
        try model.drain()
    }

    private struct Model {
        let fixture: JournalFixture
        var outbox = Outbox()
        var epochs: [UInt64: Int64] = [:]
        var next: Int64 = 0
        var acknowledged: Set<UInt64> = []
        var applied: UInt64 = 0
        var durable: UInt64 = 0
        /// The released sequence numbers that are not applied, or were lost by the server afterwards.
        var released: Set<UInt64> = []
        var lastReleased: UInt64 = 0
        /// The sequence numbers of the prepared batch.
        var prepared: [UInt64] = []

        init(segments: Int) throws {
            fixture = try JournalFixture(limit: segments * 2048, segmentSize: 2048)
        }

        mutating func append(_ count: Int) {
            for _ in 0..<count {
                let before = fixture.journal.counts.accepted
                fixture.append(epoch: next)
                let after = fixture.journal.counts.accepted
                if after > before { epochs[after] = next }
                next += 1
            }
        }

        mutating func send(upTo limit: Int, using generator: inout SeededGenerator) {
            outbox.update(fixture.journal.published())
            if prepared.isEmpty { prepare(upTo: limit) }
            let seqs = prepared
            outbox.startBatch()
            prepared = []
            if Bool.random(using: &generator), outbox.hasMore {
                prepare(upTo: limit)
                #expect(prepared.first ?? .max > seqs.last ?? 0)
                #expect(outbox.isPrepared)
            }
            #expect(acknowledged.isDisjoint(with: seqs))
            #expect(Set(seqs).count == seqs.count)
            #expect(!seqs.isEmpty || !outbox.hasEvents)
            let answered =
                Bool.random(using: &generator) ? seqs.count : Int.random(in: 0...seqs.count, using: &generator)
            let refusedShare = [0, 0, 0.1, 1].randomElement(using: &generator)!
            let refused = (0..<answered).filter { _ in Double.random(in: 0..<1, using: &generator) < refusedShare }
            outbox.finishBatch(answered: answered, refused: refused)
            acknowledged.formUnion((0..<answered).filter { !refused.contains($0) }.map { seqs[$0] })
            if answered < seqs.count || !refused.isEmpty { prepared = [] }
            #expect(outbox.isPrepared == !prepared.isEmpty)
            #expect(outbox.sent == acknowledged.count)
        }

        private mutating func prepare(upTo limit: Int) {
            var isAsWritten = true
            outbox.prepareBatch { record in
                prepared.append(record.seq)
                if record.epoch != epochs[record.seq] { isAsWritten = false }
                return prepared.count == limit
            }
            #expect(isAsWritten)
            #expect(prepared == prepared.sorted())
        }

        /// Raises the watermark to a random number below the first event that is not acknowledged.
        mutating func apply(using generator: inout SeededGenerator) {
            guard Int.random(in: 0..<4, using: &generator) == 0 else { return }
            var contiguous = applied
            while acknowledged.contains(contiguous + 1) { contiguous += 1 }
            contiguous = max(contiguous, applied)
            applied = UInt64.random(in: applied...contiguous, using: &generator)
            durable = UInt64.random(in: durable...applied, using: &generator)
        }

        /// Restores an older state of Redis, with a random watermark that is not higher.
        mutating func restoreOlderState(using generator: inout SeededGenerator) {
            guard Int.random(in: 0..<12, using: &generator) == 0 else { return }
            let watermark = UInt64.random(in: 0...applied, using: &generator)
            (applied, durable) = (watermark, min(durable, watermark))
            let first = outbox.firstHeldSeq ?? 1
            // Released events cannot be resent, so the outbox continues with the first event that it holds.
            acknowledged = acknowledged.filter { $0 <= watermark || $0 < first }
            if watermark < lastReleased { released.formUnion(watermark + 1...lastReleased) }
            outbox.rewind(to: watermark)
            prepared = []
            #expect(outbox.sent == acknowledged.count)
        }

        mutating func release(makingRoom: Bool) throws {
            for segment in outbox.releasable(durable: durable, applied: applied, makingRoom: makingRoom) {
                let seqs = Self.seqs(in: segment)
                #expect(!seqs.isEmpty)
                #expect(acknowledged.isSuperset(of: seqs))
                if !makingRoom { #expect(seqs.allSatisfy { $0 <= durable }) }
                released.formUnion(seqs.filter { $0 > applied })
                lastReleased = max(lastReleased, seqs.last ?? 0)
                fixture.journal.release(segment)
            }
            #expect(outbox.released == released.count)
        }

        /// Sends every remaining event with acknowledgements and checks the totals.
        mutating func drain() throws {
            while outbox.hasEvents {
                outbox.update(fixture.journal.published())
                if prepared.isEmpty { prepare(upTo: .max) }
                let seqs = prepared
                prepared = []
                outbox.startBatch()
                outbox.finishBatch(answered: seqs.count, refused: [])
                #expect(acknowledged.isDisjoint(with: seqs))
                acknowledged.formUnion(seqs)
            }
            let accepted = fixture.journal.counts.accepted
            #expect(accepted > 500)
            #expect(acknowledged == Set(1...accepted))
            #expect(outbox.sent == accepted)
            #expect(accepted + fixture.journal.counts.dropped.journalFull == UInt64(next))
            (applied, durable) = (accepted, accepted)
            try release(makingRoom: false)
            #expect(outbox.heldSegments.count == 1)
        }

        private static func seqs(in segment: Segment) -> [UInt64] {
            var seqs: [UInt64] = []
            var offset = SegmentHeader.size
            while let record = Record(
                validatingAt: segment.base + offset, space: segment.size - offset, ancestorCount: 0)
            {
                seqs.append(record.seq)
                offset += record.length
            }
            return seqs
        }
    }
}
