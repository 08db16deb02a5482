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

    private static func entry(_ milliseconds: UInt64, _ fields: [StreamEntry.Field]) -> ArchiveBuffer {
        var buffer = ArchiveBuffer()
        let id = StreamID(milliseconds: milliseconds, sequence: 3)
        StreamEntry(id: id, fields: fields).withWireFields { buffer.add(entry: id, fields: $0) }
        return buffer
    }

    private static func records(of path: String) throws -> (records: [ArchiveRecord], isTorn: Bool) {
        var reader = try ArchiveReader(path)
        var records: [ArchiveRecord] = []
        while let record = try reader.next() { records.append(record) }
        return (records, reader.isTorn)
    }

    @Test func `Entries of any bytes, commands and gaps are read as they were written`() throws {
        var archive = ArchiveFolder(folder.path, tag: "{hypero:3}")
        let fields = [
            StreamEntry.Field("event", "start"), StreamEntry.Field("", ""),
            StreamEntry.Field(name: [0, 10, 255], value: Array("7:x,\nE 1-0 - 0 0\n".utf8)),
        ]
        try archive.append(Self.entry(1_000, fields), at: 1_000)
        var others = ArchiveBuffer()
        let (first, second) = (StreamID(milliseconds: 5, sequence: 0), StreamID(milliseconds: 1_000, sequence: 3))
        others.add(.deleteBattery(BatteryID("b")!), id: first, after: second)
        others.add(gapAfter: second, through: .highest)
        try archive.append(others, at: 1_000)
        try archive.append(Self.entry(86_400_000, []), at: 86_400_000)
        let names = try archive.files().map { $0.split(separator: "/").last! }
        #expect(names == ["hypero@3.1970-01-01.0001.archive", "hypero@3.1970-01-02.0001.archive"])
        let (found, isTorn) = try Self.records(of: try archive.files()[0])
        #expect(!isTorn && found.count == 3)
        #expect(
            found[0].id == second && found[0].fields.map { StreamEntry.Field(name: $0.name, value: $0.value) } == fields
        )
        #expect(found[1].kind == .command && found[1].id == first && found[1].after == second)
        #expect(found[1].fields.map { String(decoding: $0.value, as: UTF8.self) } == ["delete", "b"])
        #expect(found[2].kind == .gap && found[2].after == second && found[2].id == .highest)
        #expect(try archive.lastEntry() == StreamID(milliseconds: 86_400_000, sequence: 3))
        // Another process begins a file of its own.
        var next = ArchiveFolder(folder.path, tag: "{hypero:3}")
        try next.append(Self.entry(86_400_001, []), at: 86_400_001)
        #expect(try next.files().last?.hasSuffix("1970-01-02.0002.archive") == true)
        #expect(try ArchiveFolder(folder.path, tag: "{hypero}").files() == [])
    }

    @Test func `A record that is torn at any byte is left out, and one with a changed byte is an error`() throws {
        var archive = ArchiveFolder(folder.path, tag: "{hypero}")
        try archive.append(Self.entry(1, [StreamEntry.Field("event", "alive")]), at: 1)
        try archive.append(Self.entry(2, [StreamEntry.Field("event", "alive")]), at: 2)
        let file = try archive.files()[0]
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        let start = "hypero-archive 1 {hypero}\n".utf8.count
        let size = (whole.count - start) / 2
        func write(_ data: Data) throws { try data.write(to: URL(fileURLWithPath: file)) }
        for cut in 1..<size {
            try write(whole.dropLast(cut))
            let (records, isTorn) = try Self.records(of: file)
            #expect(records.count == 1 && isTorn, "\(cut) bytes")
            #expect(try ArchiveFolder(folder.path, tag: "{hypero}").lastEntry().milliseconds == 1)
        }
        for index in start..<whole.count {
            var changed = whole
            changed[index] ^= 1
            try write(changed)
            // A size that is larger than the file looks like a torn record.
            let found = try? Self.records(of: file)
            #expect(found.map { $0.records.count < 2 } ?? true, "byte \(index)")
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
            #expect(try ArchiveFolder(folder.path, tag: "{hypero}").lastEntry() == .zero)
            var sequence = try ArchiveSequence([file])
            #expect(try sequence.next() == nil && sequence.torn == [file])
        }
        for content in [whole, Data("other".utf8), Data("other\n".utf8)] {
            try write(content)
            #expect(try !ArchiveReader.isUnbegun(file))
        }
        #expect(throws: ArchiveError.self) { _ = try ArchiveReader(file) }
    }

    @Test func `Of a command that two owners have recorded, the one that has carried it out counts`() throws {
        func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 3) }
        var paths: [String] = []
        for (name, entries, after) in [("a", 1...4, 4), ("b", 4...6, 6)] as [(String, ClosedRange<UInt64>, UInt64)] {
            try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
            var archive = ArchiveFolder(folder.file(name), tag: "{hypero}")
            for entry in entries { try archive.append(Self.entry(entry, []), at: 0) }
            var commands = ArchiveBuffer()
            for command in 1...3 as ClosedRange<UInt64> {
                commands.add(.deleteBattery(BatteryID("b\(command)")!), id: id(command), after: id(after))
            }
            try archive.append(commands, at: 0)
            paths += try archive.files()
        }
        var sequence = try ArchiveSequence(paths)
        var found: [String] = []
        while let element = try sequence.next() {
            switch element {
            case .entry(let id, _): found.append("\(id.milliseconds)")
            case .command(let command, _): found.append(command.subject)
            case .gap: found.append("gap")
            }
        }
        #expect(found == ["1", "2", "3", "4", "5", "6", "battery b1", "battery b2", "battery b3"])
    }

    @Test func `Files that overlap are merged, commands are where they were, and what occurs again is skipped`() throws
    {
        func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 3) }
        func file(_ name: String, _ entries: [UInt64], commandAfter: UInt64? = nil) throws {
            try FileManager.default.createDirectory(atPath: folder.file(name), withIntermediateDirectories: false)
            var archive = ArchiveFolder(folder.file(name), tag: "{hypero}")
            for entry in entries {
                try archive.append(Self.entry(entry, []), at: 0)
                guard entry == commandAfter else { continue }
                var command = ArchiveBuffer()
                command.add(.deleteBattery(BatteryID("b")!), id: id(77), after: id(entry))
                // The same command of an owner that was killed before it had carried it out.
                try archive.append(command, at: 0)
                try archive.append(command, at: 0)
            }
        }
        try file("a", [1, 2, 3, 5], commandAfter: 5)
        try file("b", [3, 4, 5, 6, 9])
        try file("c", [7, 8])
        let paths = ["c", "a", "b"].map { folder.file($0) + "/hypero.1970-01-01.0001.archive" }
        var sequence = try ArchiveSequence(paths)
        var found: [String] = []
        while let element = try sequence.next() {
            switch element {
            case .entry(let id, _): found.append("\(id.milliseconds)")
            case .command(let command, _): found.append(command.subject)
            case .gap: found.append("gap")
            }
        }
        #expect(found == ["1", "2", "3", "4", "5", "battery b", "6", "7", "8", "9"])
        #expect(sequence.skipped == 2)
    }
}
