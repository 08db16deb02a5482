import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// A replay that passes over damaged records.
@Suite struct DamagedArchiveTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private static func position(_ number: UInt64) -> ArchivePosition {
        ArchivePosition(series: 7, id: StreamID(milliseconds: number, sequence: 3), count: Int(number))
    }

    /// Writes entries with a command after the third one, and returns the path, the bytes, and the places of the records.
    private func archive(
        _ numbers: ClosedRange<UInt64>, value: String = "alive"
    ) throws -> (path: String, bytes: Data, places: [Int]) {
        var archive = ArchiveFolder(folder.path, tag: "{hypero}")
        for number in numbers {
            var records = ArchiveBuffer()
            let fields = [StreamEntry.Field("event", value)]
            StreamEntry(id: .zero, fields: fields).withWireFields {
                records.add(entry: Self.position(number), fields: $0)
            }
            if number == 3 {
                let id = StreamID(milliseconds: 90, sequence: 0)
                records.add(.deleteBattery(BatteryID("b")!), id: id, after: Self.position(3))
            }
            try archive.append(records, at: 0)
        }
        try archive.finish()
        let path = try #require(try archive.files().first)
        var reader = try ArchiveReader(path)
        var places = [reader.position]
        while try reader.next() != nil { places.append(reader.position) }
        return (path, try Data(contentsOf: URL(fileURLWithPath: path)), places)
    }

    private func elements(of path: String) throws -> [String] {
        try ArchiveSequence.elements(of: [path], skipsDamage: true).elements
    }

    @Test func `What follows a damaged record is applied, and the hole is named, wherever the damage is`() throws {
        let (path, bytes, places) = try archive(1...6)
        #expect(places.count == 9)
        let whole = try elements(of: path)
        #expect(whole == ["1", "2", "3", "battery b", "4", "5", "6"])
        // Any byte of the second entry, of its line or of its content.
        for index in places[1]..<places[2] {
            var changed = bytes
            changed[index] ^= 1
            try changed.write(to: URL(fileURLWithPath: path))
            #expect(throws: ArchiveError.self, "byte \(index)") { _ = try ArchiveSequence([path]) }
            let found = try elements(of: path)
            try #require(found.count == 8, "byte \(index): \(found)")
            #expect(
                found.prefix(3) == [
                    "1", "3",
                    "the archive lacks 1 entry between 1-3 and 3-3 (1970-01-01 00:00:00 to 1970-01-01 00:00:00 UTC)",
                ])
            #expect(found[3...6] == ["battery b", "4", "5", "6"])
            #expect(
                found[7].hasPrefix(
                    "\(places[2] - places[1]) bytes of \(path) from byte \(places[1]) on are damaged and were passed over"
                ))
        }
        // Two places, of which one is the command.
        var changed = bytes
        changed[places[1]] ^= 1
        changed[places[3] + 2] ^= 1
        try changed.write(to: URL(fileURLWithPath: path))
        let found = try elements(of: path)
        #expect(found.filter { $0.count == 1 } == ["1", "3", "4", "5", "6"])
        #expect(!found.contains("battery b") && found.filter { $0.contains("were passed over") }.count == 2)
        // Bytes that are missing, and others after the end.
        try (bytes.prefix(places[1] + 7) + bytes.dropFirst(places[2] + 4) + Data("x\ny\n".utf8))
            .write(to: URL(fileURLWithPath: path))
        let cut = try elements(of: path)
        #expect(cut.filter { $0.count == 1 } == ["1", "4", "5", "6"], "\(cut)")
        #expect(cut.contains { $0.hasPrefix("the archive lacks 2 entries between 1-3 and 3-3 (") })
    }

    @Test func `A logged text that looks like a record is none, also after damage`() throws {
        var forged = ArchiveBuffer()
        let id = StreamID(milliseconds: 9, sequence: 9)
        forged.add(.deleteBattery(BatteryID("forged")!), id: id, after: Self.position(1))
        // The writer of a text does not know the id of the file.
        let text = String(decoding: forged.bytes(in: ""), as: UTF8.self)
        let (path, bytes, places) = try archive(1...3, value: "x\n\(text)")
        for index in places[1]..<places[2] {
            var changed = bytes
            changed[index] ^= 1
            try changed.write(to: URL(fileURLWithPath: path))
            #expect(try !elements(of: path).contains("battery forged"), "byte \(index)")
        }
    }

    @Test func `Records in the wrong place or twice are an error with their position, and otherwise applied once`()
        throws
    {
        let (path, bytes, places) = try archive(1...6)
        func part(_ range: Range<Int>) -> Data { bytes[places[range.lowerBound]..<places[range.upperBound]] }
        let head = bytes.prefix(places[0])
        // The entries are the records 0, 1, 2, 4, 5 and 6, and 3 is the command.
        let whole = ["1", "2", "3", "battery b", "4", "5", "6"]
        let contents: [(Data, Int, [String])] = [
            (head + part(0..<7) + part(0..<8), places[7], whole),
            (head + part(0..<5) + part(1..<8), places[5], whole),
            // Those that precede it follow.
            (head + part(0..<1) + part(6..<7) + part(1..<8), places[1] + part(6..<7).count, whole),
            (
                head + part(0..<5) + part(0..<2) + part(6..<8), places[5],
                whole.filter { $0 != "5" }
            ),
        ]
        for (index, (content, position, expected)) in contents.enumerated() {
            try content.write(to: URL(fileURLWithPath: path))
            #expect {
                _ = try ArchiveSequence([path])
            } throws: { error in
                let error = error as? ArchiveError
                return error?.isDamage == true
                    && error?.description.contains("the record at byte \(position) of \(path) is not after the one")
                        == true
            }
            let found = try elements(of: path)
            #expect(found.filter { $0.utf8.count < 10 } == expected, "\(index): \(found)")
            #expect(found.contains { $0.hasPrefix("the archive lacks 1 entry") } == (expected != whole), "\(index)")
        }
    }

    @Test func `Entries that are missing before the end of a file are counted`() throws {
        let (path, bytes, places) = try archive(1...6)
        var changed = bytes
        for index in [places[6], places[5]] { changed[index] ^= 1 }
        try changed.write(to: URL(fileURLWithPath: path))
        let found = try elements(of: path)
        #expect(found.contains { $0.hasPrefix("the archive lacks 2 entries between 4-3 and 6-3 (") }, "\(found)")
    }
}
