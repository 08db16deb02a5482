import HyperoSchema
import Testing

@testable import Hypero

@Suite("The outbox sends everything once, in order, and again what Redis did not take")
struct OutboxTests {
    /// A journal of so many records in small segments, and an outbox that has taken them over.
    private static func outbox(records: Int64) throws -> (JournalFixture, Outbox) {
        let bench = try JournalFixture()
        for epoch in 0..<records { bench.append(epoch: epoch) }
        var outbox = Outbox()
        outbox.update(bench.journal.published())
        return (bench, outbox)
    }

    private static func batch(_ outbox: inout Outbox, upTo limit: Int = .max) -> [UInt64] {
        let seqs = prepare(&outbox, upTo: limit)
        outbox.startBatch()
        return seqs
    }

    private static func prepare(_ outbox: inout Outbox, upTo limit: Int = .max) -> [UInt64] {
        var seqs: [UInt64] = []
        outbox.prepareBatch { record in
            seqs.append(record.seq)
            return seqs.count == limit
        }
        return seqs
    }

    @Test("All acknowledged")
    func acknowledged() throws {
        var (_, outbox) = try Self.outbox(records: 200)
        #expect(outbox.hasEvents)
        #expect(Self.batch(&outbox, upTo: 120) == Array(1...120))
        outbox.finishBatch(answered: 120, refused: [])
        #expect(outbox.sent == 120)
        #expect(Self.batch(&outbox) == Array(121...200))
        outbox.finishBatch(answered: 80, refused: [])
        #expect(outbox.sent == 200)
        #expect(!outbox.hasEvents)
        #expect(Self.batch(&outbox) == [])
    }

    @Test("Without a reply: all of the batch goes again, before anything new")
    func unanswered() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        #expect(Self.batch(&outbox, upTo: 6) == Array(1...6))
        outbox.finishBatch(answered: 0, refused: [])
        #expect(outbox.sent == 0)
        #expect(Self.batch(&outbox) == Array(1...10))
    }

    @Test("Broken in the middle: what has no reply goes again")
    func brokenInTheMiddle() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        _ = Self.batch(&outbox, upTo: 6)
        outbox.finishBatch(answered: 4, refused: [])
        #expect(outbox.sent == 4)
        #expect(Self.batch(&outbox, upTo: 3) == [5, 6, 7])
        outbox.finishBatch(answered: 0, refused: [])
        #expect(Self.batch(&outbox) == [5, 6, 7, 8, 9, 10])
    }

    @Test("Refused in the middle: those go again under their numbers, in order")
    func refusedInTheMiddle() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        _ = Self.batch(&outbox, upTo: 6)
        outbox.finishBatch(answered: 5, refused: [1, 3])
        #expect(outbox.sent == 3)
        #expect(Self.batch(&outbox, upTo: 2) == [2, 4])
        outbox.finishBatch(answered: 2, refused: [0])
        #expect(Self.batch(&outbox) == [2, 6, 7, 8, 9, 10])
        outbox.finishBatch(answered: 6, refused: [])
        #expect(outbox.sent == 10)
        #expect(!outbox.hasEvents)
    }

    @Test("Refused by a full server, and broken behind: both go again, once each")
    func refusedAndBroken() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        _ = Self.batch(&outbox, upTo: 6)
        outbox.finishBatch(answered: 4, refused: [0, 1, 2, 3])
        #expect(outbox.sent == 0)
        #expect(Self.batch(&outbox, upTo: 4) == [1, 2, 3, 4])
        outbox.finishBatch(answered: 2, refused: [])
        #expect(Self.batch(&outbox) == [3, 4, 5, 6, 7, 8, 9, 10])
    }

    @Test("Prepared while others are on their way: sent after them, or given back when one of those goes again")
    func prepared() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        _ = Self.batch(&outbox, upTo: 3)
        #expect(Self.prepare(&outbox, upTo: 3) == [4, 5, 6])
        outbox.finishBatch(answered: 3, refused: [])
        #expect(outbox.sent == 3)
        #expect(outbox.isPrepared && outbox.hasMore && outbox.hasEvents)
        outbox.startBatch()
        #expect(Self.prepare(&outbox) == [7, 8, 9, 10])
        outbox.finishBatch(answered: 3, refused: [1])
        #expect(!outbox.isPrepared)
        #expect(outbox.sent == 5)
        #expect(Self.batch(&outbox) == [5, 7, 8, 9, 10])
        #expect(!outbox.hasMore && outbox.hasEvents)
    }

    @Test("A segment is kept until applied, and one that is only sent makes room when it has to")
    func release() throws {
        var (_, outbox) = try Self.outbox(records: 200)
        let firstEnd = Self.rowsPerSegment
        _ = Self.batch(&outbox)
        #expect(Self.released(&outbox, applied: 200, makingRoom: true) == 0)
        outbox.finishBatch(answered: 200, refused: [])
        #expect(Self.released(&outbox, applied: 0) == 0)
        #expect(Self.released(&outbox, applied: firstEnd - 1) == 0)
        // Applied, but not for long: Redis might forget it.
        #expect(Self.released(&outbox, settled: 0, applied: 200) == 0)
        #expect(Self.released(&outbox, applied: firstEnd) == 1)
        #expect(outbox.released == 0)
        #expect(Self.released(&outbox, settled: firstEnd, applied: 2 * firstEnd, makingRoom: true) == 1)
        #expect(outbox.released == 0)
        #expect(Self.released(&outbox, applied: 2 * firstEnd + 3, makingRoom: true) == 1)
        #expect(outbox.released == firstEnd - 3)
        let before = outbox.heldSegments.count
        #expect(Self.released(&outbox, applied: 200) == before - 1)
        // Callers write to the last one.
        #expect(outbox.heldSegments.count == 1)
    }

    private static func released(
        _ outbox: inout Outbox, settled: UInt64? = nil, applied: UInt64, makingRoom: Bool = false
    ) -> Int {
        outbox.releasable(durable: settled ?? applied, applied: applied, makingRoom: makingRoom).count
    }

    /// How many rows fit into one segment.
    private static let rowsPerSegment: UInt64 = {
        let row = RecordHeader.size + JournalFixture.battery.bytes.count + RecordHeader.channelHeader + 5 + 8
        return UInt64((4096 - SegmentHeader.size) / ((row + 7) & ~7))
    }()
}
