import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Processes that archive to one folder, one after the other.
@Suite struct SharedFolderTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var archive: String { folder.file("archive") }

    @Test func `A standby continues where the owner that was killed has ended, so that no file seems to be cut`() throws
    {
        let live = try IngestFixture()
        func add(_ producer: String) throws {
            try live.add(EventSequence.training(by: producer, experiments: 2, epochs: 60))
            let last = ExperimentID("\(producer)-2")!
            #expect(eventually { live.server.cli("HLEN", live.keyspace.curve(of: last)) == "60" })
            #expect(
                try eventually {
                    let archived = try live.metric(IngestField.archived).flatMap { ArchivedField($0) }
                    let read = try live.metric(IngestField.read).flatMap { ReadField($0) }
                    return archived?.count == read?.count
                })
        }
        try ArchiveFolder.prepare(archive)
        let first = try live.ingest("--archive", archive, "--retain", "0")
        #expect(try eventually { try live.metric(IngestField.owner) != nil })
        // It reads the folder before the owner has written to it.
        let second = try live.ingest("--archive", archive, "--retain", "0")
        #expect(eventually { second.stderr.contains("standing by") })
        try add("p")
        first.kill()
        first.wait()
        try add("q")
        second.terminate()
        #expect(second.wait() == .exited(0))
        #expect(!second.stderr.contains("were removed before they were archived"), "\(second.stderr)")
        let other = try IngestFixture()
        let files = try ArchiveFolder(archive, tag: live.keyspace.tag).files()
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["replay", "--redis", other.server.url] + files, within: .seconds(60))
        #expect(outcome.ending == .exited(0) && files.count == 2, "\(outcome)")
        #expect(try other.indexes() == live.indexes())
    }

    @Test func `The newest file is the one that no other names, also if the clock was set back`() throws {
        func append(_ number: UInt64, at time: UInt64) throws -> ArchivePosition? {
            var folder = ArchiveFolder(folder.path, tag: "{hypero}")
            let last = try folder.lastPosition()
            var records = ArchiveBuffer()
            let position = ArchivePosition(
                series: 7, id: StreamID(milliseconds: number, sequence: 0), count: Int(number))
            StreamEntry(id: .zero, fields: []).withWireFields { records.add(entry: position, fields: $0) }
            try folder.append(records, at: time)
            return last
        }
        let day = 86_400_000 as UInt64
        #expect(try append(1, at: 9_000 * day) == nil)
        #expect(try append(2, at: 5 * day)?.count == 1)
        #expect(try append(3, at: 4 * day)?.count == 2)
        #expect(try append(4, at: 5 * day)?.count == 3)
        var sequence = try ArchiveSequence(ArchiveFolder(folder.path, tag: "{hypero}").files())
        var holes: [String] = []
        while let element = try sequence.next() { if case .hole(let hole) = element { holes.append(hole.text) } }
        // The last one, which was not ended.
        #expect(holes.count == 1 && holes[0].contains("has no end"), "\(holes)")
    }
}
