import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport

@testable import Hypero

/// An orphaned journal, and adoptions of modified copies of the journal.
final class OrphanFixture {
    let folder: TemporaryFolder
    let rows: Int
    private static let name = JournalFixture.producer.text

    /// Creates an orphaned journal of rows whose epochs equal their sequence numbers.
    ///
    /// - Parameters:
    ///   - rows: the number of rows.
    ///   - rowsWithoutChecksum: the number of rows at the end that the sender had not read when the process ended.
    ///   - segmentSize: the size of a segment in bytes.
    ///   - isDefaultServer: true if the client had no URL.
    init(
        rows: Int, rowsWithoutChecksum: Int = 0, segmentSize: Int = 4096, isDefaultServer: Bool = false
    ) throws {
        self.rows = rows
        folder = try TemporaryFolder()
        let path = folder.file("original")
        let settings = JournalSettings(
            limit: 1 << 20, segmentSize: segmentSize, tag: "{hypero}", serverURL: "redis://nowhere:1",
            isDefaultServer: isDefaultServer,
            environment: { $0 == "HYPERO_JOURNAL" ? path : nil })
        guard let journal = Journal(JournalIdentity(producer: JournalFixture.producer), settings) else {
            throw TestFailure("the journal could not be created")
        }
        for seq in 1...rows {
            journal.append(
                .epoch, battery: JournalFixture.battery.bytes, subject: Journal.Subject(experiment: 1, generation: 0),
                epoch: Int64(seq), count: 1, payload: RecordHeader.channelHeader + 5 + 8
            ) { $0.put(channel: "valid" as StaticString, Double(seq)) }
            guard seq == rows - rowsWithoutChecksum else { continue }
            var outbox = Outbox()
            outbox.update(journal.published())
            outbox.writeChecksums(atMost: .max)
        }
        journal.end(removing: [], keepsFiles: true)
    }

    /// The names of the segment files, in order.
    var segments: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.file("original/\(Self.name)"))
                .filter { $0.hasSuffix(".segment") }.sorted()
        }
    }

    /// Returns the bytes of a segment file up to the end of its last record.
    func contents(_ segment: String) throws -> [UInt8] {
        try Self.contents(ofFile: folder.file("original/\(Self.name)/\(segment)"))
    }

    /// Returns the bytes of a segment file up to the end of its last record.
    static func contents(ofFile path: String) throws -> [UInt8] {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        var end = SegmentHeader.size
        while end + RecordHeader.size <= bytes.count {
            let length = bytes[end..<end + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
            guard length > 0 else { break }
            end += length
        }
        return Array(bytes[..<end])
    }

    /// Adopts a copy of the journal.
    ///
    /// - Parameters:
    ///   - changes: new contents of segment files, by name.
    ///   - machine: the host and boot of the adopter.
    ///   - accepts: returns whether a journal with this header may be adopted.
    func adopt(
        replacing changes: [String: [UInt8]] = [:], machine: HostIdentity = .current,
        where accepts: (SegmentHeader) -> Bool = { _ in true }
    ) throws -> OrphanedJournal.OpenResult {
        let copy = folder.file("copy")
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: folder.file("original"), toPath: copy)
        for (segment, bytes) in changes {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(copy)/\(Self.name)/\(segment)"))
        }
        return OrphanedJournal.openUnlocked(
            Self.name, in: try JournalRoot(existing: copy, environment: { _ in nil }), machine: machine, where: accepts)
    }

    /// Returns the sequence numbers of a journal's records, with a 0 after each record that was not written in this
    /// form.
    func seqs(of journal: OrphanedJournal) throws -> [UInt64] {
        var seqs: [UInt64] = []
        for piece in journal.scan.pieces {
            try piece.segment.copy?.load()
            JournalFixture.forEachRecord(in: piece) { record in
                seqs.append(record.seq)
                var isAsWritten = record.epoch == Int64(record.seq) && record.kind == .epoch && record.experiment == 1
                record.forEachChannel { name, values in
                    isAsWritten = isAsWritten && String(decoding: name, as: UTF8.self) == "valid"
                    isAsWritten = isAsWritten && values.count == 1 && values[0] == Double(record.seq)
                }
                if !isAsWritten { seqs.append(0) }
            }
        }
        return seqs
    }
}

extension OrphanedJournal {
    /// Opens a journal once it is unlocked: a process that another test is starting has the lock until it executes its program.
    static func openUnlocked(
        _ name: String, in root: JournalRoot, machine: HostIdentity, isSilent: (Heartbeat) -> Bool = { _ in true },
        where isAdoptable: (SegmentHeader) -> Bool
    ) -> OpenResult {
        var result = OpenResult.locked
        _ = eventually {
            result = open(name, in: root, machine: machine, isSilent: isSilent, where: isAdoptable)
            if case .locked = result { return false }
            return true
        }
        return result
    }
}
