import CLinux
import Glibc
import HyperoCore

/// The type of a file system, as `statfs(2)` numbers it.
///
/// A log call writes to mapped memory. If the file system has no block for it, the kernel raises SIGBUS, which ends the
/// process. A segment therefore reserves its blocks when it is created, which must hold for every later write.
package struct FileSystem: Equatable, Sendable, CustomStringConvertible {
    let magic: Int64

    init(magic: Int64) {
        self.magic = magic
    }

    /// Reads the type of the file system of an open folder.
    init(of descriptor: CInt, path: String) throws(JournalFileError) {
        var status = statfs()
        guard retryingInterrupts({ fstatfs(descriptor, &status) }) == 0 else {
            throw .system(SystemError("fstatfs", path: path))
        }
        // The number has 32 bits, and the kernel stores it in a signed word of the machine.
        magic = Int64(status.f_type) & 0xFFFF_FFFF
    }

    /// true if a reserved block stays reserved for every write, and if a page fault waits for no other machine or process.
    ///
    /// The list has the types for which this is known, and not those for which it is known to be false: a type that is
    /// missing in the list costs only the protection against a kill, and not the training.
    ///
    /// - ext2, ext3, ext4, XFS and tmpfs allocate the blocks in `posix_fallocate(3)` and write to them in place. ext4 keeps
    ///   clusters in reserve for the metadata of that write (Linux commit 27dd43854227), and XFS has a reserve pool.
    /// - overlayfs creates files in the upper file system, and reports its own type. If the upper one is in the list below,
    ///   the risk remains.
    ///
    /// Not in the list, for example:
    /// - btrfs: a reserved block serves the first write only. Later writes are copied to a new block
    ///   (https://github.com/prometheus/prometheus/issues/9107).
    /// - ZFS: "preallocating blocks for a file cannot guarantee that writes to the file will not run out of space"
    ///   (https://github.com/openzfs/zfs/commit/f734301d2267cbb33eaffbca195fc93f1dae7b74).
    /// - bcachefs and NILFS2, which also copy on write.
    /// - NFS, SMB, Ceph, Lustre, 9P and FUSE: a page fault waits for a server or a process, and raises SIGBUS if that fails.
    var keepsReservations: Bool {
        switch Int32(truncatingIfNeeded: magic) {
        case Int32(EXT4_SUPER_MAGIC), Int32(XFS_SUPER_MAGIC), Int32(TMPFS_MAGIC), Int32(OVERLAYFS_SUPER_MAGIC): true
        default: false
        }
    }

    package var description: String { Self.names[magic] ?? "a file system of the type 0x\(String(magic, radix: 16))" }

    /// The names of common types. <linux/magic.h> has no numbers of ZFS, Lustre and bcachefs.
    private static let names: [Int64: String] = [
        Int64(BTRFS_SUPER_MAGIC): "btrfs", 0x2FC1_2FC1: "ZFS", 0xCA45_1A4E: "bcachefs", Int64(NFS_SUPER_MAGIC): "NFS",
        Int64(CIFS_SUPER_MAGIC): "SMB", Int64(SMB2_SUPER_MAGIC): "SMB", Int64(CEPH_SUPER_MAGIC): "Ceph",
        0x0BD0_0BD0: "Lustre", 0x4750_4653: "GPFS", 0x1983_0326: "BeeGFS", Int64(V9FS_MAGIC): "9P",
        Int64(FUSE_SUPER_MAGIC): "FUSE", Int64(F2FS_SUPER_MAGIC): "F2FS",
    ]
}
