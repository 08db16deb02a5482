import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("The file systems of journals")
struct FileSystemTests {
    @Test(
        arguments: [
            ("ext4", 0xEF53, true), ("XFS", 0x5846_5342, true), ("tmpfs", 0x0102_1994, true),
            ("overlayfs", 0x794C_7630, true), ("btrfs", 0x9123_683E, false), ("ZFS", 0x2FC1_2FC1, false),
            ("bcachefs", 0xCA45_1A4E, false), ("NFS", 0x6969, false), ("SMB", 0xFF53_4D42, false),
            ("SMB", 0xFE53_4D42, false), ("Ceph", 0x00C3_6400, false), ("Lustre", 0x0BD0_0BD0, false),
            ("9P", 0x0102_1997, false), ("FUSE", 0x6573_5546, false), ("unknown", 0x1234_5678, false),
        ] as [(String, Int64, Bool)])
    func `Mapped files are used only where a reserved block stays reserved`(
        name: String, magic: Int64, isReliable: Bool
    ) {
        let fileSystem = FileSystem(magic: magic)
        #expect(fileSystem.keepsReservations == isReliable)
        if !isReliable, name != "unknown" { #expect("\(fileSystem)" == name) }
    }

    @Test func `The file system of the tests is known`() throws {
        let folder = try TemporaryFolder()
        let opened = try OpenFolder(folder.path)
        #expect(try FileSystem(of: opened.descriptor, path: folder.path).keepsReservations)
    }

    @Test func `A journal on a file system that may break a reservation is in memory, with one notice that names it`()
        throws
    {
        let folder = try TemporaryFolder()
        let path = folder.file("journal")
        let settings = JournalSettings(
            limit: 1 << 20, segmentSize: 4_096, tag: "{hypero}", serverURL: "redis://nowhere:1",
            environment: { $0 == "HYPERO_JOURNAL" ? path : nil },
            isReliable: { _ in FileSystem(magic: 0x9123_683E).keepsReservations })
        let journal = try #require(Journal(JournalIdentity(producer: JournalFixture.producer), settings))
        #expect(journal.path == nil)
        let notice = try #require(journal.takeNotice())
        #expect(notice.contains("/dev/shm") && notice.contains("a write to reserved blocks may fail"), "\(notice)")
        #expect(journal.takeNotice() == nil)
        journal.append(
            .epoch, battery: JournalFixture.battery.bytes, subject: Journal.Subject(experiment: 1, generation: 0),
            epoch: 1, count: 1, payload: RecordHeader.channelHeader + 5 + 8
        ) { $0.put(channel: "valid" as StaticString, 1) }
        #expect(journal.counts.accepted == 1)
    }
}
