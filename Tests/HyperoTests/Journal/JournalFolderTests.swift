import Foundation
import Glibc
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import Hypero

@Suite("The journal folder")
struct JournalFolderTests {
    private static func mode(_ path: String) throws -> UInt16 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).uint16Value
    }

    @Test func `A look for orphans hinders no creation of a journal`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("journal")
        let root = try JournalRoot { $0 == "HYPERO_JOURNAL" ? path : nil }
        let isDone = Atomic<Bool>(false)
        let looker = ThreadGroup(1) { _ in
            while !isDone.load(ordering: .acquiring) {
                guard let open = try? root.open() else { continue }
                for name in OpenFolder.entryNames(in: open.descriptor) {
                    guard let final = JournalFolder.finalName(ofUnfinished: name) else { continue }
                    try? JournalFolder.removeUnfinished(final, in: root)
                }
            }
        }
        var generator = SystemRandomNumberGenerator()
        var failures: [String: Int] = [:]
        for _ in 0..<10_000 {
            do {
                let created = try JournalFolder(creating: ProducerID(using: &generator), in: root)
                created.remove()
            } catch { failures[String("\(error)".suffix(24)), default: 0] += 1 }
        }
        isDone.store(true, ordering: .releasing)
        #expect(eventually { !looker.isWorking })
        #expect(failures.isEmpty, "\(failures)")
    }

    @Test func `A journal folder has mode 0700, and its files have mode 0600 and allocated blocks`() throws {
        let fixture = try JournalFixture()
        let path = try #require(fixture.journal.path)
        #expect(path == fixture.folder.file("journal") + "/k3v9x2mq7d")
        #expect(try Self.mode(path) == 0o700)
        #expect(try Self.mode(fixture.folder.file("journal")) == 0o700)
        #expect(try Self.mode(path + "/1.segment") == 0o600)
        var status = stat()
        #expect(stat(path + "/1.segment", &status) == 0)
        #expect(status.st_size == 4096)
        #expect(status.st_blocks * 512 >= 4096)
    }

    @Test func `HYPERO_JOURNAL takes precedence over XDG_STATE_HOME, and XDG_STATE_HOME over TMPDIR`() throws {
        let root = try TemporaryFolder()
        let variables = [
            "HYPERO_JOURNAL": root.file("chosen"), "XDG_STATE_HOME": root.file("state"), "TMPDIR": root.path,
        ]
        #expect(try JournalRoot { variables[$0] }.path == root.file("chosen"))
        let others = variables.filter { $0.key != "HYPERO_JOURNAL" }
        #expect(try JournalRoot { others[$0] }.path == root.file("state/hypero/journal"))
        let last = ["TMPDIR": root.path]
        #expect(try JournalRoot { last[$0] }.path == root.file("hypero-\(getuid())/journal"))
    }

    @Test func `Missing parent folders of the journal folder are created with mode 0700`() throws {
        let root = try TemporaryFolder()
        let chosen = root.file("a/b//c/")
        #expect(try JournalRoot { $0 == "HYPERO_JOURNAL" ? chosen : nil }.path == root.file("a/b/c"))
        #expect(try Self.mode(root.file("a/b")) == 0o700)
    }

    @Test func `A folder in TMPDIR that is a symbolic link or writable by other users is rejected`() throws {
        let root = try TemporaryFolder()
        let user = root.file("hypero-\(getuid())")
        try FileManager.default.createDirectory(atPath: user, withIntermediateDirectories: false)
        chmod(user, 0o777)
        #expect(throws: (any Error).self) { try JournalRoot { $0 == "TMPDIR" ? root.path : nil } }
        try FileManager.default.removeItem(atPath: user)
        try FileManager.default.createSymbolicLink(atPath: user, withDestinationPath: root.path)
        #expect(throws: (any Error).self) { try JournalRoot { $0 == "TMPDIR" ? root.path : nil } }
    }

    @Test(arguments: ["/dev/null/x", "/proc/hypero", "/proc/self/at/all", "FILE"])
    func `A journal that cannot create files stays in memory and gives one notice`(path: String) throws {
        // Even root cannot create files at these paths.
        let root = try TemporaryFolder()
        try Data().write(to: URL(fileURLWithPath: root.file("file")))
        let fixture = try JournalFixture(path: path == "FILE" ? root.file("file") : path)
        #expect(fixture.journal.path == nil)
        let notice = try #require(fixture.journal.takeNotice())
        #expect(notice.contains("HYPERO_JOURNAL"))
        for epoch in 0..<500 as Range<Int64> {
            fixture.append(epoch: epoch)
            fixture.journal.prepareSpare()
        }
        var seqs: [UInt64] = []
        JournalFixture.forEachRecord(in: fixture.journal.published()) { seqs.append($0.seq) }
        #expect(seqs == Array(1...500))
        #expect(fixture.journal.takeNotice() == nil)
    }

    @Test func `A journal whose folder is removed continues in memory and gives one notice`() throws {
        let fixture = try JournalFixture()
        try FileManager.default.removeItem(atPath: try #require(fixture.journal.path))
        for epoch in 0..<500 as Range<Int64> { fixture.append(epoch: epoch) }
        #expect(fixture.journal.counts.accepted == 500)
        #expect(fixture.journal.takeNotice() != nil)
        for epoch in 0..<500 as Range<Int64> { fixture.append(epoch: epoch) }
        #expect(fixture.journal.takeNotice() == nil)
        #expect(fixture.journal.counts.accepted == 1_000)
    }

    @Test func `A journal with a relative path survives a change of the working directory`() async {
        await #expect(processExitsWith: .success) {
            let root = try TemporaryFolder()
            #expect(chdir(root.path) == 0)
            let fixture = try JournalFixture(path: "relative")
            #expect(chdir("/") == 0)
            for epoch in 0..<500 as Range<Int64> { fixture.append(epoch: epoch) }
            #expect(fixture.journal.takeNotice() == nil)
            #expect(try fixture.files.count > 5)
            fixture.journal.end(removing: fixture.journal.published().fullSegments.map(\.segment), keepsFiles: false)
            #expect(try FileManager.default.contentsOfDirectory(atPath: root.file("relative")) == [])
        }
    }

    @Test func `A journal that ends without keeping its files removes its folder`() throws {
        let fixture = try JournalFixture()
        for epoch in 0..<500 as Range<Int64> { fixture.append(epoch: epoch) }
        fixture.journal.prepareSpare()
        let published = fixture.journal.published()
        #expect(try fixture.files.count == published.fullSegments.count + 2)
        fixture.journal.end(removing: published.fullSegments.map(\.segment), keepsFiles: false)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.folder.file("journal")) == [])
        fixture.append(epoch: 1)
        #expect(fixture.journal.counts.dropped.closed == 1)
    }
}
