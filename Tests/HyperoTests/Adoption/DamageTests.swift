import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("A journal that was left is read whatever became of its files")
struct DamageTests {
    private static func journal(_ taking: OrphanedJournal.OpenResult) throws -> OrphanedJournal {
        guard case .opened(let journal) = taking else {
            throw TestFailure("it was not taken: \(taking)")
        }
        return journal
    }

    @Test("As it is: every record, over several segments", arguments: [0, 1, 40, 200])
    func whole(unsealed: Int) throws {
        let bench = try OrphanFixture(rows: 200, unsealed: unsealed)
        #expect(try bench.segments.count > 3)
        let journal = try Self.journal(try bench.take())
        #expect(try bench.seqs(of: journal) == Array(1...200))
        #expect(journal.scan.seqs == 1...200)
        #expect(journal.scan.damaged == 0)
        #expect(journal.header.producer == JournalFixture.producer)
        #expect(journal.header.tag == "{hypero}")
    }

    @Test("Every byte of it turned over, one at a time: at most that record is missing, and it is counted")
    func flipped() throws {
        let bench = try OrphanFixture(rows: 6)
        let segment = try #require(try bench.segments.first)
        let bytes = try bench.contents(segment)
        for offset in bytes.indices {
            var changed = bytes
            changed[offset] ^= 0xFF
            let taking = try bench.take([segment: changed])
            // Of the progress nothing is believed.
            if (SegmentHeader.progressOffset..<SegmentHeader.size).contains(offset) { continue }
            guard offset >= SegmentHeader.size else {
                // The only header there is; where the file is from cannot be known, and it stays.
                guard case .unreadable = taking else { throw TestFailure("header, byte \(offset): \(taking)") }
                continue
            }
            let journal = try Self.journal(taking)
            let seqs = try bench.seqs(of: journal)
            #expect(seqs.count == 5, "byte \(offset)")
            #expect(!seqs.contains(0), "byte \(offset)")
            #expect(journal.scan.damaged == 1, "byte \(offset)")
        }
    }

    @Test("Cut to every length: what is before the cut is there")
    func truncated() throws {
        let bench = try OrphanFixture(rows: 6)
        let segment = try #require(try bench.segments.first)
        let bytes = try bench.contents(segment)
        let record = (bytes.count - SegmentHeader.size) / 6
        for length in 0..<bytes.count {
            let taking = try bench.take([segment: Array(bytes[..<length])])
            guard length >= SegmentHeader.size else {
                // Nothing is left of it.
                guard case .locked = taking else { throw TestFailure("\(length) bytes: \(taking)") }
                continue
            }
            let journal = try Self.journal(taking)
            let whole = UInt64((length - SegmentHeader.size) / record)
            #expect(try bench.seqs(of: journal) == Array(0..<whole).map { $0 + 1 }, "\(length) bytes")
        }
    }

    @Test("A header that is damaged, where another segment has one: nothing is missing")
    func oneHeader() throws {
        let bench = try OrphanFixture(rows: 200)
        let segments = try bench.segments
        for segment in segments {
            for offset in [0, 12, 20, 900] {
                var bytes = try bench.contents(segment)
                bytes[offset] ^= 1
                let journal = try Self.journal(try bench.take([segment: bytes]))
                #expect(try bench.seqs(of: journal) == Array(1...200), "\(segment), byte \(offset)")
            }
        }
    }

    @Test("A segment that is gone, empty, or full of zeros or noise: its records are counted, the others are there")
    func lostSegment() throws {
        let bench = try OrphanFixture(rows: 200)
        let segment = try bench.segments[1]
        let size = try bench.contents(segment).count
        var random = Xoshiro256(seed: 1, stream: 1)
        let noise = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        for bytes in [[], [UInt8](repeating: 0, count: size), [UInt8](repeating: 0xFF, count: size), noise] {
            let journal = try Self.journal(try bench.take([segment: bytes]))
            let seqs = try bench.seqs(of: journal)
            #expect(seqs.count < 200)
            #expect(!seqs.contains(0))
            #expect(journal.scan.damaged == UInt64(200 - seqs.count))
        }
    }

    @Test("Segments that were made in another order than they were used: nothing is missing")
    func otherOrder() throws {
        let bench = try OrphanFixture(rows: 200, unsealed: 30)
        let segments = try bench.segments
        let swapped = [
            segments[1]: try bench.contents(segments[2]), segments[2]: try bench.contents(segments[1]),
        ]
        let journal = try Self.journal(try bench.take(swapped))
        #expect(try bench.seqs(of: journal) == Array(1...200))
        #expect(journal.scan.damaged == 0)
    }

    @Test("Noise anywhere never makes a record that was not written", arguments: 1...60 as ClosedRange<UInt64>)
    func noise(seed: UInt64) throws {
        let bench = try OrphanFixture(rows: 60)
        var random = Xoshiro256(seed: seed, stream: 2)
        var changes: [String: [UInt8]] = [:]
        for segment in try bench.segments {
            var bytes = try bench.contents(segment)
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                let offset = Int.random(in: SegmentHeader.size..<bytes.count, using: &random)
                bytes[offset] = UInt8.random(in: 0...255, using: &random)
            }
            changes[segment] = bytes
        }
        let journal = try Self.journal(try bench.take(changes))
        let seqs = try bench.seqs(of: journal)
        #expect(!seqs.contains(0))
        #expect(seqs == seqs.sorted())
        if seqs.last == 60 { #expect(journal.scan.damaged >= UInt64(60 - seqs.count)) }
    }

    @Test("A format that this program does not know is left alone")
    func unknownVersion() throws {
        let bench = try OrphanFixture(rows: 6)
        let segment = try #require(try bench.segments.first)
        var bytes = try bench.contents(segment)
        bytes[8] = 2
        guard case .unreadable(let reason) = try bench.take([segment: bytes]) else {
            throw TestFailure("it was taken")
        }
        #expect(reason.contains("format 2"))
    }

    @Test("Where the host lost its power, a record without a checksum counts only if it was written in one go")
    func afterPowerLoss() throws {
        // Pages of 4096 bytes: the records of one segment lie on several.
        let bench = try OrphanFixture(rows: 200, unsealed: 190, segmentSize: 64 << 10)
        let before = HostIdentity(host: HostIdentity.current.host, boot: "another")
        let segment = try #require(try bench.segments.first)
        let journal = try Self.journal(try bench.take(machine: before))
        let seqs = try bench.seqs(of: journal)
        let record = (try bench.contents(segment).count - SegmentHeader.size) / 200
        let firstAcross = (0..<200).first { index in
            let start = SegmentHeader.size + index * record
            return start / 4096 != (start + record - 1) / 4096
        }
        #expect(seqs == (1...UInt64(try #require(firstAcross))).map { $0 })
    }

    @Test("Another machine's journal is not ours, and one before a restart or of a container is")
    func machine() throws {
        let bench = try OrphanFixture(rows: 6)
        let current = HostIdentity.current
        guard case .foreign = try bench.take(machine: HostIdentity(host: "other", boot: "other")) else {
            throw TestFailure("it was taken")
        }
        for same in [HostIdentity(host: current.host, boot: "other"), HostIdentity(host: "other", boot: current.boot)] {
            #expect(try bench.seqs(of: try Self.journal(try bench.take(machine: same))).count == 6)
        }
        guard case .foreign = try bench.take(where: { $0.tag == "{other}" }) else {
            throw TestFailure("it was taken")
        }
    }
}
