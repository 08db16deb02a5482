import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// Files that change while they are adopted, and the limits of the work and memory of an adoption.
@Suite("The private copy of an orphaned journal")
struct PrivateCopyTests {
    /// Reads all records of a journal through an outbox, like a delivery.
    private static func seqs(of orphan: OrphanedJournal, afterBatch: () -> Void = {}) -> [UInt64] {
        var outbox = Outbox(writesChecksums: false)
        outbox.update(Journal(orphan).published())
        var seqs: [UInt64] = []
        while outbox.hasEvents {
            var batch: [UInt64] = []
            outbox.prepareBatch { record in
                batch.append(record.seq)
                return batch.count == 7
            }
            guard !batch.isEmpty else { break }
            seqs += batch
            outbox.startBatch()
            outbox.finishBatch(answered: batch.count, refused: [])
            afterBatch()
        }
        return seqs
    }

    private static func opened(_ result: OrphanedJournal.OpenResult) throws -> OrphanedJournal {
        guard case .opened(let orphan) = result else { throw TestFailure("not opened: \(result)") }
        return orphan
    }

    @Test func `A segment that is shortened after it was checked ends the adoption without a signal`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try OrphanFixture(rows: 200)
            let orphan = try PrivateCopyTests.opened(try fixture.adopt())
            for name in try fixture.segments {
                #expect(truncate(fixture.folder.file("copy/\(JournalFixture.producer.text)/\(name)"), 1_100) == 0)
            }
            #expect(PrivateCopyTests.seqs(of: orphan) == [])
            guard case .changed = orphan.failure else { throw TestFailure("\(String(describing: orphan.failure))") }
        }
    }

    @Test func `A record that is changed after it was checked is not sent`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try OrphanFixture(rows: 200)
            let orphan = try PrivateCopyTests.opened(try fixture.adopt())
            let second = fixture.folder.file("copy/\(JournalFixture.producer.text)/2.segment")
            var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: second)))
            // The length of the value in the first record, which an earlier check has accepted.
            for offset in SegmentHeader.size + RecordHeader.size..<SegmentHeader.size + RecordHeader.size + 40 {
                bytes[offset] = 0xFF
            }
            let file = try FileHandle(forWritingTo: URL(fileURLWithPath: second))
            try file.write(contentsOf: Data(bytes))
            let seqs = PrivateCopyTests.seqs(of: orphan)
            // The records of the first segment were sent.
            #expect(!seqs.isEmpty && seqs.count < 200)
            #expect(seqs == Array(1...UInt64(seqs.count)))
            guard case .changed = orphan.failure else { throw TestFailure("\(String(describing: orphan.failure))") }
        }
    }

    @Test func `A journal that changes before it is sent is kept and reported`() throws {
        let server = try RedisServer(appendOnly: false)
        server.stop()
        let fixture = try OrphanFixture(rows: 200)
        let recorder = NoticeRecorder()
        var adoption = Adoption(
            Adoption.Scope(
                root: try JournalRoot(existing: fixture.folder.file("original"), environment: { _ in nil }),
                url: try RedisURL(server.url), keyspaces: try Keyspace.all(), matchesServer: false,
                durabilityWindow: .zero, notify: recorder.notify))
        adoption.scan()
        while case .worked = adoption.step() {}
        #expect(adoption.remainingJournals == 1)
        let segment = fixture.folder.file("original/\(JournalFixture.producer.text)/1.segment")
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: segment)))
        bytes[SegmentHeader.size + 60] ^= 1
        try FileHandle(forWritingTo: URL(fileURLWithPath: segment)).write(contentsOf: Data(bytes))
        try server.restart()
        let isIdle = eventually(within: .seconds(20)) { if case .idle = adoption.step() { true } else { false } }
        #expect(isIdle)
        #expect(server.cli("XLEN", "{hypero}:events") == "0")
        #expect(FileManager.default.fileExists(atPath: segment))
        #expect(recorder.notices.count == 1)
        #expect(recorder.count(containing: "was changed while it was read") == 1, "\(recorder.notices)")
        #expect(adoption.finishedJournals == 0)
    }

    @Test func `At most three segments of an orphaned journal are in memory`() throws {
        let fixture = try OrphanFixture(rows: 2_000)
        #expect(try fixture.segments.count > 20)
        let orphan = try Self.opened(try fixture.adopt())
        #expect(orphan.loadedBytes == 0)
        var most = 0
        let seqs = Self.seqs(of: orphan) { most = max(most, orphan.loadedBytes) }
        #expect(seqs == Array(1...2_000))
        #expect(most > 0 && most <= 3 * 4_096)
        #expect(orphan.loadedBytes == 0)
    }

    @Test func `A rewind to any watermark sends the later records again, with few segments in memory`() throws {
        let fixture = try OrphanFixture(rows: 300)
        let orphan = try Self.opened(try fixture.adopt())
        var outbox = Outbox(writesChecksums: false)
        outbox.update(Journal(orphan).published())
        for watermark: UInt64 in [0, 299, 150, 3, 300, 77] {
            outbox.rewind(to: watermark)
            #expect(orphan.loadedBytes <= 3 * 4_096)
            var seqs: [UInt64] = []
            while outbox.hasEvents {
                let before = seqs.count
                outbox.prepareBatch { record in
                    seqs.append(record.seq)
                    return seqs.count - before == 11
                }
                outbox.startBatch()
                outbox.finishBatch(answered: seqs.count - before, refused: [])
            }
            #expect(seqs == Array(1...300).filter { $0 > watermark })
            #expect(orphan.loadedBytes == 0)
        }
    }

    @Test func `An adopter that does not see the lock of a living client leaves the size and blocks of its files`()
        async
    {
        await #expect(processExitsWith: .success) {
            // Large enough that the file ends several pages after the last record.
            let fixture = try JournalFixture(segmentSize: 64 << 10)
            for epoch in 0..<10 as Range<Int64> { fixture.append(epoch: epoch) }
            let path = try #require(fixture.journal.path)
            let name = path + "/1.segment"
            var before = stat()
            #expect(stat(name, &before) == 0)
            // A lock that is not visible to another machine. The client and the adopter are in one process here.
            unlockFolder(path)
            let root = try JournalRoot(existing: fixture.folder.file("journal"), environment: { _ in nil })
            let orphan = try PrivateCopyTests.opened(
                OrphanedJournal.openUnlocked(JournalFixture.producer.text, in: root, machine: .current) { _ in true })
            #expect(PrivateCopyTests.seqs(of: orphan) == Array(1...10))
            Journal(orphan).end(removing: [], keepsFiles: true)
            var after = stat()
            #expect(stat(name, &after) == 0)
            #expect(after.st_size == before.st_size)
            #expect(after.st_blocks == before.st_blocks)
            // Beyond the page of the last record. This raised SIGBUS.
            for epoch in 10..<500 as Range<Int64> { fixture.append(epoch: epoch) }
            #expect(fixture.journal.counts.accepted == 500)
        }
    }

    @Test func `A closed client keeps the size of its segment and frees the blocks after the last record`() throws {
        let fixture = try JournalFixture(segmentSize: 1 << 20)
        let path = try #require(fixture.journal.path) + "/1.segment"
        fixture.append(epoch: 1)
        fixture.journal.end(removing: [], keepsFiles: true)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_size == 1 << 20)
        #expect(status.st_blocks * 512 < 1 << 20)
    }

    // MARK: Forged segments

    /// Returns an intact first segment with bytes after its first record that look like a record at each step of 40 bytes.
    ///
    /// - Parameter hasChecksum: true for checksums, which are wrong; false for payloads of many fields.
    private static func forgedSegment(of fixture: OrphanFixture, size: Int, hasChecksum: Bool) throws -> [UInt8] {
        let original = try fixture.contents("1.segment")
        var bytes = [UInt8](repeating: 0, count: size)
        let length = Int(original[SegmentHeader.size]) | Int(original[SegmentHeader.size + 1]) << 8
        bytes.replaceSubrange(0..<SegmentHeader.size + length, with: original[..<(SegmentHeader.size + length)])
        bytes.withUnsafeMutableBytes { buffer in
            var offset = SegmentHeader.size + length
            var seq: UInt64 = 2
            while offset + 1_000 < size {
                let base = buffer.baseAddress! + offset
                base.storeBytes(of: UInt32((size - offset) & ~7), as: UInt32.self)
                base.storeBytes(of: hasChecksum ? 1 : 0, toByteOffset: RecordHeader.checksum, as: UInt32.self)
                base.storeBytes(of: RecordKind.meta.rawValue, toByteOffset: RecordHeader.kind, as: UInt8.self)
                base.storeBytes(
                    of: hasChecksum ? 1 : UInt16.max, toByteOffset: RecordHeader.count, as: UInt16.self)
                base.storeBytes(of: seq, toByteOffset: RecordHeader.seq, as: UInt64.self)
                if hasChecksum {
                    // One field that fills the record.
                    let value = UInt32((size - offset) & ~7) - UInt32(RecordHeader.size + RecordHeader.fieldHeader)
                    base.storeBytes(of: value, toByteOffset: RecordHeader.size + 4, as: UInt32.self)
                }
                seq += 1
                offset += hasChecksum ? 48 : 40
            }
        }
        return bytes
    }

    @Test(arguments: [true, false])
    func `A forged segment whose records overlap is given up after reading four times its size`(hasChecksum: Bool)
        throws
    {
        let fixture = try OrphanFixture(rows: 1)
        let size = 256 << 10
        let forged = try Self.forgedSegment(of: fixture, size: size, hasChecksum: hasChecksum)
        guard case .unreadable(let reason) = try fixture.adopt(replacing: ["1.segment": forged]) else {
            throw TestFailure("the journal was adopted")
        }
        #expect(reason.contains("overlap"))
    }

    @Test func `A segment above the limit of 16 MiB is reported and not read`() throws {
        let fixture = try OrphanFixture(rows: 1)
        let root = fixture.folder.file("original")
        #expect(truncate("\(root)/\(JournalFixture.producer.text)/1.segment", SegmentCopy.maxSize + 1) == 0)
        let result = OrphanedJournal.openUnlocked(
            JournalFixture.producer.text, in: try JournalRoot(existing: root, environment: { _ in nil }),
            machine: .current
        ) { _ in true }
        guard case .unreadable(let reason) = result else { throw TestFailure("not given up: \(result)") }
        #expect(reason.contains("more than the limit of \(16 << 20)"), "\(reason)")
    }

    @Test func `Each step of an opening reads at most one segment`() throws {
        let fixture = try OrphanFixture(rows: 200)
        let root = try JournalRoot(existing: fixture.folder.file("original"), environment: { _ in nil })
        var begun: Result<OrphanedJournal.Opening, OrphanedJournal.Opening.End>?
        // A child process of a parallel test holds all locks of this process between its fork and its exec.
        let isOpen = eventually(within: .seconds(60)) {
            begun = OrphanedJournal.Opening.begin(
                JournalFixture.producer.text, in: root, machine: .current, isSilent: { _ in true },
                where: { _, _ in true })
            if case .failure(let end) = begun, case .locked = end.result { return false }
            return true
        }
        #expect(isOpen)
        var opening = try #require(begun).get()
        var steps = 0
        while opening.step() == nil { steps += 1 }
        // One step per segment to find its first record, one to sort them, and one per segment to scan it.
        #expect(steps == 2 * (try fixture.segments.count))
    }
}

/// Releases the lock of a folder that this process holds.
private func unlockFolder(_ path: String) {
    for descriptor in 3..<256 as Range<CInt> {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")
        if target == path { flock(descriptor, LOCK_UN) }
    }
}
