import Foundation
import HyperoCore
import TestSupport
import Testing

@testable import Hypero

/// Tests of the records that log calls had reserved and not published when the process was killed.
@Suite("Holes in orphaned journals")
struct HoleTests {
    private static let rows = 12
    /// The number of rows that the sender had read.
    private static let sealed = 4

    /// A journal whose last rows are without a checksum, and the bytes of its only segment.
    private static func journal() throws -> (fixture: OrphanFixture, segment: String, bytes: [UInt8], record: Int) {
        let fixture = try OrphanFixture(rows: rows, rowsWithoutChecksum: rows - sealed)
        let segment = try #require(try fixture.segments.first)
        var bytes = try fixture.contents(segment)
        let length = bytes[SegmentHeader.size..<SegmentHeader.size + 4].enumerated().reduce(0) {
            $0 | Int($1.1) << (8 * $1.0)
        }
        // The whole segment, as a killed process leaves it.
        bytes += [UInt8](repeating: 0, count: max(0, 4096 - bytes.count))
        return (fixture, segment, bytes, length)
    }

    private static func adopted(_ result: OrphanedJournal.OpenResult) throws -> OrphanedJournal {
        guard case .opened(let journal) = result else { throw TestFailure("the journal was not adopted: \(result)") }
        return journal
    }

    /// A state of a record when the process was killed.
    enum Interruption: CaseIterable {
        case reserved
        case begun
        case halfWritten
    }

    private static func interrupt(_ bytes: inout [UInt8], at offset: Int, length: Int, _ interruption: Interruption) {
        switch interruption {
        case .reserved: for index in offset..<offset + length { bytes[index] = 0 }
        case .begun:
            for index in offset + 4..<offset + length { bytes[index] = 0 }
            bytes[offset] |= 1
        case .halfWritten:
            for index in offset + 30..<offset + length { bytes[index] = 0 }
            bytes[offset] |= 1
        }
    }

    @Test(arguments: Interruption.allCases, [1, 2, 3])
    func `Records after interrupted ones are read, and interrupted records are not counted as damaged`(
        interruption: Interruption, count: Int
    ) throws {
        let (fixture, segment, original, length) = try Self.journal()
        for first in Self.sealed + 1...Self.rows - count + 1 {
            var bytes = original
            let interrupted = first..<first + count
            for seq in interrupted {
                Self.interrupt(&bytes, at: SegmentHeader.size + (seq - 1) * length, length: length, interruption)
            }
            let journal = try Self.adopted(try fixture.adopt(replacing: [segment: bytes]))
            let expected = (1...Self.rows).filter { !interrupted.contains($0) }.map { UInt64($0) }
            #expect(try fixture.seqs(of: journal) == expected, "\(interrupted)")
            #expect(journal.scan.damaged == 0, "\(interrupted)")
        }
    }

    @Test func `A record after a hole is read only if its sequence number fits to the size of the hole`() throws {
        let (fixture, segment, original, length) = try Self.journal()
        for (seq, isRead) in [(1, false), (5, false), (6, true), (9, true), (10, false), (200, false)] {
            var bytes = original
            // A hole of 144 bytes after record 5, which has room for three records of at least 40 bytes.
            let hole = SegmentHeader.size + 5 * length
            for index in hole..<bytes.count { bytes[index] = index < hole + 2 * length ? 0 : bytes[index] }
            let next = hole + 2 * length
            for index in next + length..<bytes.count { bytes[index] = 0 }
            for index in 0..<8 { bytes[next + RecordHeader.seq + index] = index == 0 ? UInt8(seq) : 0 }
            let journal = try Self.adopted(try fixture.adopt(replacing: [segment: bytes]))
            #expect(journal.scan.seqs?.upperBound == (isRead ? UInt64(seq) : 5), "\(seq)")
        }
    }

    @Test func `After a restart of the machine no record without a checksum is read, behind a hole or not`() throws {
        let (fixture, segment, original, length) = try Self.journal()
        var bytes = original
        Self.interrupt(&bytes, at: SegmentHeader.size + 6 * length, length: length, .reserved)
        let earlierBoot = HostIdentity(host: HostIdentity.current.host, boot: "another")
        let journal = try Self.adopted(try fixture.adopt(replacing: [segment: bytes], machine: earlierBoot))
        #expect(try fixture.seqs(of: journal) == Array(1...UInt64(Self.sealed)))
    }

    @Test func `A record that an earlier version did not complete is not counted as damaged`() throws {
        let (fixture, segment, original, length) = try Self.journal()
        var bytes = original
        // The length, which earlier versions stored last.
        for index in 0..<4 { bytes[SegmentHeader.size + (Self.rows - 1) * length + index] = 0 }
        let journal = try Self.adopted(try fixture.adopt(replacing: [segment: bytes]))
        #expect(try fixture.seqs(of: journal) == Array(1..<UInt64(Self.rows)))
        #expect(journal.scan.damaged == 0)
    }

    @Test func `A hole at the end of a segment does not end the journal`() throws {
        let fixture = try OrphanFixture(rows: 100, rowsWithoutChecksum: 100)
        let segments = try fixture.segments
        var bytes = try fixture.contents(segments[0])
        let length = Int(bytes[SegmentHeader.size])
        let perSegment = (4096 - SegmentHeader.size) / length
        for index in SegmentHeader.size + (perSegment - 2) * length..<bytes.count { bytes[index] = 0 }
        let journal = try Self.adopted(try fixture.adopt(replacing: [segments[0]: bytes]))
        let hole = UInt64(perSegment - 1)...UInt64(perSegment)
        #expect(try fixture.seqs(of: journal) == (1...100).filter { !hole.contains($0) })
        #expect(journal.scan.damaged == 0)
    }
}
