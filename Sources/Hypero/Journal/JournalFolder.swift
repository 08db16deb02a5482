import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

/// The folder of one journal, and the lock that says whose it is.
///
///     <root>/<producer>/lock          held with flock(2) by the client that writes, or by who sends what it left
///     <root>/<producer>/1.segment     2.segment …
///
/// The lock goes with the process, however that ends. It is flock's, because the older locks of fcntl do not tell two
/// clients of one process apart, and are lost when any of them looks at the file.
final class JournalFolder: Sendable {
    let path: String
    /// Open, and thereby locked, for as long as the object lives.
    private let lock: FileLock

    private init(path: String, lock: FileLock) {
        self.path = path
        self.lock = lock
    }

    /// Makes the folder of a producer, for its owner alone.
    ///
    /// It is locked before it gets its name, so that nobody finds it without an owner.
    convenience init(making producer: ProducerID, in root: JournalRoot) throws(SystemError) {
        let chosen = "\(root.path)/\(producer.text)"
        let unfinished = "\(root.path)/\(Self.unfinished)\(producer.text)"
        guard mkdir(unfinished, 0o700) == 0 else { throw SystemError("mkdir", path: unfinished) }
        do throws(SystemError) {
            let lock = try FileLock(making: unfinished + "/lock")
            // Not over one that is there: rename takes the place of an empty folder only.
            guard rename(unfinished, chosen) == 0 else { throw SystemError("rename", path: chosen) }
            self.init(path: chosen, lock: lock)
        } catch {
            unlink(unfinished + "/lock")
            rmdir(unfinished)
            throw error
        }
    }

    /// Takes the folder over; nil when somebody holds it, and when it is gone.
    convenience init?(taking name: String, in root: JournalRoot) {
        let path = "\(root.path)/\(name)"
        guard let lock = FileLock(taking: path + "/lock") else {
            // What is left when the last owner was killed while it removed the folder: nothing, not even the lock.
            if errno == ENOENT, Self.isOld(path) { rmdir(path) }
            return nil
        }
        self.init(path: path, lock: lock)
    }

    func segment(_ ordinal: Int) -> String { "\(path)/\(ordinal)\(Self.suffix)" }

    /// The numbers of the segments, ascending.
    func segments() -> [Int] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var ordinals: [Int] = []
        while let entry = readdir(folder) {
            let name = entry.pointee.name
            guard let ordinal = Int(name.prefix { $0 != "." }), name == "\(ordinal)\(Self.suffix)" else { continue }
            ordinals.append(ordinal)
        }
        return ordinals.sorted()
    }

    /// Removes the folder, unless there are segments in it.
    func remove() {
        guard segments().isEmpty else { return }
        unlink(path + "/lock")
        rmdir(path)
    }

    /// The name of a folder whose maker was killed before it was finished, as it would be called then; nil for others.
    static func unfinishedName(_ name: String) -> String? {
        guard name.hasPrefix(unfinished) else { return nil }
        let finished = String(name.dropFirst(unfinished.count))
        return ProducerID.isGenerated(finished) ? finished : nil
    }

    /// Removes such a folder, unless somebody may be at work on it.
    static func sweep(_ name: String, in root: JournalRoot) {
        let path = "\(root.path)/\(unfinished)\(name)"
        guard isOld(path) else { return }
        unlink(path + "/lock")
        rmdir(path)
    }

    /// Whether nothing was made or removed in a folder for a minute.
    private static func isOld(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        return WallClock.milliseconds / 1_000 - Int64(status.st_mtim.tv_sec) > 60
    }

    /// Stands before the name of a folder that is not finished.
    private static let unfinished = "."
    private static let suffix = ".segment"
}
