import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Commands that an archive file has after later entries, and the order in which an archive writes both.
@Suite struct LateCommandTests {
    private let folder: TemporaryFolder
    private static let series = EntrySeries(number: 7, former: 0, formerCount: 0)

    init() throws {
        folder = try TemporaryFolder()
    }

    private static func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 0) }

    private static func position(_ number: UInt64) -> ArchivePosition {
        ArchivePosition(series: 7, id: id(number), count: Int(number))
    }

    /// Writes records to a file, and returns its path.
    private func file(_ write: (inout ArchiveBuffer) -> Void) throws -> String {
        var archive = ArchiveFolder(folder.path, tag: "{hypero}")
        var records = ArchiveBuffer()
        records.add(Self.series)
        write(&records)
        try archive.append(records, at: 0)
        try archive.finish()
        return try #require(try archive.files().last)
    }

    private static func add(_ numbers: ClosedRange<UInt64>, to records: inout ArchiveBuffer) {
        for number in numbers {
            StreamEntry(id: .zero, fields: [StreamEntry.Field("event", "alive")]).withWireFields {
                records.add(entry: position(number), fields: $0)
            }
        }
    }

    private static func add(_ name: String, _ number: Int, after entry: UInt64, to records: inout ArchiveBuffer) {
        records.add(
            .deleteBattery(BatteryID(name)!), id: id(100 + UInt64(number)), after: position(entry), number: number)
    }

    @Test func `A command that stands in a file after later entries is replayed in its place`() throws {
        let path = try file { records in
            Self.add(1...3, to: &records)
            Self.add("a", 1, after: 3, to: &records)
            Self.add(4...6, to: &records)
            for (index, name) in ["b", "c"].enumerated() { Self.add(name, 2 + index, after: 3, to: &records) }
            Self.add(7...8, to: &records)
            Self.add("d", 4, after: 7, to: &records)
            Self.add("e", 5, after: 8, to: &records)
        }
        let expected = [
            "1", "2", "3", "battery a", "battery b", "battery c", "4", "5", "6", "7", "battery d", "8", "battery e",
        ]
        for paths in [[path], [path, path]] {
            let found = try ArchiveSequence.elements(of: paths)
            #expect(found.elements == expected, "\(found)")
        }
    }

    @Test func `A number of lost commands of an earlier version is a hole`() throws {
        let path = try file { Self.add(1...4, to: &$0) }
        let id = try ArchiveReader.header(of: path).file
        var line = "L 7 0-0 3-0 2 0 \(ArchiveBuffer.checksum([])) "
        line += ArchiveBuffer.checksum(line.utf8, in: id) + "\n\n"
        var content = try Data(contentsOf: URL(fileURLWithPath: path))
        let end = try #require(content.range(of: Data("\nZ ".utf8))).lowerBound + 1
        content.insert(contentsOf: Array(line.utf8), at: end)
        try content.write(to: URL(fileURLWithPath: path))
        #expect(
            try ArchiveSequence.elements(of: [path]).elements == [
                "1", "2", "3", "the archive lacks 2 commands after 3-0, which could not be written", "4",
            ])
    }

    @Test func `Commands of an earlier process are written before the entries that were applied after them`() throws {
        let fixture = try IngestFixture()
        try fixture.run((1...6).map { "XADD \(fixture.keyspace.events) \($0)-0 event alive\n" }.joined())
        try ArchiveFolder.prepare(folder.path)
        let archiver = Archiver(
            folder.path, keyspace: fixture.keyspace, redis: try RedisURL(fixture.server.url),
            logger: IngestFixture.silentLogger)
        archiver.start()
        let count = 10_001
        archiver.restore(
            (1...count).map { (Self.id(100 + UInt64($0)), .deleteBattery(BatteryID("b")!)) },
            of: UnarchivedField("101-0/7/3-0/3/1"), count: count)
        archiver.begin(Self.series, isNew: false, at: Self.id(6), count: 6, commands: count)
        #expect(archiver.wait(atMost: .seconds(60)) && archiver.finish(atMost: .seconds(60)))
        var reader = try ArchiveReader(
            try #require(try ArchiveFolder(folder.path, tag: fixture.keyspace.tag).files().first))
        var kinds: [ArchiveRecord.Kind] = []
        while let record = try reader.next() { kinds.append(record.kind) }
        #expect(kinds.filter { $0 == .command }.count == count)
        #expect(kinds.filter { $0 != .series }.suffix(7) == Array(repeating: .entry, count: 6) + [.end])
    }

    @Test func `Pending records are taken in order, by a logarithmic number of comparisons each`() {
        struct Counted: Comparable {
            nonisolated(unsafe) static var comparisons = 0
            let value: Int
            static func < (left: Self, right: Self) -> Bool {
                comparisons += 1
                return left.value < right.value
            }
        }
        var generator = SystemRandomNumberGenerator()
        let count = 2_000
        // Those of a file that is given twice.
        let values =
            Array(0..<count) + Array(0..<count) + (0..<count).map { _ in Int.random(in: 0..<count, using: &generator) }
        var heap = Heap<Counted>()
        for value in values { heap.add(Counted(value: value)) }
        var found: [Int] = []
        while let first = heap.first {
            found.append(first.value)
            heap.removeFirst()
        }
        #expect(found == values.sorted())
        #expect(Counted.comparisons < values.count * 45)
    }
}
