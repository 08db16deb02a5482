import HyperoSchema
import Testing

@testable import Hypero

@Suite("The journal")
struct JournalTests {
    @Test func `Records of consecutive segments have consecutive sequence numbers`() throws {
        let fixture = try JournalFixture()
        for epoch in 0..<500 as Range<Int64> { fixture.append(epoch: epoch) }
        let published = fixture.journal.published()
        #expect(published.fullSegments.count > 5)
        #expect(published.accepted == 500)
        var seqs: [UInt64] = []
        var epochs: [Int64?] = []
        JournalFixture.forEachRecord(in: published) { record in
            seqs.append(record.seq)
            epochs.append(record.epoch)
        }
        #expect(seqs == Array(1...500))
        #expect(epochs == Array(0..<500))
    }

    @Test func `A full segment is published once, and the current segment grows with later records`() throws {
        let fixture = try JournalFixture()
        for epoch in 0..<200 as Range<Int64> { fixture.append(epoch: epoch) }
        let first = fixture.journal.published()
        for epoch in 200..<210 as Range<Int64> { fixture.append(epoch: epoch) }
        let second = fixture.journal.published()
        #expect(second.fullSegments.isEmpty)
        #expect(second.current.segment === first.current.segment)
        #expect(second.current.end > first.current.end)
        #expect(second.accepted == 210)
    }

    @Test func `A full journal counts dropped events until a segment is released`() throws {
        let fixture = try JournalFixture(limit: 3 * 4096)
        for epoch in 0..<1_000 as Range<Int64> { fixture.append(epoch: epoch) }
        let (accepted, dropped) = fixture.journal.counts
        #expect(accepted > 0)
        #expect(dropped.journalFull > 0)
        #expect(accepted + dropped.journalFull == 1_000)
        #expect(dropped.total == dropped.journalFull)
        let published = fixture.journal.published()
        #expect(published.fullSegments.count == 2)
        #expect(fixture.journal.isNearlyFull)

        fixture.journal.release(published.fullSegments[0].segment)
        fixture.append(epoch: 7)
        #expect(fixture.journal.counts.accepted == accepted + 1)
        // The sequence numbers are contiguous, because a dropped event gets no number.
        var last: UInt64 = 0
        JournalFixture.forEachRecord(in: fixture.journal.published()) { last = $0.seq }
        #expect(last == accepted + 1)
    }

    @Test func `Segments prepared in advance count towards the limit of the journal`() throws {
        let fixture = try JournalFixture(limit: 2 * 4096)
        for _ in 0..<5 { fixture.journal.prepareSpare() }
        for epoch in 0..<1_000 as Range<Int64> { fixture.append(epoch: epoch) }
        for _ in 0..<5 { fixture.journal.prepareSpare() }
        #expect(fixture.journal.published().fullSegments.count == 1)
        #expect(try fixture.files.count == 2)
    }

    @Test func `The largest record that fits a segment is accepted, and a larger one is rejected`() throws {
        let fixture = try JournalFixture()
        let overhead =
            SegmentHeader.size + RecordHeader.size + JournalFixture.battery.bytes.count + RecordHeader.fieldHeader + 6
        fixture.append(.meta([Event.Entry(name: "m", value: String(repeating: "x", count: 4096 - overhead + 1))]))
        #expect(fixture.journal.counts.accepted == 0)
        #expect(fixture.journal.counts.dropped.invalid == 1)
        fixture.append(epoch: 1)
        fixture.append(.meta([Event.Entry(name: "m", value: String(repeating: "x", count: 4096 - overhead))]))
        fixture.append(epoch: 2)
        #expect(fixture.journal.counts.accepted == 3)
        #expect(fixture.journal.published().fullSegments.map(\.end).last == 4096)
    }

    @Test func `A closed journal accepts no event and counts each event as dropped`() throws {
        let fixture = try JournalFixture()
        fixture.append(epoch: 1)
        fixture.journal.close()
        fixture.append(epoch: 2)
        fixture.append(.meta([Event.Entry(name: "m", value: String(repeating: "x", count: 100_000))]))
        fixture.journal.countInvalid()
        let (accepted, dropped) = fixture.journal.counts
        #expect(accepted == 1)
        #expect(dropped.closed == 2)
        #expect(dropped.invalid == 1)
        #expect(dropped.total == 3)
        fixture.journal.prepareSpare()
        #expect(try fixture.files == ["1.segment"])
    }

    @Test func `Concurrent appends lose no record and keep the order of each thread`() throws {
        let fixture = SharedFixture(try JournalFixture(limit: 8 << 20))
        let threads = 8
        let records = 2_000
        // The main thread reads published records while the threads append, like the sender.
        var seqs: [UInt64] = []
        var epochs: [UInt64: [Int64]] = [:]
        var reader = JournalReader()
        let workers = ThreadGroup(threads) { thread in
            for epoch in 0..<records { fixture.append(epoch: Int64(epoch), experiment: UInt32(thread)) }
        }
        var isRunning = true
        while isRunning {
            isRunning = workers.isWorking
            fixture.journal.prepareSpare()
            reader.read(fixture.journal.published()) { record in
                seqs.append(record.seq)
                epochs[record.experiment, default: []].append(record.epoch ?? -1)
            }
        }
        #expect(seqs == Array(1...UInt64(threads * records)))
        #expect(epochs.count == threads)
        for thread in epochs.values { #expect(thread == Array(0..<Int64(records))) }
    }
}

/// A fixture shared by several threads.
///
/// `@unchecked Sendable`: `append` uses only the journal, which is thread-safe, and constants of the fixture.
private final class SharedFixture: @unchecked Sendable {
    private let fixture: JournalFixture
    var journal: Journal { fixture.journal }

    init(_ fixture: JournalFixture) { self.fixture = fixture }

    func append(epoch: Int64, experiment: UInt32) { fixture.append(epoch: epoch, experiment: experiment) }
}

/// A reader of records that continues after the last record of its previous read, like the sender thread.
private struct JournalReader {
    private var current: Segment?
    private var offset = 0

    mutating func read(_ published: Journal.Published, _ body: (Record) -> Void) {
        for piece in published.fullSegments + [published.current] {
            if piece.segment !== current { (current, offset) = (piece.segment, piece.start) }
            JournalFixture.forEachRecord(in: SegmentPiece(segment: piece.segment, start: offset, end: piece.end), body)
            offset = piece.end
        }
    }
}
