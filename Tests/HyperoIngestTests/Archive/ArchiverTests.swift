import Foundation
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

/// The thread that archives applied entries, without an ingest.
@Suite struct ArchiverTests {
    private let fixture: IngestFixture
    private let folder: TemporaryFolder
    private let archiver: Archiver

    init() throws {
        fixture = try IngestFixture()
        folder = try TemporaryFolder()
        archiver = Archiver(
            folder.file("archive"), keyspace: fixture.keyspace, redis: try RedisURL(fixture.server.url),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 0) }

    private func add(_ numbers: ClosedRange<UInt64>) throws {
        try fixture.run(numbers.map { "XADD \(fixture.keyspace.events) \($0)-0 event alive\n" }.joined())
    }

    /// Returns the records of all files, such as `E5`, `G3 0`.
    private func records() throws -> [String] {
        try ArchiveFolder(folder.file("archive"), tag: fixture.keyspace.tag).files().flatMap { path in
            var reader = try ArchiveReader(path)
            var found: [String] = []
            while let record = try reader.next() {
                let letter = String(UnicodeScalar(record.kind.rawValue))
                found.append(
                    letter + "\(record.id.milliseconds)"
                        + (record.kind == .entry ? "" : " \(record.after.milliseconds)"))
            }
            return found
        }
    }

    @Test func `Entries that are trimmed while the archive reads are a gap, and what stays is archived`() throws {
        try ArchiveFolder.prepare(folder.file("archive"))
        try add(1...300)
        archiver.beginTrimming(through: id(100))
        archiver.recordApplied(id(300))
        // The thread reads between the two.
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MINID", "101")
        archiver.endTrimming(mayHaveRemoved: true)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
        #expect(try records() == ["G100 0"] + (101...300).map { "E\($0)" })
    }

    @Test func `A trim that removes nothing, or only what is archived, leaves no gap`() throws {
        try ArchiveFolder.prepare(folder.file("archive"))
        try add(1...50)
        archiver.beginTrimming(through: id(20))
        archiver.recordApplied(id(50))
        archiver.endTrimming(mayHaveRemoved: false)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.beginTrimming(through: id(50))
        archiver.endTrimming(mayHaveRemoved: true)
        try add(51...60)
        archiver.recordApplied(id(60))
        archiver.finish(atMost: .seconds(60))
        #expect(try records() == (1...60).map { "E\($0)" })
    }

    @Test func `A trim before the archive has read its own files is a gap`() throws {
        // The folder cannot be read yet.
        archiver.beginTrimming(through: id(10))
        archiver.endTrimming(mayHaveRemoved: true)
        try ArchiveFolder.prepare(folder.file("archive"))
        archiver.recordApplied(id(10))
        archiver.finish(atMost: .seconds(60))
        #expect(try records() == ["G10 0"])
    }

    @Test func `A server that lags behind what is applied does not make the archive pass over entries`() throws {
        try ArchiveFolder.prepare(folder.file("archive"))
        archiver.recordApplied(id(10))
        try add(1...4)
        #expect(eventually { (try? records().count) == 4 })
        try add(5...10)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
        #expect(try records() == (1...10).map { "E\($0)" })
    }

    @Test func `A command that is attempted again is recorded once, and again after other entries`() throws {
        try ArchiveFolder.prepare(folder.file("archive"))
        let command = ControlEvent.deleteBattery(BatteryID("b")!)
        for applied in [7, 7, 7, 9] as [UInt64] { archiver.record(command, id: id(5), after: id(applied)) }
        #expect(try records() == ["C5 7", "C5 9"])
    }
}
