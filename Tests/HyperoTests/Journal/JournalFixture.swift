import Foundation
import HyperoSchema
import TestSupport

@testable import Hypero

/// A journal in a folder of the test's own.
final class JournalFixture {
    static let producer = ProducerID("k3v9x2mq7d")!
    static let battery = BatteryHandle(Event.Declaration(name: "b", version: 1, description: ""))

    let folder: TemporaryFolder
    let journal: Journal

    init(limit: Int = 1 << 20, segmentSize: Int = 4096, place: String? = nil) throws {
        let folder = try TemporaryFolder()
        let place = place ?? folder.file("journal")
        let settings = JournalSettings(
            limit: limit, segmentSize: segmentSize, tag: "{hypero}", serverURL: "redis://nowhere:1",
            environment: { $0 == "HYPERO_JOURNAL" ? place : nil })
        guard let made = Journal(JournalIdentity(producer: Self.producer), settings) else {
            throw TestFailure("there is no memory for a journal")
        }
        self.folder = folder
        journal = made
    }

    /// Appends a row of one channel; its epoch tells records apart.
    func append(epoch: Int64, experiment: UInt32 = 1, _ value: Double = 0.5) {
        journal.append(
            .epoch, battery: Self.battery.bytes, subject: Journal.Subject(experiment: experiment, generation: 0),
            epoch: epoch,
            count: 1, payload: RecordHeader.channelHeader + 5 + 8
        ) { $0.put(channel: "valid" as StaticString, value) }
    }

    /// Appends an event of text.
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

    /// The names of the segments' files.
    var files: [String] {
        get throws {
            guard let path = journal.path else { return [] }
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".segment") }
                .sorted()
        }
    }

    /// Calls back with every record of a piece, in order.
    static func forEachRecord(_ piece: SegmentPiece, _ body: (Record) -> Void) {
        var offset = piece.start
        while offset < piece.end {
            let record = Record(at: piece.segment.base + offset)
            body(record)
            offset += record.length
        }
    }

    /// Calls back with every record that `published` covers, in order.
    static func forEachRecord(_ published: Journal.Published, _ body: (Record) -> Void) {
        for piece in published.fullSegments + [published.current] { forEachRecord(piece, body) }
    }
}
