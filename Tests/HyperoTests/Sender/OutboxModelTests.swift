import HyperoSchema
import Testing

@testable import Hypero

/// A journal and an outbox with random outcomes, and beside them what should be true, written down naively.
@Suite("Whatever becomes of the batches, nothing is lost, doubled or freed too early")
struct OutboxModelTests {
    @Test("random outcomes", arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var dice = Xoshiro256(seed: seed, stream: 0)
        var world = try World(segments: Int.random(in: 2...6, using: &dice))
        for _ in 0..<400 {
            world.append(Int.random(in: 0...60, using: &dice))
            world.send(upTo: Int.random(in: 1...90, using: &dice), using: &dice)
            world.apply(using: &dice)
            world.forget(using: &dice)
            try world.release(makingRoom: Bool.random(using: &dice))
        }
        try world.drain()
    }

    private struct World {
        let bench: JournalFixture
        var outbox = Outbox()
        var epochs: [UInt64: Int64] = [:]
        var next: Int64 = 0
        var acknowledged: Set<UInt64> = []
        var applied: UInt64 = 0
        var settled: UInt64 = 0
        /// Numbers that were given back and were not applied, or are not any more.
        var gone: Set<UInt64> = []
        var lastGiven: UInt64 = 0
        /// Taken to be sent next.
        var prepared: [UInt64] = []

        init(segments: Int) throws {
            bench = try JournalFixture(limit: segments * 2048, segmentSize: 2048)
        }

        mutating func append(_ count: Int) {
            for _ in 0..<count {
                let before = bench.journal.counts.accepted
                bench.append(epoch: next)
                let after = bench.journal.counts.accepted
                if after > before { epochs[after] = next }
                next += 1
            }
        }

        mutating func send(upTo limit: Int, using dice: inout Xoshiro256) {
            outbox.update(bench.journal.published())
            if prepared.isEmpty { prepare(upTo: limit) }
            let seqs = prepared
            outbox.startBatch()
            prepared = []
            if Bool.random(using: &dice), outbox.hasMore {
                prepare(upTo: limit)
                #expect(prepared.first ?? .max > seqs.last ?? 0)
                #expect(outbox.isPrepared)
            }
            #expect(acknowledged.isDisjoint(with: seqs))
            #expect(Set(seqs).count == seqs.count)
            #expect(!seqs.isEmpty || !outbox.hasEvents)
            let answered = Bool.random(using: &dice) ? seqs.count : Int.random(in: 0...seqs.count, using: &dice)
            let share = [0, 0, 0.1, 1].randomElement(using: &dice)!
            let refused = (0..<answered).filter { _ in Double.random(in: 0..<1, using: &dice) < share }
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

        /// The watermark goes up to anything below the first event that is not acknowledged.
        mutating func apply(using dice: inout Xoshiro256) {
            guard Int.random(in: 0..<4, using: &dice) == 0 else { return }
            var contiguous = applied
            while acknowledged.contains(contiguous + 1) { contiguous += 1 }
            contiguous = max(contiguous, applied)
            applied = UInt64.random(in: applied...contiguous, using: &dice)
            settled = UInt64.random(in: settled...applied, using: &dice)
        }

        /// Redis goes back to an older state, with a lower watermark or with the same.
        mutating func forget(using dice: inout Xoshiro256) {
            guard Int.random(in: 0..<12, using: &dice) == 0 else { return }
            let watermark = UInt64.random(in: 0...applied, using: &dice)
            (applied, settled) = (watermark, min(settled, watermark))
            let first = outbox.firstHeldSeq ?? 1
            // What was given back is gone; the outbox can but go on behind it.
            acknowledged = acknowledged.filter { $0 <= watermark || $0 < first }
            if watermark < lastGiven { gone.formUnion(watermark + 1...lastGiven) }
            outbox.rewind(to: watermark)
            prepared = []
            #expect(outbox.sent == acknowledged.count)
        }

        mutating func release(makingRoom: Bool) throws {
            for segment in outbox.releasable(durable: settled, applied: applied, makingRoom: makingRoom) {
                let seqs = Self.seqs(in: segment)
                #expect(!seqs.isEmpty)
                #expect(acknowledged.isSuperset(of: seqs))
                if !makingRoom { #expect(seqs.allSatisfy { $0 <= settled }) }
                gone.formUnion(seqs.filter { $0 > applied })
                lastGiven = max(lastGiven, seqs.last ?? 0)
                bench.journal.release(segment)
            }
            #expect(outbox.released == gone.count)
        }

        /// In the end Redis takes everything.
        mutating func drain() throws {
            while outbox.hasEvents {
                outbox.update(bench.journal.published())
                if prepared.isEmpty { prepare(upTo: .max) }
                let seqs = prepared
                prepared = []
                outbox.startBatch()
                outbox.finishBatch(answered: seqs.count, refused: [])
                #expect(acknowledged.isDisjoint(with: seqs))
                acknowledged.formUnion(seqs)
            }
            let accepted = bench.journal.counts.accepted
            #expect(accepted > 500)
            #expect(acknowledged == Set(1...accepted))
            #expect(outbox.sent == accepted)
            #expect(accepted + bench.journal.counts.dropped.journalFull == UInt64(next))
            (applied, settled) = (accepted, accepted)
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
