import HyperoSchema
import Testing

@testable import Hypero

@Suite("The journal keeps every record it took, and counts every one it did not")
struct JournalTests {
    @Test("Full segments follow each other without a hole")
    func segmentsSwitch() throws {
        let bench = try JournalFixture()
        for epoch in 0..<500 as Range<Int64> { bench.append(epoch: epoch) }
        let published = bench.journal.published()
        #expect(published.fullSegments.count > 5)
        #expect(published.accepted == 500)
        var seqs: [UInt64] = []
        var epochs: [Int64?] = []
        JournalFixture.forEachRecord(published) { record in
            seqs.append(record.seq)
            epochs.append(record.epoch)
        }
        #expect(seqs == Array(1...500))
        #expect(epochs == Array(0..<500))
    }

    @Test("What was handed out once is not handed out again, and what comes later is")
    func publishedOnce() throws {
        let bench = try JournalFixture()
        for epoch in 0..<200 as Range<Int64> { bench.append(epoch: epoch) }
        let first = bench.journal.published()
        for epoch in 200..<210 as Range<Int64> { bench.append(epoch: epoch) }
        let second = bench.journal.published()
        #expect(second.fullSegments.isEmpty)
        #expect(second.current.segment === first.current.segment)
        #expect(second.current.end > first.current.end)
        #expect(second.accepted == 210)
    }

    @Test("A full journal drops and counts, and takes again when a segment comes back")
    func limit() throws {
        let bench = try JournalFixture(limit: 3 * 4096)
        for epoch in 0..<1_000 as Range<Int64> { bench.append(epoch: epoch) }
        let (accepted, dropped) = bench.journal.counts
        #expect(accepted > 0)
        #expect(dropped.journalFull > 0)
        #expect(accepted + dropped.journalFull == 1_000)
        #expect(dropped.total == dropped.journalFull)
        let published = bench.journal.published()
        #expect(published.fullSegments.count == 2)
        #expect(bench.journal.isNearlyFull)

        bench.journal.release(published.fullSegments[0].segment)
        bench.append(epoch: 7)
        #expect(bench.journal.counts.accepted == accepted + 1)
        // Without a hole in the numbers: what was dropped never had one.
        var last: UInt64 = 0
        JournalFixture.forEachRecord(bench.journal.published()) { last = $0.seq }
        #expect(last == accepted + 1)
    }

    @Test("Segments made ahead count towards the limit")
    func spareWithinLimit() throws {
        let bench = try JournalFixture(limit: 2 * 4096)
        for _ in 0..<5 { bench.journal.prepareSpare() }
        for epoch in 0..<1_000 as Range<Int64> { bench.append(epoch: epoch) }
        for _ in 0..<5 { bench.journal.prepareSpare() }
        #expect(bench.journal.published().fullSegments.count == 1)
        #expect(try bench.files.count == 2)
    }

    @Test("A record larger than a segment is refused, and the largest that fits is not")
    func largest() throws {
        let bench = try JournalFixture()
        let overhead =
            SegmentHeader.size + RecordHeader.size + JournalFixture.battery.bytes.count + RecordHeader.fieldHeader + 6
        bench.append(.meta([Event.Entry("m", String(repeating: "x", count: 4096 - overhead + 1))]))
        #expect(bench.journal.counts.accepted == 0)
        #expect(bench.journal.counts.dropped.invalid == 1)
        bench.append(epoch: 1)
        bench.append(.meta([Event.Entry("m", String(repeating: "x", count: 4096 - overhead))]))
        bench.append(epoch: 2)
        #expect(bench.journal.counts.accepted == 3)
        #expect(bench.journal.published().fullSegments.map(\.end).last == 4096)
    }

    @Test("A closed journal takes nothing and counts it, full or not")
    func closed() throws {
        let bench = try JournalFixture()
        bench.append(epoch: 1)
        bench.journal.close()
        bench.append(epoch: 2)
        bench.append(.meta([Event.Entry("m", String(repeating: "x", count: 100_000))]))
        bench.journal.countInvalid()
        let (accepted, dropped) = bench.journal.counts
        #expect(accepted == 1)
        #expect(dropped.closed == 2)
        #expect(dropped.invalid == 1)
        #expect(dropped.total == 3)
        bench.journal.prepareSpare()
        #expect(try bench.files == ["1.segment"])
    }

    @Test("Threads that append at once lose nothing, and each one's records keep their order")
    func threads() throws {
        let bench = SharedFixture(try JournalFixture(limit: 8 << 20))
        let threads = 8
        let records = 2_000
        // What is published is read while the threads write, as the sender does.
        var seqs: [UInt64] = []
        var epochs: [UInt64: [Int64]] = [:]
        var reader = JournalReader()
        let crew = ThreadGroup(threads) { thread in
            for epoch in 0..<records { bench.append(epoch: Int64(epoch), experiment: UInt32(thread)) }
        }
        var isRunning = true
        while isRunning {
            isRunning = crew.isWorking
            bench.journal.prepareSpare()
            reader.read(bench.journal.published()) { record in
                seqs.append(record.seq)
                epochs[record.experiment, default: []].append(record.epoch ?? -1)
            }
        }
        #expect(seqs == Array(1...UInt64(threads * records)))
        #expect(epochs.count == threads)
        for thread in epochs.values { #expect(thread == Array(0..<Int64(records))) }
    }
}

/// The bench for several threads: the journal and the constants of the bench are all that `append` uses.
private final class SharedFixture: @unchecked Sendable {
    private let bench: JournalFixture
    var journal: Journal { bench.journal }

    init(_ bench: JournalFixture) { self.bench = bench }

    func append(epoch: Int64, experiment: UInt32) { bench.append(epoch: epoch, experiment: experiment) }
}

/// Reads on where it stopped, as the sender's thread does.
private struct JournalReader {
    private var current: Segment?
    private var offset = 0

    mutating func read(_ published: Journal.Published, _ body: (Record) -> Void) {
        for piece in published.fullSegments + [published.current] {
            if piece.segment !== current { (current, offset) = (piece.segment, piece.start) }
            JournalFixture.forEachRecord(SegmentPiece(segment: piece.segment, start: offset, end: piece.end), body)
            offset = piece.end
        }
    }
}
