import Foundation
import HyperoSchema
import TestSupport

@testable import Hypero

/// A journal in a temporary folder.
final class JournalFixture {
    static let producer = ProducerID("k3v9x2mq7d")!
    static let battery = BatteryHandle(Event.Declaration(name: "b", version: 1, description: ""))

    let folder: TemporaryFolder
    let journal: Journal

    init(limit: Int = 1 << 20, segmentSize: Int = 4096, path: String? = nil) throws {
        let folder = try TemporaryFolder()
        let path = path ?? folder.file("journal")
        let settings = JournalSettings(
            limit: limit, segmentSize: segmentSize, tag: "{hypero}", serverURL: "redis://nowhere:1",
            environment: { $0 == "HYPERO_JOURNAL" ? path : nil })
        guard let journal = Journal(JournalIdentity(producer: Self.producer), settings) else {
            throw TestFailure("the journal could not be created")
        }
        self.folder = folder
        self.journal = journal
    }

    /// Appends a row with the single channel `valid`.
    func append(epoch: Int64, experiment: UInt32 = 1, _ value: Double = 0.5) {
        journal.append(
            .epoch, battery: Self.battery.bytes, subject: Journal.Subject(experiment: experiment, generation: 0),
            epoch: epoch,
            count: 1, payload: RecordHeader.channelHeader + 5 + 8
        ) { $0.put(channel: "valid" as StaticString, value) }
    }

    /// Appends a text event.
    func append(_ body: Event.Body, experiment: UInt32 = 1) {
        var fields: [(String, String)] = []
        body.forEachField { fields.append(($0, $1)) }
        let payload = fields.reduce(0) { $0 + RecordHeader.fieldHeader + $1.0.utf8.count + $1.1.utf8.count }
        journal.append(
            RecordKind(body.kind), battery: Self.battery.bytes,
            subject: Journal.Subject(experiment: experiment, generation: 0), count: fields.count, payload: payload
        ) { writer in
            for (name, value) in fields { writer.put(field: name, value) }
        }
    }

    /// The names of the segment files, in order.
    var files: [String] {
        get throws {
            guard let path = journal.path else { return [] }
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".segment") }
                .sorted()
        }
    }

    /// Calls the body with every record of a piece, in order.
    static func forEachRecord(in piece: SegmentPiece, _ body: (Record) -> Void) {
        if let copy = piece.segment.copy { precondition(copy.isAvailable(), "the segment cannot be read again") }
        var offset = piece.start
        while offset < piece.end {
            let record = Record(at: piece.segment.base + offset)
            body(record)
            offset += record.length
        }
    }

    /// Calls the body with every published record, in order.
    static func forEachRecord(in published: Journal.Published, _ body: (Record) -> Void) {
        for piece in published.fullSegments + [published.current] { forEachRecord(in: piece, body) }
    }
}
