import Foundation
import Glibc
import HyperoCore
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import Hypero

@Suite("The lock of a journal")
struct JournalLockTests {
    private static let name = JournalFixture.producer.text

    private static func open(_ fixture: OrphanFixture) throws -> OrphanedJournal.OpenResult {
        OrphanedJournal.open(
            name, in: try JournalRoot(existing: fixture.folder.file("original"), environment: { _ in nil }),
            machine: .current
        ) { _ in true }
    }

    /// Opens a journal once it is unlocked: a process that another test is starting has the lock until it executes its
    /// program.
    private static func openUnlocked(_ fixture: OrphanFixture) throws -> OrphanedJournal {
        var opened: OrphanedJournal?
        _ = try eventually {
            let result = try open(fixture)
            if case .opened(let journal) = result { opened = journal }
            if case .locked = result { return false }
            return true
        }
        return try #require(opened)
    }

    @Test func `A journal has no lock file, and its folder is locked`() throws {
        let fixture = try JournalFixture()
        let path = try #require(fixture.journal.path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["1.segment"])
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY)
        defer { close(descriptor) }
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) != 0)
        #expect(errno == EWOULDBLOCK)
    }

    @Test func `A journal of an earlier version is adopted with or without its lock file, and both are removed`() throws
    {
        for hasLockFile in [true, false] {
            let fixture = try OrphanFixture(rows: 6)
            let folder = fixture.folder.file("original/\(Self.name)")
            if hasLockFile { try Data().write(to: URL(fileURLWithPath: folder + "/lock")) }
            if hasLockFile { chmod(folder + "/lock", 0o600) }
            let orphan = try Self.openUnlocked(fixture)
            #expect(orphan.scan.seqs == 1...6)
            Journal(orphan).end(removing: [], keepsFiles: false)
            #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.file("original")) == [])
        }
    }

    @Test func `A journal whose lock file a process of an earlier version holds is not adopted`() throws {
        let fixture = try OrphanFixture(rows: 6)
        let lock = fixture.folder.file("original/\(Self.name)/lock")
        let descriptor = Glibc.open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        guard case .locked = try Self.open(fixture) else { throw TestFailure("opened") }
        close(descriptor)
        _ = try Self.openUnlocked(fixture)
    }

    @Test func `A client whose descriptors are closed by the process creates no file in another folder`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try JournalFixture()
            let other = fixture.folder.file("other")
            try FileManager.default.createDirectory(atPath: other, withIntermediateDirectories: false)
            let path = try #require(fixture.journal.path)
            // A daemon closes all descriptors, and another folder then takes the number of the locked one.
            let opened = Glibc.open(other, O_RDONLY | O_DIRECTORY)
            for descriptor in 3..<256 as Range<CInt> where isFolder(descriptor, path) {
                #expect(dup2(opened, descriptor) == descriptor)
            }
            for epoch in 0..<500 as Range<Int64> { fixture.append(epoch: epoch) }
            #expect(fixture.journal.counts.accepted == 500)
            #expect(try FileManager.default.contentsOfDirectory(atPath: other) == [])
            #expect(fixture.journal.takeNotice() != nil)
        }
    }

    /// The race needs thousands of forks beside threads that lock and unlock. It cannot fail if the lock and its registration
    /// are one step for a fork.
    @Test(.forks) func `No forked child inherits the lock of a journal`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let path = folder.file("locked")
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            var status = stat()
            #expect(stat(path, &status) == 0)
            let inode = status.st_ino
            let hasNoLock = {
                for descriptor in 3..<64 as Range<CInt> {
                    var status = stat()
                    if fstat(descriptor, &status) == 0, status.st_ino == inode { return false }
                }
                return true
            }
            let isDone = Atomic<Bool>(false)
            let parent = Glibc.open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            // What the worker and the children use, once before the first fork.
            try Fork.useTypesOnce()
            _ = try FileLock("locked", in: parent, path: path, expecting: .folder)
            #expect(hasNoLock())
            let worker = ThreadGroup(1) { _ in
                while !isDone.load(ordering: .acquiring) {
                    _ = try? FileLock("locked", in: parent, path: path, expecting: .folder)
                }
            }
            var inherited = 0
            for _ in 0..<3_000 {
                // Ends the process if `fork` never returns.
                alarm(120)
                let child = Fork.child(hasNoLock)
                if Fork.wait(for: child, seconds: 60) != 0 { inherited += 1 }
            }
            isDone.store(true, ordering: .releasing)
            #expect(inherited == 0)
            #expect(eventually { !worker.isWorking })
        }
    }
}

/// Returns whether a descriptor is the open folder at the path.
private func isFolder(_ descriptor: CInt, _ path: String) -> Bool {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) == path
}
