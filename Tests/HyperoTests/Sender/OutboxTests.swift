import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("The outbox")
struct OutboxTests {
    /// Returns a journal with small segments and a number of records, and an outbox of the published records.
    private static func outbox(records: Int64) throws -> (JournalFixture, Outbox) {
        let fixture = try JournalFixture()
        for epoch in 0..<records { fixture.append(epoch: epoch) }
        var outbox = Outbox()
        outbox.update(fixture.journal.published())
        return (fixture, outbox)
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

    @Test func `An outbox is empty after all its batches are acknowledged`() throws {
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

    @Test func `A batch without replies is resent before newer events`() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        #expect(Self.batch(&outbox, upTo: 6) == Array(1...6))
        outbox.finishBatch(answered: 0, refused: [])
        #expect(outbox.sent == 0)
        #expect(Self.batch(&outbox) == Array(1...10))
    }

    @Test func `Only the unanswered events of a broken batch are resent`() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        _ = Self.batch(&outbox, upTo: 6)
        outbox.finishBatch(answered: 4, refused: [])
        #expect(outbox.sent == 4)
        #expect(Self.batch(&outbox, upTo: 3) == [5, 6, 7])
        outbox.finishBatch(answered: 0, refused: [])
        #expect(Self.batch(&outbox) == [5, 6, 7, 8, 9, 10])
    }

    @Test func `Refused events of a batch are resent under their numbers and in order`() throws {
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

    @Test func `Refused and unanswered events of one batch are resent once each`() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        _ = Self.batch(&outbox, upTo: 6)
        outbox.finishBatch(answered: 4, refused: [0, 1, 2, 3])
        #expect(outbox.sent == 0)
        #expect(Self.batch(&outbox, upTo: 4) == [1, 2, 3, 4])
        outbox.finishBatch(answered: 2, refused: [])
        #expect(Self.batch(&outbox) == [3, 4, 5, 6, 7, 8, 9, 10])
    }

    @Test func `A prepared batch is sent next, or discarded if an event in flight must be resent`() throws {
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

    @Test func `A segment is released when its events are durable, or already when they are sent if room is needed`()
        throws
    {
        var (_, outbox) = try Self.outbox(records: 200)
        let firstEnd = Self.rowsPerSegment
        _ = Self.batch(&outbox)
        #expect(Self.released(&outbox, applied: 200, makingRoom: true) == 0)
        outbox.finishBatch(answered: 200, refused: [])
        #expect(Self.released(&outbox, applied: 0) == 0)
        #expect(Self.released(&outbox, applied: firstEnd - 1) == 0)
        // The events are applied but not durable yet, because Redis could still lose them.
        #expect(Self.released(&outbox, durable: 0, applied: 200) == 0)
        #expect(Self.released(&outbox, applied: firstEnd) == 1)
        #expect(outbox.released == 0)
        #expect(Self.released(&outbox, durable: firstEnd, applied: 2 * firstEnd, makingRoom: true) == 1)
        #expect(outbox.released == 0)
        #expect(Self.released(&outbox, applied: 2 * firstEnd + 3, makingRoom: true) == 1)
        #expect(outbox.released == firstEnd - 3)
        let before = outbox.heldSegments.count
        #expect(Self.released(&outbox, applied: 200) == before - 1)
        // The last segment is never released, because log calls append to it.
        #expect(outbox.heldSegments.count == 1)
    }

    @Test func `A rewind of an orphaned journal reads the segment of the watermark and no other`() throws {
        let orphan = try OrphanFixture(rows: 600)
        guard case .opened(let journal) = try orphan.adopt() else { throw TestFailure("not opened") }
        #expect(journal.segments.count > 6)
        // Without the other segments, so that a read of them fails. The first is read for the lowest number.
        let watermark: UInt64 = 300
        for segment in journal.segments.dropFirst()
        where !journal.scan.pieces.contains(where: { $0.segment === segment && $0.contains(watermark + 1) }) {
            segment.remove()
        }
        var outbox = Outbox(writesChecksums: false)
        outbox.update(Journal(journal).published())
        outbox.rewind(to: watermark)
        #expect(journal.failure == nil)
        #expect(outbox.sent == watermark)
        #expect(Self.batch(&outbox, upTo: 2) == [301, 302])
    }

    @Test(arguments: [0, 1, 299, 599, 600, 10_000] as [UInt64])
    func `A rewind of an orphaned journal that was not read continues after the watermark`(watermark: UInt64) throws {
        let orphan = try OrphanFixture(rows: 600)
        guard case .opened(let journal) = try orphan.adopt() else { throw TestFailure("not opened") }
        var outbox = Outbox(writesChecksums: false)
        outbox.update(Journal(journal).published())
        outbox.rewind(to: watermark)
        #expect(outbox.hasEvents == (watermark < 600))
        #expect(Self.batch(&outbox) == Array((min(watermark, 600)..<600).map { $0 + 1 }))
    }

    @Test func `The acknowledged events end before the first one to send again, also behind a gap`() throws {
        var (_, outbox) = try Self.outbox(records: 10)
        #expect(outbox.acknowledged == 0)
        _ = Self.batch(&outbox, upTo: 6)
        #expect(outbox.acknowledged == 0)
        outbox.finishBatch(answered: 5, refused: [2])
        #expect(outbox.acknowledged == 2)
        #expect(outbox.sent == 4)
        _ = Self.batch(&outbox)
        outbox.finishBatch(answered: 6, refused: [])
        #expect(outbox.acknowledged == 10)
    }

    @Test func `Very many pieces are released in one call, each once`() throws {
        // Every second record of the journal is damaged.
        let fixture = try JournalFixture(limit: 64 << 20, segmentSize: 4 << 20)
        for epoch in 0..<Int64(40_000) { fixture.append(epoch: epoch) }
        let published = fixture.journal.published()
        var pieces: [SegmentPiece] = []
        JournalFixture.forEachRecord(in: published.current) { record in
            guard record.seq % 2 == 0 else { return }
            let start = record.base - published.current.segment.base
            pieces.append(
                SegmentPiece(
                    segment: published.current.segment, start: start, end: start + record.length, lastSeq: record.seq))
        }
        #expect(pieces.count == 20_000)
        var outbox = Outbox(writesChecksums: false)
        outbox.update(Journal.Published(fullSegments: pieces, current: .empty, accepted: 40_000))
        #expect(Self.batch(&outbox).count == 20_000)
        outbox.finishBatch(answered: 20_000, refused: [])
        #expect(outbox.releasable(durable: 40_000, applied: 40_000, makingRoom: false).count == 1)
        #expect(outbox.heldSegments.isEmpty)
    }

    private static func released(
        _ outbox: inout Outbox, durable: UInt64? = nil, applied: UInt64, makingRoom: Bool = false
    ) -> Int {
        outbox.releasable(durable: durable ?? applied, applied: applied, makingRoom: makingRoom).count
    }

    /// The number of rows that fit into one segment.
    private static let rowsPerSegment: UInt64 = {
        let row = RecordHeader.size + JournalFixture.battery.bytes.count + RecordHeader.channelHeader + 5 + 8
        return UInt64((4096 - SegmentHeader.size) / ((row + 7) & ~7))
    }()
}

extension SegmentPiece {
    /// Returns whether the record of a sequence number is in the piece.
    fileprivate func contains(_ seq: UInt64) -> Bool {
        var isFound = false
        JournalFixture.forEachRecord(in: self) { if $0.seq == seq { isFound = true } }
        return isFound
    }
}
