import Glibc
import HyperoCore
import HyperoSchema

/// The folder of one journal, locked by the client that writes or adopts the journal.
///
///     <root>/<producer>/1.segment     2.segment …
///
/// A segment gets its name when it has its full size and its header. Before, the name begins with a point, and a file that is
/// left with such a name contains no event.
///
/// The lock is on the folder itself, so that no file can be missing for it. The kernel releases the lock when the owner's
/// process ends, whatever the cause. Earlier versions locked a file `lock` in the folder, which is locked too if it exists.
///
/// All files are reached through the descriptor of the locked folder.
final class JournalFolder: Sendable {
    /// The path for messages.
    let path: String
    private let root: JournalRoot
    /// The path of the folder that contains the journals.
    var rootPath: String { root.path }
    private let name: String
    /// Held as long as the object exists.
    private let lock: FileLock
    /// The lock of an owner of an earlier version; nil if there is no such file.
    private let earlierLock: FileLock?

    private init(_ name: String, in root: JournalRoot, lock: FileLock, earlierLock: FileLock? = nil) {
        path = "\(root.path)/\(name)"
        self.root = root
        self.name = name
        self.lock = lock
        self.earlierLock = earlierLock
    }

    /// Creates the folder of a producer, accessible to its user only.
    ///
    /// The folder is locked before it gets its final name, so that no other client finds it without an owner.
    ///
    /// - Parameter isReliable: Returns whether no write to a mapped file of this file system raises SIGBUS.
    convenience init(
        creating producer: ProducerID, in root: JournalRoot,
        isReliable: (FileSystem) -> Bool = { $0.keepsReservations }
    ) throws(JournalFileError) {
        let rootFolder = try root.open()
        let fileSystem = try FileSystem(of: rootFolder.descriptor, path: root.path)
        guard isReliable(fileSystem) else { throw .unreliable(path: root.path, fileSystem) }
        let unfinished = Self.unfinishedPrefix + producer.text
        let path = "\(root.path)/\(producer.text)"
        guard mkdirat(rootFolder.descriptor, unfinished, 0o700) == 0 else {
            throw .system(SystemError("mkdir", path: "\(root.path)/\(unfinished)"))
        }
        do throws(JournalFileError) {
            let lock = try FileLock(unfinished, in: rootFolder.descriptor, path: path, expecting: .folder)
            guard lock.isHeld else { throw .system(SystemError("flock", path: path, code: ENOTSUP)) }
            // `rename` replaces an existing folder only if that is empty, so no journal is overwritten.
            guard renameat(rootFolder.descriptor, unfinished, rootFolder.descriptor, producer.text) == 0 else {
                throw .system(SystemError("rename", path: path))
            }
            // In a shared root another user may have exchanged the folders before they were renamed.
            guard FileStatus(of: producer.text, in: rootFolder.descriptor)?.identity == lock.identity else {
                throw .replaced(path: path)
            }
            self.init(producer.text, in: root, lock: lock)
        } catch {
            unlinkat(rootFolder.descriptor, unfinished, AT_REMOVEDIR)
            throw error
        }
    }

    /// Locks an existing folder.
    ///
    /// - Throws: ``JournalFileError``; `locked` if another client holds the lock.
    convenience init(locking name: String, in root: JournalRoot) throws(JournalFileError) {
        let path = "\(root.path)/\(name)"
        let rootFolder = try root.open()
        let lock = try FileLock(name, in: rootFolder.descriptor, path: path, expecting: .folder)
        var earlierLock: FileLock?
        do throws(JournalFileError) {
            earlierLock = try FileLock(
                Self.earlierLockName, in: try lock.checkedDescriptor(), path: "\(path)/\(Self.earlierLockName)",
                expecting: .file)
        } catch {
            guard error.isMissing else { throw error }
        }
        // NFS has no lock for a folder. Only earlier versions, which locked the file, wrote journals there.
        guard lock.isHeld || earlierLock?.isHeld == true else {
            throw .system(SystemError("flock", path: path, code: ENOTSUP))
        }
        self.init(name, in: root, lock: lock, earlierLock: earlierLock)
    }

