import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("Damaged orphaned journals")
struct DamageTests {
    private static func adopted(_ result: OrphanedJournal.OpenResult) throws -> OrphanedJournal {
        guard case .opened(let journal) = result else {
            throw TestFailure("the journal was not adopted: \(result)")
        }
        return journal
    }

    @Test(arguments: [0, 1, 40, 200])
    func `Every record of an intact orphaned journal of several segments is read`(rowsWithoutChecksum: Int) throws {
        let fixture = try OrphanFixture(rows: 200, rowsWithoutChecksum: rowsWithoutChecksum)
        #expect(try fixture.segments.count > 3)
        let journal = try Self.adopted(try fixture.adopt())
        #expect(try fixture.seqs(of: journal) == Array(1...200))
        #expect(journal.scan.seqs == 1...200)
        #expect(journal.scan.damaged == 0)
        #expect(journal.header.producer == JournalFixture.producer)
        #expect(journal.header.tag == "{hypero}")
    }

    @Test func `A changed byte loses only the record that contains it, and the record is counted as damaged`() throws {
        let fixture = try OrphanFixture(rows: 6)
        let segment = try #require(try fixture.segments.first)
        let bytes = try fixture.contents(segment)
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= 0xFF
            let result = try fixture.adopt(replacing: [segment: changed])
            // A change of the progress field is ignored, because the field is not trusted.
            if (SegmentHeader.progressOffset..<SegmentHeader.size).contains(offset) { continue }
            guard offset >= SegmentHeader.size else {
                // Without an intact header the origin of the file is unknown, so the journal is kept.
                guard case .unreadable = result else { throw TestFailure("header, byte \(offset): \(result)") }
                continue
            }
            let journal = try Self.adopted(result)
            let seqs = try fixture.seqs(of: journal)
            #expect(seqs.count == 5, "byte \(offset)")
            #expect(!seqs.contains(0), "byte \(offset)")
            #expect(journal.scan.damaged == 1, "byte \(offset)")
        }
    }

    @Test func `Every record before the end of a truncated segment is read`() throws {
        let fixture = try OrphanFixture(rows: 6)
        let segment = try #require(try fixture.segments.first)
        let bytes = try fixture.contents(segment)
        let recordSize = (bytes.count - SegmentHeader.size) / 6
        for length in 0..<bytes.count {
            let result = try fixture.adopt(replacing: [segment: Array(bytes[..<length])])
            guard length >= SegmentHeader.size else {
                // A client never leaves such a file, so another program has shortened it.
                guard case .unreadable(let reason) = result, reason.contains("has \(length) bytes") else {
                    throw TestFailure("\(length) bytes: \(result)")
                }
                continue
            }
            let journal = try Self.adopted(result)
            let completeCount = UInt64((length - SegmentHeader.size) / recordSize)
            #expect(try fixture.seqs(of: journal) == Array(0..<completeCount).map { $0 + 1 }, "\(length) bytes")
        }
    }

    @Test func `Sequence numbers at the end of their range are counted without an overflow`() throws {
        let fixture = try OrphanFixture(rows: 2)
        let segment = try #require(try fixture.segments.first)
        var bytes = try fixture.contents(segment)
        let second = SegmentHeader.size + (bytes.count - SegmentHeader.size) / 2
        try bytes.withUnsafeMutableBytes { memory in
            let base = try #require(memory.baseAddress) + second
            base.storeBytes(of: UInt64(Int64.max), toByteOffset: RecordHeader.seq, as: UInt64.self)
            Record(at: base).writeChecksum()
        }
        for name in ["a", "b", "c"] {
            let journal = fixture.folder.file("root/" + String(repeating: name, count: 10))
            try FileManager.default.createDirectory(
                atPath: journal, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(bytes).write(to: URL(fileURLWithPath: "\(journal)/\(segment)"))
            chmod("\(journal)/\(segment)", 0o600)
        }
        var adoption = Adoption(
            Adoption.Scope(
                root: try JournalRoot(existing: fixture.folder.file("root"), environment: { _ in nil }),
                url: try RedisURL(ClientFixture.unreachableURL), keyspaces: try Keyspace.all(), matchesServer: false
            ) { _ in })
        adoption.scan()
        #expect(
            eventually(within: .seconds(60)) {
                _ = adoption.step()
                return adoption.openJournals == 3
            })
        #expect(adoption.damaged == .max)
        #expect(adoption.events == 0)
        adoption.stop()
    }

    @Test func `A damaged segment header loses no record if another segment has an intact header`() throws {
        let fixture = try OrphanFixture(rows: 200)
        let segments = try fixture.segments
        for segment in segments {
            for offset in [0, 12, 20, 900] {
                var bytes = try fixture.contents(segment)
                bytes[offset] ^= 1
                let journal = try Self.adopted(try fixture.adopt(replacing: [segment: bytes]))
                #expect(try fixture.seqs(of: journal) == Array(1...200), "\(segment), byte \(offset)")
            }
        }
    }

    @Test func `The records of an unreadable segment are counted as damaged, and the others are read`() throws {
        let fixture = try OrphanFixture(rows: 200)
        let segment = try fixture.segments[1]
        let size = try fixture.contents(segment).count
        var random = SeededGenerator(seed: 1)
        let noise = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        for bytes in [[], [UInt8](repeating: 0, count: size), [UInt8](repeating: 0xFF, count: size), noise] {
            let journal = try Self.adopted(try fixture.adopt(replacing: [segment: bytes]))
            let seqs = try fixture.seqs(of: journal)
            #expect(seqs.count < 200)
            #expect(!seqs.contains(0))
            #expect(journal.scan.damaged == UInt64(200 - seqs.count))
        }
    }

    @Test func `Segments that were used in another order than they were created lose no record`() throws {
        let fixture = try OrphanFixture(rows: 200, rowsWithoutChecksum: 30)
        let segments = try fixture.segments
        let swapped = [
            segments[1]: try fixture.contents(segments[2]), segments[2]: try fixture.contents(segments[1]),
        ]
        let journal = try Self.adopted(try fixture.adopt(replacing: swapped))
        #expect(try fixture.seqs(of: journal) == Array(1...200))
        #expect(journal.scan.damaged == 0)
    }

    @Test func `A large segment of random noise loses only its own records`() throws {
        let fixture = try OrphanFixture(rows: 200)
        let segment = try fixture.segments[1]
        var random = SeededGenerator(seed: 3)
        var noise = [UInt8](repeating: 0, count: 1 << 20)
        noise.withUnsafeMutableBytes { bytes in
            for offset in stride(from: 0, to: bytes.count, by: 8) {
                bytes.storeBytes(of: random.next(), toByteOffset: offset, as: UInt64.self)
            }
        }
        let journal = try Self.adopted(try fixture.adopt(replacing: [segment: noise]))
        let seqs = try fixture.seqs(of: journal)
        #expect(seqs.count > 100 && seqs.count < 200)
        #expect(journal.scan.damaged == UInt64(200 - seqs.count))
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func `Random noise never yields a record that was not written`(seed: UInt64) throws {
        let fixture = try OrphanFixture(rows: 60)
        var random = SeededGenerator(seed: seed)
        var changes: [String: [UInt8]] = [:]
        for segment in try fixture.segments {
            var bytes = try fixture.contents(segment)
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                let offset = Int.random(in: SegmentHeader.size..<bytes.count, using: &random)
                bytes[offset] = UInt8.random(in: 0...255, using: &random)
            }
            changes[segment] = bytes
        }
        let journal = try Self.adopted(try fixture.adopt(replacing: changes))
        let seqs = try fixture.seqs(of: journal)
        #expect(!seqs.contains(0))
        #expect(seqs == seqs.sorted())
        if seqs.last == 60 { #expect(journal.scan.damaged >= UInt64(60 - seqs.count)) }
    }

    @Test func `A journal of an unknown format is reported as unreadable`() throws {
        let fixture = try OrphanFixture(rows: 6)
        let segment = try #require(try fixture.segments.first)
        var bytes = try fixture.contents(segment)
        bytes[8] = 3
        guard case .unreadable(let reason) = try fixture.adopt(replacing: [segment: bytes]) else {
            throw TestFailure("the journal was adopted")
        }
        #expect(reason.contains("format 3"))
    }

    @Test func `After a power loss only records with a checksum are read`() throws {
        let fixture = try OrphanFixture(rows: 200, rowsWithoutChecksum: 190, segmentSize: 64 << 10)
        let earlierBoot = HostIdentity(host: HostIdentity.current.host, boot: "another")
        let journal = try Self.adopted(try fixture.adopt(machine: earlierBoot))
        #expect(try fixture.seqs(of: journal) == Array(1...10))
        #expect(journal.scan.damaged == 1)
    }

    @Test func `A journal is adopted only if its host or its boot matches and its tag is accepted`() throws {
        let fixture = try OrphanFixture(rows: 6)
        let current = HostIdentity.current
        guard case .foreign = try fixture.adopt(machine: HostIdentity(host: "other", boot: "other")) else {
            throw TestFailure("the journal was adopted")
        }
        for same in [HostIdentity(host: current.host, boot: "other"), HostIdentity(host: "other", boot: current.boot)] {
            #expect(try fixture.seqs(of: try Self.adopted(try fixture.adopt(machine: same))).count == 6)
        }
        guard case .foreign = try fixture.adopt(where: { $0.tag == "{other}" }) else {
            throw TestFailure("the journal was adopted")
        }
    }
}
