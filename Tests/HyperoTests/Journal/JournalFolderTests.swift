import Foundation
import Glibc
import TestSupport
import Testing

@testable import Hypero

@Suite("A journal's folder is its owner's alone")
struct JournalFolderTests {
    private static func mode(_ path: String) throws -> UInt16 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.posixPermissions] as? NSNumber).uint16Value
    }

    @Test("The folder is 0700 and its files 0600, whole blocks from the start")
    func modes() throws {
        let bench = try JournalFixture()
        let path = try #require(bench.journal.path)
        #expect(path == bench.folder.file("journal") + "/k3v9x2mq7d")
        #expect(try Self.mode(path) == 0o700)
        #expect(try Self.mode(bench.folder.file("journal")) == 0o700)
        #expect(try Self.mode(path + "/1.segment") == 0o600)
        var status = stat()
        #expect(stat(path + "/1.segment", &status) == 0)
        #expect(status.st_size == 4096)
        #expect(status.st_blocks * 512 >= 4096)
    }

    @Test("HYPERO_JOURNAL comes before XDG_STATE_HOME, and that before the folder for temporary files")
    func order() throws {
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

    @Test("Folders that the chosen one lies in are made too")
    func nested() throws {
        let root = try TemporaryFolder()
        let chosen = root.file("a/b//c/")
        #expect(try JournalRoot { $0 == "HYPERO_JOURNAL" ? chosen : nil }.path == root.file("a/b/c"))
        #expect(try Self.mode(root.file("a/b")) == 0o700)
    }

    @Test("A folder for temporary files that others may write to, or that is a link, is not used")
    func notOurs() throws {
        let root = try TemporaryFolder()
        let user = root.file("hypero-\(getuid())")
        try FileManager.default.createDirectory(atPath: user, withIntermediateDirectories: false)
        chmod(user, 0o777)
        #expect(throws: (any Error).self) { try JournalRoot { $0 == "TMPDIR" ? root.path : nil } }
        try FileManager.default.removeItem(atPath: user)
        try FileManager.default.createSymbolicLink(atPath: user, withDestinationPath: root.path)
        #expect(throws: (any Error).self) { try JournalRoot { $0 == "TMPDIR" ? root.path : nil } }
    }

    @Test(
        "Where no file can be, memory serves, and that is said once",
        arguments: ["/dev/null/x", "/proc/hypero", "/proc/self/at/all", "FILE"])
    func memory(place: String) throws {
        // Root may write anywhere, so the places are such where nobody can.
        let root = try TemporaryFolder()
        try Data().write(to: URL(fileURLWithPath: root.file("file")))
        let bench = try JournalFixture(place: place == "FILE" ? root.file("file") : place)
        #expect(bench.journal.path == nil)
        let notice = try #require(bench.journal.takeNotice())
        #expect(notice.contains("HYPERO_JOURNAL"))
        for epoch in 0..<500 as Range<Int64> {
            bench.append(epoch: epoch)
            bench.journal.prepareSpare()
        }
        var seqs: [UInt64] = []
        JournalFixture.forEachRecord(bench.journal.published()) { seqs.append($0.seq) }
        #expect(seqs == Array(1...500))
        #expect(bench.journal.takeNotice() == nil)
    }

    @Test("A folder that goes away under the journal is told of once, and memory serves from then on")
    func folderGone() throws {
        let bench = try JournalFixture()
        try FileManager.default.removeItem(atPath: try #require(bench.journal.path))
        for epoch in 0..<500 as Range<Int64> { bench.append(epoch: epoch) }
        #expect(bench.journal.counts.accepted == 500)
        #expect(bench.journal.takeNotice() != nil)
        for epoch in 0..<500 as Range<Int64> { bench.append(epoch: epoch) }
        #expect(bench.journal.takeNotice() == nil)
        #expect(bench.journal.counts.accepted == 1_000)
    }

    @Test("A process that changes its working directory goes on with the same journal")
    func workingDirectory() async {
        await #expect(processExitsWith: .success) {
            let root = try TemporaryFolder()
            #expect(chdir(root.path) == 0)
            let bench = try JournalFixture(place: "here")
            #expect(chdir("/") == 0)
            for epoch in 0..<500 as Range<Int64> { bench.append(epoch: epoch) }
            #expect(bench.journal.takeNotice() == nil)
            #expect(try bench.files.count > 5)
            bench.journal.end(removing: bench.journal.published().fullSegments.map(\.segment), keepsFiles: false)
            #expect(try FileManager.default.contentsOfDirectory(atPath: root.file("here")) == [])
        }
    }

    @Test("Removing the files leaves nothing")
    func removed() throws {
        let bench = try JournalFixture()
        for epoch in 0..<500 as Range<Int64> { bench.append(epoch: epoch) }
        bench.journal.prepareSpare()
        let published = bench.journal.published()
        #expect(try bench.files.count == published.fullSegments.count + 2)
        bench.journal.end(removing: published.fullSegments.map(\.segment), keepsFiles: false)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.file("journal")) == [])
        bench.append(epoch: 1)
        #expect(bench.journal.counts.dropped.closed == 1)
    }
}
