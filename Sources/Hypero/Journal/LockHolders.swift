import Glibc
import HyperoCore

/// The processes that hold locks of `flock(2)` on some folders.
///
/// They are looked up in /proc, because `flock(2)` tells only by locking, and a lock of a moment would make an adopter leave
/// the journal alone. Processes of another container are not visible.
struct LockHolders {
    private var pids: [FileStatus.Identity: Int32] = [:]

    /// Looks the holders up.
    ///
    /// - Parameter folders: The folders that may be locked.
    init(of folders: Set<FileStatus.Identity>) {
        readLocks(of: folders)
        let others = folders.subtracting(pids.keys)
        // overlayfs may number a folder in /proc/locks otherwise than stat(2) does.
        if !others.isEmpty { readProcesses(holding: others) }
    }

    /// Returns the process that holds a lock on a folder; nil if none is visible.
    subscript(folder: FileStatus.Identity) -> Int32? { pids[folder] }

    /// Reads /proc/locks: `1: FLOCK  ADVISORY  WRITE 4711 fd:01:393 0 EOF`.
    private mutating func readLocks(of folders: Set<FileStatus.Identity>) {
        for line in Self.text(of: "/proc/locks").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let kind = words.firstIndex(of: "FLOCK"), words.count > kind + 4, let pid = Int32(words[kind + 3]),
                pid > 0, let file = Self.identity(words[kind + 4]), folders.contains(file)
            else { continue }
            pids[file] = pid
        }
    }

    /// Returns the file of a line: the major and minor numbers of its device in hexadecimal digits, and its own number.
    static func identity(_ text: Substring) -> FileStatus.Identity? {
        let parts = text.split(separator: ":")
        guard parts.count == 3, let major = UInt32(parts[0], radix: 16), let minor = UInt32(parts[1], radix: 16),
            let number = UInt64(parts[2])
        else { return nil }
        // As gnu_dev_makedev(3), a macro that Swift does not import.
        let device =
            UInt64(major & 0xFFF) << 8 | UInt64(major & 0xFFFF_F000) << 32 | UInt64(minor & 0xFF)
            | UInt64(minor & 0xFFFF_FF00) << 12
        return FileStatus.Identity(device: device, number: number)
    }

    /// Looks through the open files of all processes that this user may inspect.
    private mutating func readProcesses(holding folders: Set<FileStatus.Identity>) {
        guard let root = try? OpenFolder("/proc") else { return }
        for name in OpenFolder.entryNames(in: root.descriptor) {
            guard let pid = Int32(name), let files = try? OpenFolder("/proc/\(name)/fd") else { continue }
            for file in OpenFolder.entryNames(in: files.descriptor) {
                var status = stat()
                // Of the open file, and not of the link.
                guard file != ".", file != "..", fstatat(files.descriptor, file, &status, 0) == 0 else { continue }
                let identity = FileStatus.Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
                guard folders.contains(identity), Self.text(of: "/proc/\(name)/fdinfo/\(file)").contains("FLOCK")
                else { continue }
                pids[identity] = pid
            }
        }
    }

    /// The most bytes that are read of a file in /proc.
    private static let maxSize = 16 << 20

    /// Returns the text of a file; an empty one if it cannot be read.
    private static func text(of path: String) -> String {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < maxSize {
            let count = retryingInterrupts { read(descriptor, &buffer, buffer.count) }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
