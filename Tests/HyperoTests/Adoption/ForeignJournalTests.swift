import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// Journals that another user could have made or could change. In each test the journal would be adopted if it were private.
@Suite("Journals of other users")
struct ForeignJournalTests {
    /// A user other than the one of the tests.
    private static let otherUser: UInt32 = 65_534
    private static let canChangeOwner = geteuid() == 0

    private let fixture: OrphanFixture
    private let recorder = NoticeRecorder()
    private let root: String
    private let journal: String
    private let segment: String

    init() throws {
        fixture = try OrphanFixture(rows: 6)
        root = fixture.folder.file("original")
        journal = "\(root)/\(JournalFixture.producer.text)"
        segment = "\(journal)/1.segment"
    }

    private func open() throws -> OrphanedJournal.OpenResult {
        OrphanedJournal.openUnlocked(
            JournalFixture.producer.text, in: try JournalRoot(existing: root, environment: { _ in nil }),
            machine: .current
        ) { _ in true }
    }

    private func violation() throws -> FileStatus.Violation {
        guard case .notPrivate(_, let violation) = try open() else {
            throw TestFailure("the journal is taken for a private one: \(try open())")
        }
        return violation
    }

    private func scope() throws -> Adoption.Scope {
        Adoption.Scope(
            root: try JournalRoot(existing: root, environment: { _ in nil }),
            url: try RedisURL(ClientFixture.unreachableURL), keyspaces: try Keyspace.all(), matchesServer: false,
            notify: recorder.notify)
    }

    /// Looks for journals three times, like a client.
    private func lookRepeatedly() throws {
        var adoption = Adoption(try scope())
        for _ in 0..<3 {
            adoption.scan()
            while case .worked = adoption.step() {}
        }
        #expect(adoption.remainingJournals == 0)
    }

    @Test func `A journal that only its user can change is opened`() throws {
        guard case .opened = try open() else { throw TestFailure("not opened") }
    }

    @Test func `A folder or segment that other users can write to is left alone and reported once`() throws {
        for path in [journal, segment] {
            var status = stat()
            #expect(stat(path, &status) == 0)
            for mode: mode_t in [0o720, 0o702, 0o777, 0o1777] {
                chmod(path, mode)
                #expect(try violation() == .sharedMode(UInt32(mode)))
            }
            try lookRepeatedly()
            chmod(path, status.st_mode & 0o7777)
        }
        #expect(recorder.notices.count == 2, "\(recorder.notices)")
        #expect(recorder.count(containing: "other users can write to it") == 2)
    }

    @Test(.enabled(if: canChangeOwner, "only root can give files to another user"))
    func `A link, pipe or file that another user has put into a shared root is that user's`() throws {
        chmod(root, 0o1777)
        let path = "\(root)/zzzzzzzzz3"
        for create in [{ symlink("/etc", path) }, { mkfifo(path, 0o600) }, { Glibc.close(creat(path, 0o600)) }] {
            #expect(create() == 0)
            #expect(lchown(path, Self.otherUser, Self.otherUser) == 0)
            let status = try #require(FileStatus(of: path))
            #expect(status.violation(expecting: .folder) == .otherUser(Self.otherUser))
            #expect(unlink(path) == 0)
        }
    }

    @Test(.enabled(if: canChangeOwner, "only root can give files to another user"))
    func `A folder or segment of another user is left alone and reported once`() throws {
        #expect(chown(segment, Self.otherUser, Self.otherUser) == 0)
        #expect(try violation() == .otherUser(Self.otherUser))
        try lookRepeatedly()
        // The journal is this user's, who may have to correct it.
        #expect(recorder.notices.count == 1)
        #expect(recorder.count(containing: "1.segment: it belongs to the user 65534. Check who wrote it") == 1)
        #expect(chown(segment, geteuid(), getegid()) == 0)
        // A root that several users share.
        chmod(root, 0o1777)
        #expect(chown(root, Self.otherUser, Self.otherUser) == 0)
        guard case .opened = try open() else { throw TestFailure("not opened in a shared root") }
        #expect(chown(journal, Self.otherUser, Self.otherUser) == 0)
        #expect(try violation() == .otherUser(Self.otherUser))
        try lookRepeatedly()
        #expect(recorder.notices.count == 2)
        #expect(recorder.count(containing: "journals of other users are left alone") == 1)
    }

    @Test(.enabled(if: canChangeOwner, "only root can give files to another user"))
    func `The folders of other users are counted and not remembered, however many there are`() throws {
        chmod(root, 0o1777)
        for number in 0..<50 {
            for path in ["\(root)/\(1_000_000_000 + number)", "\(root)/.\(2_000_000_000 + number)"] {
                #expect(mkdir(path, 0o700) == 0)
                #expect(chown(path, Self.otherUser, Self.otherUser) == 0)
            }
        }
        var adoption = Adoption(try scope())
        for _ in 0..<2 {
            adoption.scan()
            #expect(adoption.otherUserJournals == 100)
            #expect(adoption.remainingJournals == 1)
            #expect(adoption.left.isEmpty)
        }
        adoption.stop()
        #expect(recorder.count(containing: "journals of other users are left alone") == 1)
    }

    @Test func `A segment with a second hard link is left alone`() throws {
        #expect(link(segment, root + "/link") == 0)
        #expect(try violation() == .linked(2))
    }

