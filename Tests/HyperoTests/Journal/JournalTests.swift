import HyperoSchema
import Testing

@testable import Hypero

@Suite("The journal keeps every record it took, and counts every one it did not")
struct JournalTests {
    @Test("Full segments follow each other without a hole")
    func segmentsSwitch() throws {
        let fixture = try JournalFixture()
        for epoch in 0..<500 as Range<Int64> { fixture.append(epoch: epoch) }
        let published = fixture.journal.published()
        #expect(published.sealed.count > 5)
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

    @Test("What was handed out once is not handed out again, and what comes later is")
    func publishedOnce() throws {
        let fixture = try JournalFixture()
        for epoch in 0..<200 as Range<Int64> { fixture.append(epoch: epoch) }
        let first = fixture.journal.published()
        for epoch in 200..<210 as Range<Int64> { fixture.append(epoch: epoch) }
        let second = fixture.journal.published()
        #expect(second.sealed.isEmpty)
        #expect(second.current.segment === first.current.segment)
        #expect(second.current.end > first.current.end)
        #expect(second.accepted == 210)
    }

    @Test("A full journal drops and counts, and takes again when a segment comes back")
    func limit() throws {
        let fixture = try JournalFixture(limit: 3 * 4096)
        for epoch in 0..<1_000 as Range<Int64> { fixture.append(epoch: epoch) }
        let (accepted, dropped) = fixture.journal.counts
        #expect(accepted > 0)
        #expect(dropped.journalFull > 0)
        #expect(accepted + dropped.journalFull == 1_000)
        #expect(dropped.total == dropped.journalFull)
        let published = fixture.journal.published()
        #expect(published.sealed.count == 2)
        #expect(fixture.journal.isNearlyFull)

        fixture.journal.release(published.sealed[0].segment)
        fixture.append(epoch: 7)
        #expect(fixture.journal.counts.accepted == accepted + 1)
        // Without a hole in the numbers: what was dropped never had one.
        var last: UInt64 = 0
        JournalFixture.forEachRecord(in: fixture.journal.published()) { last = $0.seq }
        #expect(last == accepted + 1)
    }

    @Test("Segments made ahead count towards the limit")
    func spareWithinLimit() throws {
        let fixture = try JournalFixture(limit: 2 * 4096)
        for _ in 0..<5 { fixture.journal.prepare() }
        for epoch in 0..<1_000 as Range<Int64> { fixture.append(epoch: epoch) }
        for _ in 0..<5 { fixture.journal.prepare() }
        #expect(fixture.journal.published().sealed.count == 1)
        #expect(try fixture.files.count == 2)
    }

    @Test("A record larger than a segment is refused, and the largest that fits is not")
    func largest() throws {
        let fixture = try JournalFixture()
        let overhead =
            SegmentHeader.size + RecordHeader.size + JournalFixture.battery.bytes.count + RecordHeader.fieldHeader + 6
        fixture.append(.meta([Event.Entry("m", String(repeating: "x", count: 4096 - overhead + 1))]))
        #expect(fixture.journal.counts.accepted == 0)
        #expect(fixture.journal.counts.dropped.invalid == 1)
        fixture.append(epoch: 1)
        fixture.append(.meta([Event.Entry("m", String(repeating: "x", count: 4096 - overhead))]))
        fixture.append(epoch: 2)
        #expect(fixture.journal.counts.accepted == 3)
        #expect(fixture.journal.published().sealed.map(\.end).last == 4096)
    }

    @Test("A closed journal takes nothing and counts it, full or not")
    func closed() throws {
        let fixture = try JournalFixture()
        fixture.append(epoch: 1)
        fixture.journal.close()
        fixture.append(epoch: 2)
        fixture.append(.meta([Event.Entry("m", String(repeating: "x", count: 100_000))]))
        fixture.journal.refuse()
        let (accepted, dropped) = fixture.journal.counts
        #expect(accepted == 1)
        #expect(dropped.closed == 2)
        #expect(dropped.invalid == 1)
        #expect(dropped.total == 3)
        fixture.journal.prepare()
        #expect(try fixture.files == ["1.segment"])
    }

    @Test("Threads that append at once lose nothing, and each one's records keep their order")
    func threads() throws {
        let fixture = SharedFixture(try JournalFixture(limit: 8 << 20))
        let threads = 8
        let records = 2_000
        // What is published is read while the threads write, as the sender does.
        var seqs: [UInt64] = []
        var epochs: [UInt64: [Int64]] = [:]
        var reader = JournalReader()
        let workers = ThreadGroup(threads) { thread in
            for epoch in 0..<records { fixture.append(epoch: Int64(epoch), experiment: UInt32(thread)) }
        }
        var isRunning = true
        while isRunning {
            isRunning = workers.isWorking
            fixture.journal.prepare()
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

/// The fixture for several threads: the journal and the constants of the fixture are all that `append` uses.
private final class SharedFixture: @unchecked Sendable {
    private let fixture: JournalFixture
    var journal: Journal { fixture.journal }

    init(_ fixture: JournalFixture) { self.fixture = fixture }

    func append(epoch: Int64, experiment: UInt32) { fixture.append(epoch: epoch, experiment: experiment) }
}

/// Reads on where it stopped, as the sender's thread does.
private struct JournalReader {
    private var current: Segment?
    private var offset = 0

    mutating func read(_ published: Journal.Published, _ body: (Record) -> Void) {
        for piece in published.sealed + [published.current] {
            if piece.segment !== current { (current, offset) = (piece.segment, piece.start) }
            JournalFixture.forEachRecord(in: SegmentPiece(segment: piece.segment, start: offset, end: piece.end), body)
            offset = piece.end
        }
    }
}
