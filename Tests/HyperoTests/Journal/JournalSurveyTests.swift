import Foundation
import Glibc
import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// The look at journals that takes no lock.
@Suite struct JournalSurveyTests {
    private static let name = JournalFixture.producer.text

    private func survey(
        _ path: String, machine: HostIdentity = .current, after seconds: Int64 = 3_600
    ) throws -> JournalSurvey {
        try JournalSurvey(
            of: JournalRoot(existing: path, environment: { _ in nil }), machine: machine,
            now: WallClock.milliseconds + seconds * 1_000)
    }

    private func report(
        _ path: String, machine: HostIdentity = .current, after seconds: Int64 = 3_600
    ) throws -> JournalReport {
        let journals = try survey(path, machine: machine, after: seconds).journals
        try #require(journals.count == 1)
        return journals[0]
    }

    /// Returns the report once no process has the lock: one that another test is starting has it until it executes its program.
    private func unlocked(
        _ path: String, machine: HostIdentity = .current, after seconds: Int64 = 3_600
    ) throws -> JournalReport {
        var found = try report(path, machine: machine, after: seconds)
        #expect(
            eventually {
                if let report = try? report(path, machine: machine, after: seconds) { found = report }
                return found.pid == nil
            })
        return found
    }

    @Test func `A journal in use is reported with its process and its unsent events, and stays usable`() throws {
        let fixture = try JournalFixture()
        let path = fixture.folder.file("journal")
        let start = WallClock.milliseconds
        for epoch in 1...200 { fixture.append(epoch: Int64(epoch)) }
        var report = try report(path)
        #expect(report.state == .inUse && report.pid == getpid())
        #expect(report.events == 200 && report.unsent == 200)
        #expect(try #require(report.unsentSince) >= start && report.lastEvent ?? 0 >= start)
        #expect(report.server == "redis://nowhere:1" && report.tag == "{hypero}")
        #expect(report.host == HostIdentity.current.host && report.problems.isEmpty)
        // Several segments of 4 KiB.
        #expect(try report.bytes >= 4_096 * fixture.files.count && fixture.files.count > 2)
        for epoch in 201...210 { fixture.append(epoch: Int64(epoch)) }
        report = try self.report(path)
        #expect(report.events == 210)
        withExtendedLifetime(fixture) {}
    }

    @Test func `Events that Redis has acknowledged are not unsent`() throws {
        let fixture = try OrphanFixture(rows: 20)
        let path = fixture.folder.file("original")
        var progress = SegmentHeader.Progress()
        progress.acknowledged = .init(seq: 15, id: StreamID(milliseconds: 1, sequence: 0))
        let file = "\(path)/\(Self.name)/\(try #require(fixture.segments.last))"
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        bytes.withUnsafeMutableBytes { progress.write(to: $0.baseAddress!) }
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        chmod(file, 0o600)
        let report = try report(path)
        #expect(report.events == 20 && report.unsent == 5)
    }

    @Test(arguments: [(0, .maybeInUse), (14, .maybeInUse), (16, .orphaned)] as [(Int64, JournalReport.State)])
    func `A journal without a visible owner is orphaned when it has not changed for some seconds`(
        seconds: Int64, state: JournalReport.State
    ) throws {
        let fixture = try OrphanFixture(rows: 3)
        let path = fixture.folder.file("original")
        let changed = try unlocked(path).changed
        let survey = try JournalSurvey(
            of: JournalRoot(existing: path, environment: { _ in nil }), now: changed + seconds * 1_000)
        #expect(survey.journals.map(\.state) == [state])
    }

    @Test func `A journal that an adopter holds is in use until it is released`() throws {
        let fixture = try OrphanFixture(rows: 3)
        let path = fixture.folder.file("original")
        let root = try JournalRoot(existing: path, environment: { _ in nil })
        var held: JournalFolder?
        // A process that another test is starting has the lock until it executes its program.
        #expect(
            eventually {
                held = try? JournalFolder(locking: Self.name, in: root)
                return held != nil
            })
        let report = try report(path)
        #expect(report.state == .inUse && report.pid == getpid() && report.events == 3)
        withExtendedLifetime(held) {}
        held = nil
        #expect(try unlocked(path).state == .orphaned)
    }

    @Test func `A journal of another host is reported as such`() throws {
        let fixture = try OrphanFixture(rows: 3)
        let other = HostIdentity(host: "elsewhere", boot: "0")
        let report = try unlocked(fixture.folder.file("original"), machine: other)
        #expect(report.state == .otherHost && report.host == HostIdentity.current.host)
    }

    @Test func `What is damaged or no journal is said, and the rest is read`() throws {
        let fixture = try OrphanFixture(rows: 100)
        let path = fixture.folder.file("original")
        let folder = "\(path)/\(Self.name)"
        let segments = try fixture.segments
        try #require(segments.count >= 3)
        let all = try unlocked(path).events ?? 0
        #expect(all == 100)
        // A damaged header, a file of another format, a short one, a pipe, a link, and a file that others can write to.
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(segments[0])")))
        bytes[20] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(segments[0])"))
        var other = [UInt8](repeating: 0, count: 4_096)
        other.withUnsafeMutableBytes {
            $0.storeBytes(of: SegmentHeader.magic, as: UInt64.self)
            $0.storeBytes(of: 99, toByteOffset: 8, as: UInt32.self)
        }
        try Data(other).write(to: URL(fileURLWithPath: "\(folder)/71.segment"))
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: "\(folder)/72.segment"))
        #expect(mkfifo("\(folder)/73.segment", 0o600) == 0)
        #expect(symlink("/etc/passwd", "\(folder)/74.segment") == 0)
        #expect(truncate("\(folder)/\(segments[2])", 2_048) == 0)
        for file in [segments[0], "71.segment", "72.segment"] { chmod("\(folder)/\(file)", 0o600) }
        try Data(repeating: 7, count: 4_096).write(to: URL(fileURLWithPath: "\(folder)/75.segment"))
        chmod("\(folder)/75.segment", 0o666)
        // Entries that are no journals, and an empty one.
        try FileManager.default.createDirectory(atPath: "\(path)/lost+found", withIntermediateDirectories: false)
        try Data().write(to: URL(fileURLWithPath: "\(path)/notes"))
        #expect(mkdir("\(path)/zzzzzzzzz2", 0o700) == 0)
        #expect(mkdir("\(path)/zzzzzzzzz3", 0o777) == 0)
        chmod("\(path)/zzzzzzzzz3", 0o777)
        let survey = try survey(path)
        #expect(survey.otherEntries == ["lost+found", "notes"] && survey.otherEntryCount == 2)
        #expect(survey.journals.map(\.name) == [Self.name, "zzzzzzzzz2", "zzzzzzzzz3"])
        #expect(survey.journals.map(\.state) == [.orphaned, .orphaned, .unreadable])
        let damaged = survey.journals[0]
        #expect(damaged.problems.count == 7, "\(damaged.problems)")
        for part in [
            "\(segments[0]) has a damaged header", "71.segment has format 99", "72.segment was shortened to 3 bytes",
            "73.segment: it is not a regular file", "74.segment: ", "75.segment: other users can write to it",
            "\(segments[2]) was shortened to 2048 of 4096 bytes",
        ] {
            #expect(damaged.problems.contains { $0.contains(part) }, "\(part): \(damaged.problems)")
        }
        #expect((1..<all).contains(damaged.events ?? 0))
        #expect(survey.journals[1].events == 0 && survey.journals[1].problems.isEmpty)
        #expect(survey.journals[2].problems.first?.contains("other users can write to it") == true)
    }

    @Test func `A journal without an intact header is unreadable`() throws {
        let fixture = try OrphanFixture(rows: 3)
        let path = fixture.folder.file("original")
        for segment in try fixture.segments {
            let file = "\(path)/\(Self.name)/\(segment)"
            try Data(repeating: 1, count: 4_096).write(to: URL(fileURLWithPath: file))
            chmod(file, 0o600)
        }
        let report = try unlocked(path)
        #expect(report.state == .unreadable && report.events == nil && report.unsent == nil && report.host == nil)
        #expect(report.problems.count == (try fixture.segments.count))
    }

    @Test(.enabled(if: geteuid() == 0, "only root can give files to another user"))
    func `For root, journals of other users are read, and all their files must belong to them`() throws {
        let fixture = try OrphanFixture(rows: 3)
        let path = fixture.folder.file("original")
        let folder = "\(path)/\(Self.name)"
        #expect(chown(folder, 65_534, 65_534) == 0)
        let foreign = try unlocked(path)
        #expect(foreign.user == 65_534 && foreign.state == .unreadable && foreign.events == nil)
        #expect(foreign.problems.first?.contains("it belongs to the user 0") == true)
        for segment in try fixture.segments { #expect(chown("\(folder)/\(segment)", 65_534, 65_534) == 0) }
        let report = try unlocked(path)
        #expect(report.user == 65_534 && report.state == .orphaned && report.events == 3 && report.problems.isEmpty)
    }

    @Test(
        arguments: [
            ("fe:00:12", (0xFE00, 12)), ("00:1a:23", (0x1A, 23)), ("103:12345:7", (0x1231_0345, 7)),
            ("1:2", nil), ("x:00:1", nil), ("00:00:-1", nil),
        ] as [(Substring, (UInt64, UInt64)?)])
    func `The file of a lock is numbered as by stat`(text: Substring, expected: (device: UInt64, number: UInt64)?) {
        let identity = LockHolders.identity(text)
        #expect(identity?.number == expected?.number)
        #expect(identity?.device == expected?.device)
    }
}
