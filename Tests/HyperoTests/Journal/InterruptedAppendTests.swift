import Glibc
import HyperoCore
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// Tests of log calls while another log call is interrupted in the middle of its record.
@Suite("Interrupted log calls", .serialized)
struct InterruptedAppendTests {
    private static let payload = RecordHeader.channelHeader + 5 + 8

    /// Appends a row, and runs a body in the middle of its record.
    private static func append(to journal: Journal, epoch: Int64, during body: () -> Void = {}) {
        journal.append(
            .epoch, battery: JournalFixture.battery.bytes, subject: Journal.Subject(experiment: 1, generation: 0),
            epoch: epoch, count: 1, payload: payload
        ) { writer in
            body()
            writer.put(channel: "valid" as StaticString, 0.5)
        }
    }

    /// Runs a body on another thread, and returns whether it has ended before the deadline of a minute.
    private static func runsOnAnotherThread(_ body: @escaping @Sendable () -> Void) -> Bool {
        let thread = ThreadGroup(1) { _ in body() }
        return eventually(within: .seconds(60)) { !thread.isWorking }
    }

    @Test func `No log call waits for another one that is interrupted in its record, also in the next segments`() throws
    {
        let fixture = try JournalFixture()
        let journal = fixture.journal
        Self.append(to: journal, epoch: 0)
        var epochs: [Int64?] = []
        Self.append(to: journal, epoch: 1) {
            #expect(
                Self.runsOnAnotherThread {
                    for epoch in 2..<200 as Range<Int64> { Self.append(to: journal, epoch: epoch) }
                })
            // The sender waits before the interrupted record, so it releases no segment.
            let published = journal.published()
            #expect(published.fullSegments.isEmpty)
            #expect(published.accepted == 1)
            #expect(journal.counts.accepted == 200)
        }
        JournalFixture.forEachRecord(in: journal.published()) { epochs.append($0.epoch) }
        #expect(epochs == Array(0..<200))
    }

    @Test func `The end of a journal waits for an interrupted log call, and keeps its memory if it does not return`()
        throws
    {
        let fixture = try JournalFixture()
        let journal = fixture.journal
        Self.append(to: journal, epoch: 1)
        Self.append(to: journal, epoch: 2) {
            // The log call does not return before the timeout, so the files stay.
            #expect(
                Self.runsOnAnotherThread {
                    journal.finishAppending(within: .milliseconds(1))
                    _ = journal.published()
                    journal.end(removing: [], keepsFiles: false)
                })
            #expect(access(fixture.folder.file("journal/\(JournalFixture.producer.text)/1.segment"), F_OK) == 0)
            // The record is written to mapped memory after the end.
        }
        Self.append(to: journal, epoch: 3)
        #expect(journal.counts.accepted == 2)
        #expect(journal.counts.dropped.closed == 1)

        let patient = try JournalFixture()
        let isWriting = Atomic<Bool>(false)
        let isEnding = Atomic<Bool>(false)
        let other = patient.journal
        let writer = ThreadGroup(1) { _ in
            Self.append(to: other, epoch: 1) {
                isWriting.store(true, ordering: .releasing)
                while !isEnding.load(ordering: .acquiring) { usleep(100) }
            }
        }
        #expect(eventually { isWriting.load(ordering: .acquiring) })
        isEnding.store(true, ordering: .releasing)
        other.finishAppending(within: .seconds(60))
        #expect(other.published().accepted == 1)
        #expect(eventually { !writer.isWorking })
    }

    @Test func `After a dropped event a full journal drops smaller ones too, until a segment is free`() throws {
        let fixture = try JournalFixture(limit: 2 * 4096)
        let journal = fixture.journal
        for epoch in 0..<30 as Range<Int64> { fixture.append(epoch: epoch) }
        let second = String(repeating: "x", count: 2_500)
        fixture.append(.meta([.init(name: "m", value: second)]))
        fixture.append(.meta([.init(name: "m", value: second)]))
        fixture.append(.meta([.init(name: "m", value: second)]))
        let (accepted, dropped) = journal.counts
        #expect(dropped.journalFull > 0)
        fixture.append(epoch: 100)
        #expect(journal.counts.accepted == accepted)
        #expect(journal.counts.dropped.journalFull == dropped.journalFull + 1)
        let published = journal.published()
        journal.release(try #require(published.fullSegments.first).segment)
        fixture.append(epoch: 101)
        #expect(journal.counts.accepted == accepted + 1)
    }

    @Test(.forks, arguments: 1...10)
    func `A kill loses no row whose log call has returned, with four threads and changes of the segment`(round: Int)
        async
    {
        await #expect(processExitsWith: .success) { [round = round as Int] in
            let fixture = try ClientFixture()
            let threads = 4
            // The numbers of returned log calls, shared with the child.
            let size = threads * 64
            let memory = try #require(
                mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
            let returned = SharedCounts(base: memory)
            let child = Fork.child {
                guard let client = try? fixture.client(configure: { $0.segmentSize = 1 << 16 }) else { return false }
                let battery = Hypero(client).battery("b")
                let workers = ThreadGroup(threads) { thread in
                    let experiment = battery.experiment()
                    returned.setExperiment(experiment.subject.experiment, of: thread)
                    for epoch in 0..<50_000 {
                        experiment.log(epoch: epoch, valid: Double(epoch))
                        returned.set(epoch + 1, of: thread)
                    }
                }
                while workers.isWorking { sleep(1) }
                return false
            }
            #expect(eventually(within: .seconds(60)) { (1...threads).allSatisfy { returned[$0] > 500 * round } })
            kill(child, SIGKILL)
            #expect(Fork.wait(for: child, seconds: 60) == nil)

            let root = try JournalRoot(existing: fixture.folder.file("journal"), environment: { _ in nil })
            let name = try #require(fixture.journals.first)
            guard
                case .opened(let journal) = OrphanedJournal.openUnlocked(
                    name, in: root, machine: .current, where: { _ in true })
            else { throw TestFailure("the journal was not adopted") }
            var epochs: [UInt64: [Int64]] = [:]
            for piece in journal.scan.pieces {
                JournalFixture.forEachRecord(in: piece) { record in
                    if let epoch = record.epoch { epochs[record.experiment, default: []].append(epoch) }
                }
            }
            #expect(journal.scan.damaged == 0)
            for thread in 1...threads {
                let found = epochs[returned.experiment(of: thread)] ?? []
                #expect(found == Array(0..<Int64(found.count)))
                // The journal may also have a row whose call had not returned.
                #expect(found.count - returned[thread] >= 0)
                #expect(found.count - returned[thread] <= 1)
            }
        }
    }
}

/// Counts in memory that a child shares with its parent, by thread.
///
/// `@unchecked Sendable`: the words are atomic, and stay mapped until the process ends.
private struct SharedCounts: @unchecked Sendable {
    let base: UnsafeMutableRawPointer

    private func word(_ thread: Int, _ index: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        (base + (thread - 1) * 64 + index * 8).assumingMemoryBound(to: Atomic<Int>.self)
    }

    subscript(thread: Int) -> Int { word(thread, 0).pointee.load(ordering: .acquiring) }

    func set(_ count: Int, of thread: Int) { word(thread, 0).pointee.store(count, ordering: .releasing) }

    func experiment(of thread: Int) -> UInt64 { UInt64(word(thread, 1).pointee.load(ordering: .acquiring)) }

    func setExperiment(_ experiment: UInt32, of thread: Int) {
        word(thread, 1).pointee.store(Int(experiment), ordering: .releasing)
    }
}
