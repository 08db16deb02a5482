import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The files of an archive.
@Suite struct ArchiveFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private static func position(_ number: UInt64, series: UInt64 = 7) -> ArchivePosition {
        ArchivePosition(series: series, id: StreamID(milliseconds: number, sequence: 3), count: Int(clamping: number))
    }

    private static func entry(_ number: UInt64, _ fields: [StreamEntry.Field] = [], series: UInt64 = 7) -> ArchiveBuffer
    {
        var buffer = ArchiveBuffer()
        let position = position(number, series: series)
        StreamEntry(id: position.id, fields: fields).withWireFields { buffer.add(entry: position, fields: $0) }
        return buffer
    }

    private static func command(_ number: UInt64, _ battery: String, after: UInt64) -> ArchiveBuffer {
        var buffer = ArchiveBuffer()
        buffer.add(.deleteBattery(BatteryID(battery)!), id: position(number).id, after: position(after))
        return buffer
    }

    private static func records(of path: String) throws -> (records: [ArchiveRecord], isTorn: Bool) {
        var reader = try ArchiveReader(path)
        var records: [ArchiveRecord] = []
        while let record = try reader.next() { records.append(record) }
        return (records, reader.isTorn)
    }

    /// Writes files of a folder, each of its own process, and returns their paths.
    private func files(_ name: String, _ contents: [[ArchiveBuffer]]) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
        for content in contents {
            var archive = ArchiveFolder(folder.file(name), tag: "{hypero}")
            _ = try archive.lastPosition()
            for records in content { try archive.append(records, at: 0) }
            try archive.finish()
        }
        return try ArchiveFolder(folder.file(name), tag: "{hypero}").files()
    }

    @Test func `Entries of any bytes, commands and gaps are read as they were written`() throws {
        var archive = ArchiveFolder(folder.path, tag: "{hypero:3}")
        let fields = [
            StreamEntry.Field("event", "start"), StreamEntry.Field("", ""),
            StreamEntry.Field(name: [0, 10, 255], value: Array("7:x,\nE 1-0 - 0 0\n".utf8)),
        ]
        var others = ArchiveBuffer()
        others.add(EntrySeries(number: 7, former: 5, formerCount: 9))
        try archive.append(others, at: 1_000)
        try archive.append(Self.entry(1_000, fields), at: 1_000)
        others = ArchiveBuffer()
        others.add(.deleteBattery(BatteryID("b")!), id: Self.position(5).id, after: Self.position(1_000), number: 2)
        others.add(gapThrough: ArchivePosition(series: 7, id: .highest, count: 1_001))
        others.add(
            EntrySeries(number: 8, former: 7, formerCount: 1_001),
            commands: Archiver.CommandMark(position: Self.position(1_000, series: 8), count: 3))
        try archive.append(others, at: 1_000)
        try archive.append(Self.entry(86_400_000), at: 86_400_000)
        let names = try archive.files().map { $0.split(separator: "/").last! }
        #expect(names == ["hypero@3.1970-01-01.0001.archive", "hypero@3.1970-01-02.0001.archive"])
        let (found, isTorn) = try Self.records(of: try archive.files()[0])
        #expect(!isTorn && found.map(\.kind) == [.series, .entry, .command, .gap, .series, .end])
        #expect(found[0].entrySeries == EntrySeries(number: 7, former: 5, formerCount: 9))
        #expect(found[1].id == Self.position(1_000).id && found[1].number == 1_000 && found[1].series == 7)
        #expect(found[1].fields.map { StreamEntry.Field(name: $0.name, value: $0.value) } == fields)
        #expect(found[2].id == Self.position(5).id && found[2].after == Self.position(1_000).id)
        #expect(found[2].fields.map { String(decoding: $0.value, as: UTF8.self) } == ["delete", "b", "2"])
        #expect(found[3].id == .highest && found[3].number == 1_001 && found[2].commandNumber == 2)
        #expect(found[4].after == Self.position(1_000).id && found[4].commandCount == 3)
        #expect(found[0].commandCount == nil && found[5].id == .highest && found[5].number == 1_001)
        #expect(try archive.lastPosition() == Self.position(86_400_000))
        // Another process begins a file of its own, which names the one before it.
        var next = ArchiveFolder(folder.path, tag: "{hypero:3}")
        _ = try next.lastPosition()
        try next.append(Self.entry(86_400_001), at: 86_400_001)
        let last = try #require(try next.files().last)
        #expect(last.hasSuffix("1970-01-02.0002.archive"))
        #expect(try ArchiveReader(last).header.former == ArchiveReader(next.files()[1]).header.file)
        #expect(try ArchiveFolder(folder.path, tag: "{hypero}").files() == [])
    }

    @Test func `A record that is torn at any byte is left out, and one with a changed byte is an error`() throws {
        var archive = ArchiveFolder(folder.path, tag: "{hypero}")
        try archive.append(Self.entry(1, [StreamEntry.Field("event", "alive")]), at: 1)
        try archive.append(Self.entry(2, [StreamEntry.Field("event", "alive")]), at: 2)
        let file = try archive.files()[0]
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        let start = try ArchiveReader(file).header.line.utf8.count
        let size = (whole.count - start) / 2
        func write(_ data: Data) throws { try data.write(to: URL(fileURLWithPath: file)) }
        func last() throws -> ArchivePosition? {
            var folder = ArchiveFolder(folder.path, tag: "{hypero}")
            return try folder.lastPosition()
        }
        for cut in 1..<size {
            try write(whole.dropLast(cut))
            let (records, isTorn) = try Self.records(of: file)
            #expect(records.count == 1 && isTorn, "\(cut) bytes")
            #expect(try last() == Self.position(1))
        }
        for tail in [Data(), Data([0])] {
            for index in start..<whole.count {
                var changed = whole
                changed[index] ^= 1
                try write(changed + tail)
                // Without its line feed, the last record is one that is torn.
                if index == whole.count - 1, let found = try? Self.records(of: file) {
                    #expect(found.records.count < 2 && found.isTorn)
                } else {
                    #expect(throws: ArchiveError.self, "byte \(index)") { try Self.records(of: file) }
                }
            }
        }
        // After a loss of power.
        for cut in 0..<size {
            try write(whole.dropLast(cut) + Data(repeating: 0, count: 4_096))
            let (records, isTorn) = try Self.records(of: file)
            #expect(records.count == (cut == 0 ? 2 : 1) && isTorn, "\(cut) bytes and zeros")
        }
        for content in [Data(), whole.prefix(7), whole.prefix(start - 1), Data(repeating: 0, count: 100)] {
            try write(content)
            #expect(try ArchiveReader.isUnbegun(file), "\(content.count) bytes")
            #expect(try last() == nil)
            var sequence = try ArchiveSequence([file])
            #expect(try sequence.next() == nil && sequence.torn == [file])
        }
        for content in [whole, Data("other".utf8), Data("other\n".utf8)] {
            try write(content)
            #expect(try !ArchiveReader.isUnbegun(file))
        }
        #expect(throws: ArchiveError.self) { _ = try ArchiveReader(file) }
    }

    @Test func `A file that is cut at a record, one that is missing, and entries that are left out are holes`() throws {
        let paths = try files(
            "a", [(1...4).map { Self.entry($0) } + [Self.command(9, "b", after: 4)], [Self.entry(5)], [Self.entry(6)]])
        #expect(try ArchiveSequence.elements(of: paths).elements == ["1", "2", "3", "4", "battery b", "5", "6"])
        #expect(
            try ArchiveSequence.elements(of: [paths[0], paths[2]]).elements == [
                "1", "2", "3", "4", "battery b", "6",
                "the archive lacks 1 entry between 4-3 and 6-3 (1970-01-01 00:00:00 to 1970-01-01 00:00:00 UTC)",
                "the file that was written before \(paths[2]), of before 1970-01-01 00:00:00 UTC, is missing: the name of such "
                    + "a file has an earlier day, or a lower number",
            ])
        // A command that is cut off.
        let whole = try Data(contentsOf: URL(fileURLWithPath: paths[0]))
        var sizes: [Int] = []
        var reader = try ArchiveReader(paths[0])
        repeat { sizes.append(reader.position) } while try reader.next() != nil
        try whole.prefix(sizes[4]).write(to: URL(fileURLWithPath: paths[0]))
        let cut = try ArchiveSequence.elements(of: paths).elements
        #expect(cut.dropLast() == ["1", "2", "3", "4", "5", "6"])
        #expect(cut.last?.contains("was cut: \(whole.count - sizes[4]) bytes of records are missing") == true)
        // The last file.
        let last = try Data(contentsOf: URL(fileURLWithPath: paths[2]))
        try last.dropLast(60).write(to: URL(fileURLWithPath: paths[2]))
        #expect(try ArchiveSequence.elements(of: paths).elements.contains { $0.hasPrefix("\(paths[2]) has no end") })
    }

    @Test func `Of a command that two owners have recorded, the one that has carried it out counts`() throws {
        let commands = { after in (1...3).map { Self.command($0, "b\($0)", after: after) } }
        let paths =
            try files("a", [(1...4).map { Self.entry($0) } + commands(4)])
            + files("b", [(4...6).map { Self.entry($0) } + commands(6)])
        #expect(
            try ArchiveSequence.elements(of: paths).elements
                == ["1", "2", "3", "4", "5", "6", "battery b1", "battery b2", "battery b3"])
    }

    @Test func `Files that overlap are merged, commands are where they were, and what occurs again is skipped`() throws
    {
        // The same command of an owner that was killed before it had carried it out.
        let command = Self.command(77, "b", after: 5)
        let a = try files("a", [[1, 2, 3, 5].map { Self.entry($0) } + [command, command]])
        let b = try files("b", [[3, 4, 5, 6, 9].map { Self.entry($0) }])
        let c = try files("c", [[7, 8].map { Self.entry($0) }])
        let (found, skipped) = try ArchiveSequence.elements(of: c + a + b)
        #expect(found == ["1", "2", "3", "4", "5", "battery b", "6", "7", "8", "9"])
        #expect(skipped == 2)
    }

    @Test func `A control stream that began again has commands with lower ids, and all are carried out`() throws {
        let paths = try files(
            "a",
            [
                [
                    Self.entry(1), Self.command(90, "first", after: 1), Self.entry(2),
                    Self.command(10, "second", after: 2),
                    Self.command(10, "third", after: 2),
                ]
            ])
        var sequence = try ArchiveSequence(paths)
        var ids: [StreamID] = []
        var subjects: Set<String> = []
        while let element = try sequence.next() {
            guard case .command(let command, let id) = element else { continue }
            ids.append(id)
            subjects.insert(command.subject)
        }
        #expect(subjects == ["battery first", "battery second", "battery third"])
        #expect(ids.count == 3 && ids == ids.sorted() && Set(ids).count == 3)
    }

    @Test func `What is not a regular file is refused at once`() throws {
        let pipe = folder.file("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, "/dev/null", folder.path] {
            #expect {
                _ = try ArchiveReader(path)
            } throws: {
                "\($0)".contains("it is not a regular file. Decompress a compressed archive to a file")
            }
        }
    }
}