    @Test
    func `A symbolic link in place of a segment, a lock file or a folder is left alone, and its target is unchanged`()
        throws
    {
        let files = FileManager.default
        let target = fixture.folder.file("target")
        try files.createDirectory(atPath: target, withIntermediateDirectories: false)
        for name in ["lock", "1.segment"] {
            try Data("thesis".utf8).write(to: URL(fileURLWithPath: "\(target)/\(name)"))
        }
        let contents = try files.contentsOfDirectory(atPath: target).sorted()

        try files.createSymbolicLink(atPath: journal + "/lock", withDestinationPath: target + "/lock")
        #expect(try violation() == .wrongType(.file))
        try files.removeItem(atPath: journal + "/lock")

        try files.removeItem(atPath: segment)
        try files.createSymbolicLink(atPath: segment, withDestinationPath: target + "/1.segment")
        #expect(try violation() == .wrongType(.file))

        try files.removeItem(atPath: journal)
        try files.createSymbolicLink(atPath: journal, withDestinationPath: target)
        #expect(try violation() == .wrongType(.folder))

        // The folder of a client that was killed while it created the folder, two hours ago.
        let unfinished = "\(root)/.zzzzzzzzz1"
        try files.createSymbolicLink(atPath: unfinished, withDestinationPath: target)
        let past = timespec(tv_sec: time(nil) - 7_200, tv_nsec: 0)
        #expect(utimensat(AT_FDCWD, unfinished, [past, past], AT_SYMLINK_NOFOLLOW) == 0)
        #expect(utimensat(AT_FDCWD, target, [past, past], 0) == 0)
        try lookRepeatedly()
        #expect(try files.contentsOfDirectory(atPath: target).sorted() == contents)
        for name in contents { #expect(try String(contentsOfFile: "\(target)/\(name)", encoding: .utf8) == "thesis") }
        #expect(recorder.notices.count == 2, "\(recorder.notices)")
    }

    @Test func `An adopted journal whose segment or folder is replaced by a link changes no file behind the link`()
        throws
    {
        let files = FileManager.default
        let target = fixture.folder.file("target")
        try files.createDirectory(atPath: target, withIntermediateDirectories: false)
        let thesis = target + "/1.segment"
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: thesis))
        for replacesFolder in [false, true] {
            let copy = fixture.folder.file("copy\(replacesFolder)")
            try files.copyItem(atPath: root, toPath: copy)
            let journal = "\(copy)/\(JournalFixture.producer.text)"
            let result = OrphanedJournal.openUnlocked(
                JournalFixture.producer.text, in: try JournalRoot(existing: copy, environment: { _ in nil }),
                machine: .current
            ) { _ in true }
            guard case .opened(let orphan) = result else { throw TestFailure("not opened: \(result)") }
            let replaced = replacesFolder ? journal : journal + "/1.segment"
            try files.moveItem(atPath: replaced, toPath: copy + "/moved")
            try files.createSymbolicLink(
                atPath: replaced, withDestinationPath: replacesFolder ? target : thesis)
            var progress = SegmentHeader.Progress()
            progress.applied = SegmentHeader.Progress.Applied(seq: 6, since: MonotonicTime(nanoseconds: 1))
            orphan.segments[0].store(progress)
            Journal(orphan).end(removing: [], keepsFiles: false)
            #expect(try Data(contentsOf: URL(fileURLWithPath: thesis)) == Data(repeating: 7, count: 100_000))
        }
    }

    @Test func `A folder that has taken the place of an adopted journal is not removed`() throws {
        let files = FileManager.default
        guard case .opened(let orphan) = try open() else { throw TestFailure("not opened") }
        try files.moveItem(atPath: journal, toPath: root + "/moved")
        try files.createDirectory(atPath: journal, withIntermediateDirectories: false)
        Journal(orphan).end(removing: [], keepsFiles: false)
        // The segments are removed, because they are reached through the locked folder.
        #expect(try files.contentsOfDirectory(atPath: root + "/moved") == [])
        #expect(files.fileExists(atPath: journal))
    }

    @Test func `A root that is replaced after the start of a client is left alone and reported once`() throws {
        let kept = try JournalRoot(existing: root, environment: { _ in nil })
        var adoption = Adoption(
            Adoption.Scope(
                root: kept, url: try RedisURL(ClientFixture.unreachableURL), keyspaces: try Keyspace.all(),
                matchesServer: false, notify: recorder.notify))
        // A cleaner removes the folder, and another user creates one with the same name and journals.
        #expect(rename(root, root + ".old") == 0)
        try FileManager.default.copyItem(atPath: root + ".old", toPath: root)
        for _ in 0..<3 {
            adoption.scan()
            guard case .idle = adoption.step() else { throw TestFailure("a journal was found") }
        }
        #expect(recorder.notices.count == 1)
        #expect(recorder.count(containing: "was removed or replaced") == 1)
        #expect(throws: JournalFileError.self) { try JournalFolder(creating: ProducerID("zzzzzzzzz2")!, in: kept) }
    }

    @Test(.enabled(if: canChangeOwner, "only root can give files to another user"))
    func `A default root of another user is refused at each look`() throws {
        let parent = fixture.folder.file("tmp")
        let user = "\(parent)/hypero-\(getuid())"
        try FileManager.default.createDirectory(atPath: user + "/journal", withIntermediateDirectories: true)
        let existing = try JournalRoot(existing: nil, environment: { $0 == "TMPDIR" ? parent : nil })
        _ = try existing.open()
        #expect(chown(user + "/journal", Self.otherUser, Self.otherUser) == 0)
        #expect(throws: JournalFileError.self) { _ = try existing.open() }
        #expect(chown(user, Self.otherUser, Self.otherUser) == 0)
        #expect(throws: JournalFileError.self) {
            try JournalRoot(existing: nil, environment: { $0 == "TMPDIR" ? parent : nil })
        }
    }
}
