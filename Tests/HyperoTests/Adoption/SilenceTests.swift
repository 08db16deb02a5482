import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// Journals that were written before the start of the adopter's machine.
@Suite("Journals of an earlier boot")
struct SilenceTests {
    private static let earlierBoot = HostIdentity(host: HostIdentity.current.host, boot: "another")

    private static func seconds(_ seconds: Int64) -> MonotonicTime {
        MonotonicTime(nanoseconds: seconds * 1_000_000_000)
    }

    /// Each row has the times of the looks in seconds, the heartbeats found, and whether the journal then counts as silent.
    @Test(
        arguments: [
            ([0], [1], [false]),
            ([0, 30, 59, 60, 61], [1, 1, 1, 1, 1], [false, false, false, true, true]),
            // A look long after the first one.
            ([0, 3_600], [1, 1], [false, true]),
            ([0, 3_600], [1, 2], [false, false]),
            // A heartbeat in between begins a new minute.
            ([0, 30, 60, 89, 90], [1, 2, 2, 2, 2], [false, false, false, false, true]),
            // A time of the file system that goes back is a change too.
            ([0, 60, 119, 120], [2, 1, 1, 1], [false, false, false, true]),
        ] as [([Int64], [Int64], [Bool])])
    func `A journal is silent once its heartbeat has not changed for a minute`(
        times: [Int64], beats: [Int64], expected: [Bool]
    ) {
        var monitor = SilenceMonitor()
        let found = zip(times, beats).map { time, beat in
            monitor.isSilent("a", Heartbeat(folder: beat), at: Self.seconds(time))
        }
        #expect(found == expected)
    }

    @Test func `Journals are monitored independently, and removed ones are forgotten`() {
        var monitor = SilenceMonitor()
        func isSilent(_ journal: String, at time: Int64) -> Bool {
            monitor.isSilent(journal, Heartbeat(folder: 1), at: Self.seconds(time))
        }
        #expect(!isSilent("a", at: 0))
        #expect(!isSilent("b", at: 50))
        #expect(isSilent("a", at: 60))
        #expect(!isSilent("b", at: 60))
        monitor.keepOnly(["b"])
        #expect(!isSilent("a", at: 120))
        #expect(isSilent("b", at: 120))
    }

    @Test func `The time of the folder, a time of a segment and the progress are heartbeats`() {
        func heartbeat(folder: Int64 = 1, modified: [Int64] = [1, 2], seq: UInt64 = 1) -> Heartbeat {
            var heartbeat = Heartbeat(folder: folder)
            var progress = SegmentHeader.Progress()
            progress.acknowledged = .init(seq: seq, id: StreamID(milliseconds: 1, sequence: 1))
            for time in modified { heartbeat.add(progress, modified: time) }
            return heartbeat
        }
        #expect(heartbeat() == heartbeat())
        #expect(heartbeat() != heartbeat(folder: 2))
        #expect(heartbeat() != heartbeat(modified: [1, 3]))
        #expect(heartbeat() != heartbeat(seq: 2))
    }

    @Test func `The folder is touched every five seconds and the segments once a day`() {
        var upkeep = JournalUpkeep(now: Self.seconds(100))
        let times: [Int64] = [100, 104, 105, 100 + 86_399, 100 + 86_400, 100 + 86_400]
        let actions = times.map { upkeep.next(at: Self.seconds($0)) }
        #expect(actions == [.touchFolder, nil, .touchFolder, .touchFolder, .touchSegments, nil])
    }

    @Test func `A living client changes the time of its folder`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client()
        let path = try #require(client.journal.path)
        // The creation of the spare segment changes the time too.
        #expect(eventually { client.journal.flags.load(ordering: .acquiring) == 0 })
        let past = [timespec(tv_sec: 1_000, tv_nsec: 0), timespec(tv_sec: 1_000, tv_nsec: 0)]
        #expect(utimensat(AT_FDCWD, path, past, 0) == 0)
        #expect(eventually { FileStatus(of: path).map { $0.modified > 1_000_000_000_000 } ?? false })
    }

    @Test func `All segments of a journal are touched, as cleaners of temporary files remove unused files`() throws {
        let fixture = try JournalFixture()
        for epoch in 0..<200 as Range<Int64> { fixture.append(epoch: epoch) }
        fixture.journal.prepareSpare()
        let path = try #require(fixture.journal.path)
        let past = [timespec(tv_sec: 1_000, tv_nsec: 0), timespec(tv_sec: 1_000, tv_nsec: 0)]
        for file in try fixture.files { #expect(utimensat(AT_FDCWD, "\(path)/\(file)", past, 0) == 0) }
        fixture.journal.folder?.touch(.touchSegments)
        #expect(try fixture.files.count > 3)
        for file in try fixture.files {
            let modified = try #require(FileStatus(of: "\(path)/\(file)")).modified
            #expect(modified > 1_000_000_000_000, "\(file)")
        }
    }

    @Test func `A journal of an earlier boot is adopted after a minute without a heartbeat`() throws {
        let fixture = try OrphanFixture(rows: 6)
        let root = fixture.folder.file("original")
        let clock = Atomic<Int64>(0)
        var scope = Adoption.Scope(
            root: try JournalRoot(existing: root, environment: { _ in nil }),
            url: try RedisURL(ClientFixture.unreachableURL), keyspaces: try Keyspace.all(), matchesServer: false,
            notify: { _ in })
        scope.clock = { SilenceTests.seconds(clock.load(ordering: .relaxed)) }
        var adoption = Adoption(
            scope, machine: Self.earlierBoot,
            callbacks: Delivery.Callbacks(shouldContinue: { true }, blocking: { $0() }))
        adoption.scan()
        for time: Int64 in [0, 10, 30, 50, 70, 100] {
            clock.store(time, ordering: .relaxed)
            while case .worked = adoption.step() {}
            #expect(adoption.remainingJournals == 1)
            #expect(adoption.openJournals == 0, "\(time) s")
            // The process writes at 30 s.
            if time == 30 {
                let name = "\(root)/\(JournalFixture.producer.text)"
                let past = [timespec(tv_sec: 1_000, tv_nsec: 0), timespec(tv_sec: 1_000, tv_nsec: 0)]
                #expect(utimensat(AT_FDCWD, name, past, 0) == 0)
            }
        }
        clock.store(110, ordering: .relaxed)
        while case .worked = adoption.step() {}
        #expect(adoption.openJournals == 1)
    }

    @Test func `A journal of the same boot is adopted at once`() throws {
        let fixture = try OrphanFixture(rows: 6)
        let result = OrphanedJournal.openUnlocked(
            JournalFixture.producer.text,
            in: try JournalRoot(existing: fixture.folder.file("original"), environment: { _ in nil }),
            machine: .current, isSilent: { _ in false }, where: { _ in true })
        guard case .opened = result else { throw TestFailure("\(result)") }
    }
}
