import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The files of an archive that are added to a server with entries.
@Suite struct ServerPositionTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private static func position(_ milliseconds: UInt64, _ count: Int, in series: UInt64) -> ArchivePosition {
        ArchivePosition(series: series, id: StreamID(milliseconds: milliseconds, sequence: 0), count: count)
    }

    /// Writes a file with the entries of some numbers, whose ids are the numbers and an offset.
    private func file(
        _ numbers: ClosedRange<Int>, of series: EntrySeries, offset: Int = 0,
        commandAfter command: (entry: Int, number: Int)? = nil
    ) throws -> String {
        var archive = ArchiveFolder(folder.path, tag: "{hypero}")
        _ = try archive.lastPosition()
        var records = ArchiveBuffer()
        records.add(series)
        for number in numbers {
            let position = Self.position(UInt64(number + offset), number, in: series.number)
            StreamEntry(id: .zero, fields: []).withWireFields { records.add(entry: position, fields: $0) }
            if let command, command.entry == number {
                let id = StreamID(milliseconds: 90, sequence: UInt64(command.number))
                records.add(.deleteBattery(BatteryID("b")!), id: id, after: position, number: command.number)
            }
        }
        try archive.append(records, at: 0)
        try archive.finish()
        return try #require(try archive.files().last)
    }

    /// Returns the entries after a position of a server, and the beginnings of the holes.
    private func elements(
        _ files: [String], after position: ArchivePosition, commands: Int = 0
    ) throws -> (added: [UInt64], known: Int, holes: [String]) {
        var sequence = try ArchiveSequence(files, after: position, commands: commands)
        var (added, known, holes): ([UInt64], Int, [String]) = ([], 0, [])
        while let element = try sequence.next() {
            switch element {
            case .entry(let id, _) where id > position.id: added.append(id.milliseconds)
            case .entry: known += 1
            case .command: break
            case .hole(let hole): holes.append(String(hole.text.prefix(46)))
            }
        }
        return (added, known, holes)
    }

    private static let (first, second) = (
        EntrySeries(number: 7, former: 0, formerCount: 0), EntrySeries(number: 8, former: 7, formerCount: 6)
    )

    @Test func `Only what is missing after the position of the server is a hole`() throws {
        let old = try file(1...1, of: Self.first)
        _ = try file(2...3, of: Self.first)
        let new = try [4...5, 6...6].map { try file($0, of: Self.first) }
        let server = Self.position(3, 3, in: 7)
        #expect(try elements(new, after: server) == ([4, 5, 6], 0, []))
        #expect(try elements([old] + new, after: server) == ([4, 5, 6], 1, []))
        #expect(try elements(new, after: Self.position(4, 4, in: 7)) == ([5, 6], 1, []))
        let holes = try elements([new[1]], after: server)
        #expect(holes.added == [6] && holes.holes.count == 2, "\(holes)")
        #expect(holes.holes[0] == "the archive lacks 2 entries between 3-0 and 6-", "\(holes)")
        // A server whose numbers are those of another series, or too high.
        for other in [Self.position(3, 3, in: 6), Self.position(3, 5, in: 7)] {
            let found = try elements(new, after: other)
            #expect(found.added == [4, 5, 6] && found.holes.count == 2, "\(found)")
        }
        // One that has not all entries up to its own last one.
        let lacking = try elements([old] + new, after: Self.position(5, 4, in: 7))
        #expect(lacking.holes.contains("the server lacks 1 entry of the archive up to "), "\(lacking)")
    }

    @Test func `Commands that a server has carried out are no hole, and those after them are`() throws {
        let files = try [
            file(1...3, of: Self.first, commandAfter: (2, 3)), file(4...5, of: Self.first, commandAfter: (4, 5)),
        ]
        let hole = { (count: Int, noun: String) in "\(count) \(noun) of operators between" }
        for (server, commands, expected) in [(3, 4, []), (3, 3, [1]), (2, 2, [1]), (2, 1, [1, 1])] {
            let found = try elements(files, after: Self.position(UInt64(server), server, in: 7), commands: commands)
            let holes = found.holes.filter { $0.contains("of operators") }
            #expect(holes.count == expected.count, "\(server) \(commands) \(holes)")
            for (text, count) in zip(holes, expected) { #expect(text.hasPrefix(hole(count, "command")), "\(text)") }
        }
        let empty = try ArchiveSequence.elements(of: files).elements.filter { $0.contains("of operators") }
        #expect(empty.count == 2 && empty[0].hasPrefix(hole(2, "commands")), "\(empty)")
    }

    @Test func `Entries of a later series get ids above the position, and those of an earlier one do not`() throws {
        let long = try file(1...6, of: Self.first, offset: 100)
        let later = try [1...2, 3...4].map { try file($0, of: Self.second) }
        #expect(try elements(later, after: Self.position(106, 6, in: 7)) == ([106, 106, 106, 106], 0, []))
        #expect(try elements([long] + later, after: Self.position(103, 3, in: 7)).holes == [])
        #expect(try elements([long] + later, after: Self.position(2, 2, in: 8)) == ([3, 4], 8, []))
        #expect(try elements([later[1]], after: Self.position(2, 2, in: 8)) == ([3, 4], 0, []))
        // The last entries of the series before are missing.
        let holes = try elements(later, after: Self.position(104, 4, in: 7)).holes
        #expect(holes.contains { $0.hasPrefix("the archive lacks 2 entries that were applied") }, "\(holes)")
    }
}
