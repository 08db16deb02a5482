import Glibc
import HyperoCore
import HyperoSchema

/// The folder of one journal, with the lock of its owner.
///
///     <root>/<producer>/lock          locked with flock(2) by the client that writes or adopts the journal
///     <root>/<producer>/1.segment     2.segment …
///
/// The kernel releases the lock when the owner's process ends, whatever the cause.
final class JournalFolder: Sendable {
    let path: String
    /// Held as long as the object exists.
    private let lock: FileLock

    private init(path: String, lock: FileLock) {
        self.path = path
        self.lock = lock
    }

    /// Creates the folder of a producer, accessible to its user only.
    ///
    /// The folder is locked before it gets its final name, so that no other client finds it without an owner.
    convenience init(creating producer: ProducerID, in root: JournalRoot) throws(SystemError) {
        let final = "\(root.path)/\(producer.text)"
        let unfinished = "\(root.path)/\(Self.unfinishedPrefix)\(producer.text)"
        guard mkdir(unfinished, 0o700) == 0 else { throw SystemError("mkdir", path: unfinished) }
        do throws(SystemError) {
            let lock = try FileLock(creating: unfinished + "/lock")
            // `rename` replaces an existing folder only if that is empty, so no journal is overwritten.
            guard rename(unfinished, final) == 0 else { throw SystemError("rename", path: final) }
            self.init(path: final, lock: lock)
        } catch {
            unlink(unfinished + "/lock")
            rmdir(unfinished)
            throw error
        }
    }

    /// Locks an existing folder.
    ///
    /// - Returns: nil if another client holds the lock, or if the folder does not exist.
    convenience init?(locking name: String, in root: JournalRoot) {
        let path = "\(root.path)/\(name)"
        guard let lock = FileLock(locking: path + "/lock") else {
            // An owner that was killed while it removed the folder leaves an empty folder without a lock.
            if errno == ENOENT, Self.isStale(path) { rmdir(path) }
            return nil
        }
        self.init(path: path, lock: lock)
    }

    /// Returns the path of a segment's file.
    func segmentPath(_ ordinal: Int) -> String { "\(path)/\(ordinal)\(Self.segmentSuffix)" }

    /// Returns the ordinals of the segment files, in ascending order.
    func segmentOrdinals() -> [Int] {
        JournalRoot.entryNames(in: path).compactMap { name in
            guard let ordinal = Int(name.prefix { $0 != "." }), name == "\(ordinal)\(Self.segmentSuffix)" else {
                return nil
            }
            return ordinal
        }.sorted()
    }

    /// Removes the folder unless it contains segments.
    func remove() {
        guard segmentOrdinals().isEmpty else { return }
        unlink(path + "/lock")
        rmdir(path)
    }

    /// Returns the final name of an unfinished folder; nil for other names.
    ///
    /// A client that is killed while it creates its folder leaves an unfinished one.
    static func finalName(ofUnfinished name: String) -> String? {
        guard name.hasPrefix(unfinishedPrefix) else { return nil }
        let final = String(name.dropFirst(unfinishedPrefix.count))
        return ProducerID.isGenerated(final) ? final : nil
    }

    /// Removes an unfinished folder, unless a client may still be creating it.
    ///
    /// - Parameter name: The final name of the folder.
    static func removeUnfinished(_ name: String, in root: JournalRoot) {
        let path = "\(root.path)/\(unfinishedPrefix)\(name)"
        guard isStale(path) else { return }
        unlink(path + "/lock")
        rmdir(path)
    }

    /// Returns whether the entries of a folder have not changed for a minute.
    private static func isStale(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        return WallClock.milliseconds / 1_000 - Int64(status.st_mtim.tv_sec) > 60
    }

    /// The prefix of the name of an unfinished folder.
    private static let unfinishedPrefix = "."
    private static let segmentSuffix = ".segment"
}
