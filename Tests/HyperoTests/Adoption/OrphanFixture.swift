import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport

@testable import Hypero

/// A journal that a process left, and copies of it to do things to.
final class OrphanFixture {
    let folder: TemporaryFolder
    let rows: Int
    private static let name = JournalFixture.producer.text

    /// Leaves a journal of so many rows; their epochs are their sequence numbers.
    ///
    /// - Parameter unsealed: how many of the last ones the sender had not seen when the process ended.
    init(rows: Int, unsealed: Int = 0, segmentSize: Int = 4096) throws {
        self.rows = rows
        folder = try TemporaryFolder()
        let place = folder.file("original")
        let settings = JournalSettings(
            limit: 1 << 20, segmentSize: segmentSize, tag: "{hypero}", serverURL: "redis://nowhere:1",
            environment: { $0 == "HYPERO_JOURNAL" ? place : nil })
        guard let journal = Journal(JournalIdentity(producer: JournalFixture.producer), settings) else {
            throw TestFailure("there is no memory for a journal")
        }
        for seq in 1...rows {
            journal.append(
                .epoch, battery: JournalFixture.battery.bytes, subject: Journal.Subject(experiment: 1, generation: 0),
                epoch: Int64(seq), count: 1, payload: RecordHeader.channelHeader + 5 + 8
            ) { $0.put(channel: "valid" as StaticString, Double(seq)) }
            guard seq == rows - unsealed else { continue }
            var outbox = Outbox()
            outbox.update(journal.published())
            outbox.writeChecksums(atMost: .max)
        }
        journal.end(removing: [], keepsFiles: true)
    }

    /// The names of the segments' files.
    var segments: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: folder.file("original/\(Self.name)"))
                .filter { $0.hasSuffix(".segment") }.sorted()
        }
    }

    /// A file's bytes.
    func contents(_ segment: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("original/\(Self.name)/\(segment)"))))
    }

    /// Takes over a copy in which some files have other bytes.
    func take(
        _ changes: [String: [UInt8]] = [:], machine: HostIdentity = .current,
        where isOurs: (SegmentHeader) -> Bool = { _ in true }
    ) throws -> OrphanedJournal.OpenResult {
        let copy = folder.file("copy")
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: folder.file("original"), toPath: copy)
        for (segment, bytes) in changes {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(copy)/\(Self.name)/\(segment)"))
        }
        return OrphanedJournal.open(
            Self.name, in: try JournalRoot(existing: copy, environment: { _ in nil }), machine: machine, where: isOurs)
    }

    /// The numbers of a journal's records, all of them as they were written.
    func seqs(of journal: OrphanedJournal) throws -> [UInt64] {
        var seqs: [UInt64] = []
        for piece in journal.scan.pieces {
            JournalFixture.forEachRecord(piece) { record in
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
