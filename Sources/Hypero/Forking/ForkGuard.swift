import Glibc
import HyperoCore

/// Keeps clients whole when the process is forked: no fork falls into the middle of a record, and the child knows that
/// journal and sender are its parent's.
///
/// The child's thread of the sender does not exist, and what it would write went into its parent's files. So in the
/// child everything is marked as forked; the first log call there begins a producer of its own. A child that does not
/// log touches nothing. Programs that are started otherwise, by `posix_spawn` or `vfork`, never notice.
enum ForkGuard {
    private struct Entry {
        // Not retained: a client takes itself off the list before they go.
        let journal: Unmanaged<Journal>
        let sender: Unmanaged<Sender>
    }

    private static let lock = AdaptiveMutex()
    /// Protected by `lock`. Behind a pointer, so that the handlers run no checks of exclusive access.
    private nonisolated(unsafe) static let entries: UnsafeMutablePointer<[Entry]> = {
        let entries = UnsafeMutablePointer<[Entry]>.allocate(capacity: 1)
        entries.initialize(to: [])
        _ = pthread_atfork({ prepare() }, { inParent() }, { inChild() })
        return entries
    }()

    private static let locksLock = AdaptiveMutex()
    /// Protected by `locksLock`: the locks of files that this process holds, as its own and those it took over.
    private nonisolated(unsafe) static let locks: UnsafeMutablePointer<[Unmanaged<FileLock>]> = {
        let locks = UnsafeMutablePointer<[Unmanaged<FileLock>]>.allocate(capacity: 1)
        locks.initialize(to: [])
        return locks
    }()

    static func add(_ fileLock: FileLock) {
        locksLock.withLock { locks.pointee.append(.passUnretained(fileLock)) }
    }

    static func remove(_ fileLock: FileLock) {
        let fileLock = Unmanaged.passUnretained(fileLock).toOpaque()
        locksLock.withLock { locks.pointee.removeAll { $0.toOpaque() == fileLock } }
    }

    static func add(_ journal: Journal, _ sender: Sender) {
        lock.withLock {
            entries.pointee.append(
                Entry(journal: .passUnretained(journal), sender: .passUnretained(sender)))
        }
    }

    static func remove(_ journal: Journal) {
        let journal = Unmanaged.passUnretained(journal).toOpaque()
        lock.withLock { entries.pointee.removeAll { $0.journal.toOpaque() == journal } }
    }

    private static func prepare() {
        lock.lock()
        // The order in which the senders' threads take them too.
        for entry in entries.pointee { entry.sender._withUnsafeGuaranteedRef { $0.holdForFork() } }
        for entry in entries.pointee { entry.journal._withUnsafeGuaranteedRef { $0.holdForFork() } }
        locksLock.lock()
    }

    private static func inParent() {
        locksLock.unlock()
        for entry in entries.pointee {
            entry.journal._withUnsafeGuaranteedRef { $0.letGoAfterFork() }
            entry.sender._withUnsafeGuaranteedRef { $0.letGoAfterFork() }
        }
        lock.unlock()
    }

    private static func inChild() {
        // They are the parent's, and must end with it however long the child lives.
        for fileLock in locks.pointee { fileLock._withUnsafeGuaranteedRef { $0.close() } }
        locksLock.reinitialize()
        for entry in entries.pointee {
            entry.sender._withUnsafeGuaranteedRef { $0.becomeChild() }
            entry.journal._withUnsafeGuaranteedRef { $0.becomeChild() }
        }
        lock.reinitialize()
    }
}
