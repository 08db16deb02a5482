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

    private static let series = EntrySeries(number: 7, former: 0, formerCount: 0)

    init() throws {
        fixture = try IngestFixture()
        folder = try TemporaryFolder()
        try ArchiveFolder.prepare(folder.file("archive"))
        archiver = try Self.archiver(folder.file("archive"), fixture)
    }

    private static func archiver(_ path: String, _ fixture: IngestFixture) throws -> Archiver {
        Archiver(
            path, keyspace: fixture.keyspace, redis: try RedisURL(fixture.server.url),
            logger: IngestFixture.silentLogger)
    }

    private func id(_ number: UInt64) -> StreamID { StreamID(milliseconds: number, sequence: 0) }

    private func add(_ numbers: ClosedRange<UInt64>) throws {
        try fixture.run(numbers.map { "XADD \(fixture.keyspace.events) \($0)-0 event alive\n" }.joined())
    }

    private func begin(_ archiver: Archiver, _ series: EntrySeries = series, isNew: Bool = false, at number: UInt64 = 0)
    {
        archiver.start()
        archiver.begin(series, isNew: isNew, at: id(number), count: Int(number), commands: 0)
    }

    /// Archives what an owner has applied in a process of its own.
    private func archive(through number: UInt64, count: Int, _ series: EntrySeries = series) throws {
        let archiver = try Self.archiver(folder.file("archive"), fixture)
        archiver.start()
        archiver.begin(series, isNew: false, at: id(number), count: count, commands: 0)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
    }

    /// Returns the records of all files, such as `E5 5`: the id and the number.
    private func records() throws -> [String] {
        try ArchiveFolder(folder.file("archive"), tag: fixture.keyspace.tag).files().flatMap { path in
            var reader = try ArchiveReader(path)
            var found: [String] = []
            while let record = try reader.next() {
                let letter = String(UnicodeScalar(record.kind.rawValue))
                switch record.kind {
                case .end, .series: found.append(letter)
                default: found.append("\(letter)\(record.id.milliseconds) \(record.number)")
                }
            }
            return found
        }
    }

    /// Returns what a replay of all files would lack.
    private func holes(_ more: [String] = []) throws -> (entries: Int, holes: [String]) {
        var sequence = try ArchiveSequence(
            try ArchiveFolder(folder.file("archive"), tag: fixture.keyspace.tag).files() + more)
        var (entries, holes): (Int, [String]) = (0, [])
        while let element = try sequence.next() {
            switch element {
            case .entry: entries += 1
            // Without the times.
            case .hole(let hole): holes.append(hole.text.components(separatedBy: " (")[0])
            case .command: break
            }
        }
        return (entries, holes)
    }

    @Test func `Entries that leave the stream before the archive reads them are a gap, wherever they were`() throws {
        try add(1...300)
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MINID", "101")
        fixture.server.cli("XDEL", fixture.keyspace.events, "200-0")
        begin(archiver)
        archiver.recordApplied(id(300), count: 300)
        #expect(archiver.wait(atMost: .seconds(60)))
        // Also if nothing of a batch is left.
        try add(301...310)
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MAXLEN", "0")
        archiver.recordApplied(id(310), count: 310)
        archiver.finish(atMost: .seconds(60))
        let found = try holes()
        #expect(found.entries == 199)
        #expect(
            found.holes == [
                "the archive lacks 101 entries between 0-0 and 101-0",
                "the archive lacks 10 entries between 300-0 and 310-0",
            ])
        #expect(try records().last == "Z")
    }

    @Test func `Entries that an owner without an archive has applied are a gap, unless the stream still has them`()
        throws
    {
        try add(1...100)
        try archive(through: 40, count: 40)
        try archive(through: 100, count: 100)
        #expect(try holes() == (100, []))
        try add(101...200)
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MINID", "131")
        try archive(through: 200, count: 200)
        #expect(try holes() == (170, ["the archive lacks 30 entries between 100-0 and 131-0"]))
    }

    @Test func `What one archive lacks and another has is no gap`() throws {
        try add(1...100)
        try archive(through: 50, count: 50)
        let other = try Self.archiver(folder.path, fixture)
        begin(other, at: 80)
        #expect(other.wait(atMost: .seconds(60)))
        other.finish(atMost: .seconds(60))
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MINID", "81")
        try archive(through: 100, count: 100)
        #expect(try holes().holes == ["the archive lacks 30 entries between 50-0 and 81-0"])
        let others = try ArchiveFolder(folder.path, tag: fixture.keyspace.tag).files()
        #expect(try holes(others) == (100, []))
    }

    @Test func `Many entries after a restart are read in parts, and each has its number`() throws {
        try add(1...12_000)
        try archive(through: 10, count: 10)
        fixture.server.cli("XTRIM", fixture.keyspace.events, "MINID", "16")
        try archive(through: 12_000, count: 12_000)
        #expect(try holes() == (11_995, ["the archive lacks 5 entries between 10-0 and 16-0"]))
        #expect(try records().suffix(2) == ["E12000 12000", "Z"])
    }

    @Test(arguments: ["rm", "rm -r", "mv", "gzip", ": >", "truncate -s 200", "echo x >>"])
    func `A file that another program removes or changes is replaced, and the next has again what the stream has`(
        tool: String
    ) throws {
        try add(1...50)
        begin(archiver)
        archiver.recordApplied(id(50), count: 50)
        #expect(archiver.wait(atMost: .seconds(60)))
        let path = folder.file("archive")
        let command =
            switch tool {
            case "rm -r": "rm -r '\(path)'"
            case "mv": "mv '\(path)'/*.archive '\(folder.path)'"
            default: "for file in '\(path)'/*.archive; do \(tool) \"$file\"; done"
            }
        #expect(try ChildProcess.run("/bin/sh", ["-c", command]).succeeded)
        try add(51...60)
        archiver.recordApplied(id(60), count: 60)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
        // What is left of a file that was changed is damaged, torn, or has no end.
        let files = try ArchiveFolder(path, tag: fixture.keyspace.tag).files()
        var last = try ArchiveReader(try #require(files.last))
        #expect(try last.next()?.commandCount == 0)
        let found = try ArchiveSequence.elements(of: files, skipsDamage: true).elements
        #expect(found.compactMap { Int($0) } == Array(1...60) && !found.contains { $0.contains("lacks") }, "\(found)")
    }

    @Test func `A file that is removed while the next entries are read is archived again`() throws {
        let proxy = try FaultyProxy(to: fixture.server)
        let archiver = Archiver(
            folder.file("archive"), keyspace: fixture.keyspace, redis: try RedisURL(proxy.url),
            logger: IngestFixture.silentLogger)
        try add(1...5)
        begin(archiver)
        archiver.recordApplied(id(5), count: 5)
        #expect(archiver.wait(atMost: .seconds(60)))
        proxy.network = .muted
        let count = proxy.traffic.requests
        try add(6...10)
        archiver.recordApplied(id(10), count: 10)
        #expect(eventually { proxy.traffic.requests > count })
        for file in try ArchiveFolder(folder.file("archive"), tag: fixture.keyspace.tag).files() {
            try FileManager.default.removeItem(atPath: file)
        }
        proxy.network = .good
        #expect(archiver.wait(atMost: .seconds(60)) && archiver.finish(atMost: .seconds(60)))
        #expect(try records().filter { $0.hasPrefix("E") } == (1...10).map { "E\($0) \($0)" })
    }

    @Test func `The end of an archive that cannot be written is no success`() throws {
        let path = folder.file("archive")
        try add(1...9)
        begin(archiver)
        archiver.recordApplied(id(4), count: 4)
        #expect(archiver.wait(atMost: .seconds(60)))
        try FileManager.default.moveItem(atPath: path, toPath: folder.file("away"))
        try Data().write(to: URL(fileURLWithPath: path))
        archiver.recordApplied(id(9), count: 9)
        #expect(!archiver.finish(atMost: .seconds(60)))
    }

    @Test func `Entries with lower ids after the stream was lost are a series of their own`() throws {
        try add(9_001...9_005)
        begin(archiver, at: 0)
        archiver.recordApplied(id(9_005), count: 5)
        #expect(archiver.wait(atMost: .seconds(60)))
        fixture.server.cli("DEL", fixture.keyspace.events)
        try add(1...20)
        let series = EntrySeries(number: 8, former: 7, formerCount: 5)
        archiver.begin(series, isNew: true, at: .zero, count: 0, commands: 0)
        #expect(archiver.archived == .zero)
        archiver.recordApplied(id(20), count: 20)
        #expect(archiver.wait(atMost: .seconds(60)) && archiver.archived == id(20))
        archiver.finish(atMost: .seconds(60))
        #expect(try holes() == (25, []))
        // The next process continues the series.
        try add(21...30)
        try archive(through: 30, count: 30, series)
        #expect(try holes() == (35, []))
        var sequence = try ArchiveSequence(
            try ArchiveFolder(folder.file("archive"), tag: fixture.keyspace.tag).files())
        var ids: [StreamID] = []
        while case .entry(let id, _)? = try sequence.next() { ids.append(id) }
        #expect(ids.count == 35 && ids == ids.sorted() && Set(ids).count == 35)
    }

    @Test func `Entries that were not archived before the stream was lost are a gap`() throws {
        try add(1...5)
        begin(archiver)
        archiver.recordApplied(id(5), count: 5)
        #expect(archiver.wait(atMost: .seconds(60)))
        fixture.server.cli("DEL", fixture.keyspace.events)
        archiver.recordApplied(id(8), count: 8)
        archiver.begin(
            EntrySeries(number: 8, former: 7, formerCount: 8), isNew: true, at: .zero, count: 0, commands: 0)
        archiver.finish(atMost: .seconds(60))
        #expect(try holes() == (5, ["the archive lacks 3 entries between 5-0 and 8-0"]))
    }

    @Test func `A server that lags behind what is applied does not make the archive pass over entries`() throws {
        begin(archiver)
        archiver.recordApplied(id(10), count: 10)
        try add(1...4)
        #expect(!archiver.wait(atMost: .milliseconds(50)))
        try add(5...10)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
        #expect(try holes() == (10, []))
    }

    @Test
    func `A command is recorded after the entry that was applied last, and a process that is killed leaves its place`()
        throws
    {
        begin(archiver)
        try add(1...9)
        for (number, applied) in [(1, 7), (2, 9)] as [(Int, UInt64)] {
            archiver.recordApplied(id(applied), count: Int(applied))
            archiver.record(.deleteBattery(BatteryID("b")!), id: id(100 + applied), number: number)
            #expect(archiver.waitForCommands())
        }
        archiver.finish(atMost: .seconds(60))
        #expect(try records().filter { $0.hasPrefix("C") } == ["C107 7", "C109 9"])
        // The commands that the process before has carried out, of which another client has removed the first one.
        try add(10...10)
        let other = try Self.archiver(folder.file("archive"), fixture)
        other.start()
        other.begin(Self.series, isNew: false, at: id(10), count: 10, commands: 6)
        let field = UnarchivedField("110-0/7/9-0/9/3 112-0/7/10-0/10/5")
        other.restore(
            [111, 112, 113].map { (id($0), ControlEvent.deleteBattery(BatteryID("b\($0)")!)) }, of: field, count: 6)
        #expect(other.waitForCommands())
        other.finish(atMost: .seconds(60))
        #expect(try records().filter { $0.hasPrefix("C") }.suffix(3) == ["C111 9", "C112 10", "C113 10"])
        #expect(try holes().holes == ["1 command of operators between the entries 9-0 and 9-0"])
        // One that was carried out by an ingest of which this one has no command.
        let last = try Self.archiver(folder.file("archive"), fixture)
        last.start()
        last.begin(Self.series, isNew: false, at: id(10), count: 10, commands: 8)
        #expect(last.wait(atMost: .seconds(60)))
        last.finish(atMost: .seconds(60))
        #expect(try holes().holes.last == "2 commands of operators between the entries 10-0 and 10-0")
        let count = try ArchiveFolder(folder.file("archive"), tag: fixture.keyspace.tag).files().count
        // Nothing more is to be said.
        let idle = try Self.archiver(folder.file("archive"), fixture)
        idle.start()
        idle.begin(Self.series, isNew: false, at: id(10), count: 10, commands: 8)
        #expect(idle.wait(atMost: .seconds(60)))
        idle.finish(atMost: .seconds(60))
        #expect(try ArchiveFolder(folder.file("archive"), tag: fixture.keyspace.tag).files().count == count)
    }

    @Test func `Commands that cannot be written are kept until they can be, in their order and place`() throws {
        let path = folder.file("archive")
        try add(1...9)
        begin(archiver)
        archiver.recordApplied(id(4), count: 4)
        #expect(archiver.wait(atMost: .seconds(60)))
        // A file in the place of the folder.
        try FileManager.default.moveItem(atPath: path, toPath: folder.file("away"))
        try Data().write(to: URL(fileURLWithPath: path))
        for number in 1...3 as ClosedRange<UInt64> {
            archiver.record(.deleteBattery(BatteryID("b\(number)")!), id: id(100 + number), number: Int(number))
        }
        archiver.recordApplied(id(9), count: 9)
        archiver.record(.deleteBattery(BatteryID("b4")!), id: id(104), number: 4)
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: folder.file("away"), toPath: path)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
        #expect(try records().filter { $0.hasPrefix("C") } == ["C101 4", "C102 4", "C103 4", "C104 9"])
        #expect(try holes() == (9, []))
    }

    @Test func `A pipe or a link in the folder does not stop the archive`() throws {
        let path = folder.file("archive")
        #expect(mkfifo("\(path)/hypero.2999-01-01.0001.archive", 0o600) == 0)
        #expect(symlink("/dev/zero", "\(path)/hypero.2999-01-02.0001.archive") == 0)
        try add(1...5)
        begin(archiver)
        archiver.recordApplied(id(5), count: 5)
        archiver.record(.deleteBattery(BatteryID("b")!), id: id(6), number: 1)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
    }

    @Test func `A server that was restored to an older state needs another series`() throws {
        try add(1...50)
        try archive(through: 50, count: 50)
        begin(archiver, at: 30)
        #expect(eventually { archiver.needsSeries })
        #expect(archiver.position(waitingAtMost: .zero)?.id == .highest)
        archiver.begin(
            EntrySeries(number: 8, former: 7, formerCount: 50), isNew: true, at: id(30), count: 0, commands: 0)
        archiver.recordApplied(id(50), count: 20)
        #expect(archiver.wait(atMost: .seconds(60)))
        archiver.finish(atMost: .seconds(60))
        #expect(try holes() == (70, []))
    }
}