    /// Returns the ordinals of the segment files, in ascending order.
    func segmentOrdinals() -> [Int] {
        guard let descriptor = try? lock.checkedDescriptor() else { return [] }
        return OpenFolder.entryNames(in: descriptor).compactMap { name in
            guard let ordinal = Int(name.prefix { $0 != "." }), name == Self.segmentName(ordinal) else { return nil }
            return ordinal
        }.sorted()
    }

    /// Opens the file of a segment.
    ///
    /// - Parameter flags: `O_RDONLY`, `O_RDWR`, or with `O_CREAT | O_EXCL` to create the file.
    /// - Throws: ``JournalFileError`` if the file cannot be opened, or if another user can change it.
    func openSegment(_ ordinal: Int, flags: CInt) throws(JournalFileError) -> OpenFile {
        let path = segmentPath(ordinal)
        let folder = try lock.checkedDescriptor()
        // Retry after EINTR: a log call may create a segment, and the host process may have signal handlers.
        let descriptor = retryingInterrupts {
            openat(folder, Self.segmentName(ordinal), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        }
        guard descriptor >= 0 else {
            let failure = SystemError("open", path: path)
            if let status = FileStatus(of: Self.segmentName(ordinal), in: folder),
                let violation = status.violation(expecting: .file)
            {
                throw .notPrivate(path: path, violation)
            }
            throw .system(failure)
        }
        let file = OpenFile(descriptor: descriptor, path: path)
        if let violation = try file.status().violation(expecting: .file) { throw .notPrivate(path: path, violation) }
        return file
    }

    /// Creates the file of a segment, under a name that no client adopts.
    func createSegment(_ ordinal: Int) throws(JournalFileError) -> OpenFile {
        let folder = try lock.checkedDescriptor()
        let path = segmentPath(ordinal)
        let descriptor = retryingInterrupts {
            openat(
                folder, Self.unfinishedPrefix + Self.segmentName(ordinal),
                O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard descriptor >= 0 else { throw .system(SystemError("open", path: path)) }
        return OpenFile(descriptor: descriptor, path: path)
    }

    /// Gives the file of a new segment its name.
    func finishSegment(_ ordinal: Int) throws(JournalFileError) {
        let folder = try lock.checkedDescriptor()
        let name = Self.segmentName(ordinal)
        guard renameat(folder, Self.unfinishedPrefix + name, folder, name) == 0 else {
            throw .system(SystemError("rename", path: segmentPath(ordinal)))
        }
    }

    /// Removes the file of a segment.
    func removeSegment(_ ordinal: Int) {
        guard let descriptor = try? lock.checkedDescriptor() else { return }
        for prefix in ["", Self.unfinishedPrefix] { unlinkat(descriptor, prefix + Self.segmentName(ordinal), 0) }
    }

    /// Returns the path of a segment's file, for messages.
    func segmentPath(_ ordinal: Int) -> String { "\(path)/\(Self.segmentName(ordinal))" }

    /// Returns whether an entry of a folder has the name of a segment.
    static func isSegment(_ name: String) -> Bool {
        Int(name.prefix { $0 != "." }).map { name == segmentName($0) } ?? false
    }

    // MARK: Open experiments

    /// Replaces the file of the open experiments. A failure is ignored: experiments that stay open then remain `running`.
    func store(_ open: OpenExperiments, isClosed: Bool) {
        guard let folder = try? lock.checkedDescriptor() else { return }
        let unfinished = Self.unfinishedPrefix + Self.openName
        unlinkat(folder, unfinished, 0)
        let descriptor = retryingInterrupts {
            openat(folder, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        }
        guard descriptor >= 0 else { return }
        let file = OpenFile(descriptor: descriptor, path: path)
        var text = open.text(isClosed: isClosed)
        let isWritten = text.withUTF8 { bytes in
            withBlocked(signal: SIGXFSZ) {
                retryingInterrupts { write(file.descriptor, bytes.baseAddress, bytes.count) } == bytes.count
            }
        }
        if isWritten { renameat(folder, unfinished, folder, Self.openName) } else { unlinkat(folder, unfinished, 0) }
    }

    /// Reads the file of the open experiments; none if there is no file.
    ///
    /// - Returns: nil if the client was closed.
    func storedExperiments() -> OpenExperiments? {
        let none = OpenExperiments()
        guard let folder = try? lock.checkedDescriptor() else { return none }
        let descriptor = openat(folder, Self.openName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return none }
        let file = OpenFile(descriptor: descriptor, path: path)
        guard let status = try? file.status(), status.violation(expecting: .file) == nil,
            (1...Self.maxOpenSize).contains(status.size)
        else { return none }
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: status.size, alignment: 1)
        defer { bytes.deallocate() }
        guard let base = bytes.baseAddress, (try? file.read(bytes.count, into: base)) == true else { return none }
        return OpenExperiments(text: String(decoding: bytes, as: UTF8.self))
    }

    private static let openName = "open"
    /// More than ``OpenExperiments`` stores.
    private static let maxOpenSize = 4 << 20

    private static func segmentName(_ ordinal: Int) -> String { "\(ordinal)\(segmentSuffix)" }

    private static let segmentSuffix = ".segment"

    /// Removes the folder unless it contains segments.
    func remove() {
        guard let descriptor = try? lock.checkedDescriptor(), segmentOrdinals().isEmpty else { return }
        for name in [Self.earlierLockName, Self.openName, Self.unfinishedPrefix + Self.openName] {
            unlinkat(descriptor, name, 0)
        }
        for name in OpenFolder.entryNames(in: descriptor)
        where name.hasPrefix(Self.unfinishedPrefix) && name.hasSuffix(Self.segmentSuffix) {
            unlinkat(descriptor, name, 0)
        }
        guard let rootFolder = try? root.open() else { return }
        // In a shared root another user may have put another folder there.
        guard isInPlace(in: rootFolder) else { return }
        unlinkat(rootFolder.descriptor, name, AT_REMOVEDIR)
    }

    /// true if the folder is known to be at its path no more.
    var isGone: Bool {
        do throws(JournalFileError) {
            return !isInPlace(in: try root.open())
        } catch {
            if case .replaced = error { return true }
            return error.isMissing
        }
    }

    private func isInPlace(in root: borrowing OpenFolder) -> Bool {
        FileStatus(of: name, in: root.descriptor)?.identity == lock.identity
    }

    /// true if the folder has no lock file of an earlier version and its entries have changed within the last minute.
    ///
    /// An empty folder of that kind may belong to another program that is about to use it.
    var isNew: Bool {
        guard earlierLock == nil, let status = try? status() else { return false }
        return !Self.isStale(status)
    }

    func status() throws(JournalFileError) -> FileStatus {
        try FileStatus(of: try lock.checkedDescriptor(), path: path)
    }

    /// Sets the times of the folder or of its segments to now. Failures are ignored.
    func touch(_ action: JournalUpkeep.Action) {
        guard let descriptor = try? lock.checkedDescriptor() else { return }
        switch action {
        case .touchFolder: futimens(descriptor, nil)
        case .touchSegments:
            for ordinal in segmentOrdinals() {
                utimensat(descriptor, Self.segmentName(ordinal), nil, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    // MARK: Unfinished folders

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
    static func removeUnfinished(_ name: String, in root: JournalRoot) throws(JournalFileError) {
        // Without the lock, which the client that creates the folder is about to acquire.
        let parent = try root.open()
        let found = withExtendedLifetime(parent) { FileStatus(of: unfinishedPrefix + name, in: $0.descriptor) }
        guard let found, isStale(found) else { return }
        let folder = try JournalFolder(locking: unfinishedPrefix + name, in: root)
        if isStale(try folder.status()) { folder.remove() }
    }

    /// Returns whether the entries of a folder have not changed for a minute.
    private static func isStale(_ status: FileStatus) -> Bool {
        WallClock.milliseconds - status.modified / 1_000_000 > 60_000
    }

    /// The prefix of the name of an unfinished folder or segment.
    private static let unfinishedPrefix = "."
    private static let earlierLockName = "lock"
}
