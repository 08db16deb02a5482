import Glibc
import HyperoCore
import Synchronization

/// An exclusive lock on a folder or file, held until the object is released or the process ends.
///
/// Uses `flock(2)`. The older locks of `fcntl(2)` do not distinguish two clients of one process, and closing any
/// descriptor of the file releases such locks.
final class FileLock: Sendable {
    /// The descriptor of the open file; -1 after ``close()``.
    private let descriptor = Atomic<CInt>(-1)
    /// false if the file system has no lock for this kind.
    private let isSupported = Atomic<Bool>(true)
    let identity: FileStatus.Identity
    /// The path for messages.
    private let path: String

    /// Opens an existing folder or file of this user, and locks it.
    ///
    /// - Parameters:
    ///   - name: The name in the parent folder.
    ///   - parent: A descriptor.
    ///   - path: The path for messages.
    /// - Throws: ``JournalFileError``; `locked` if another client holds the lock.
    init(
        _ name: String, in parent: CInt, path: String, expecting kind: FileStatus.Kind
    ) throws(JournalFileError) {
        self.path = path
        // Before the file is opened, which may be denied: the error is then that it belongs to another user.
        guard let status = FileStatus(of: name, in: parent) else { throw .system(SystemError("stat", path: path)) }
        identity = status.identity
        if let violation = status.violation(expecting: kind) { throw .notPrivate(path: path, violation) }
        // A fork between the lock and the registration would leave the lock to the child as long as that lives.
        let result = ForkGuard.add(self) {
            let result = Result { () throws(JournalFileError) in try openAndLock(name, in: parent, expecting: kind) }
            if case .success(let opened) = result { descriptor.store(opened, ordering: .releasing) }
            return result
        }
        _ = try result.get()
    }

    private func openAndLock(
        _ name: String, in parent: CInt, expecting kind: FileStatus.Kind
    ) throws(JournalFileError) -> CInt {
        // Do not wait for the other end of a pipe that has replaced the file. NFS locks only files open for writing.
        let flags = kind == .folder ? OpenFolder.flags : O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let opened = retryingInterrupts { openat(parent, name, flags) }
        guard opened >= 0 else { throw .system(SystemError("open", path: path)) }
        do throws(JournalFileError) {
            let status = try FileStatus(of: opened, path: path)
            if let violation = status.violation(expecting: kind) { throw .notPrivate(path: path, violation) }
            if retryingInterrupts({ flock(opened, LOCK_EX | LOCK_NB) }) != 0 {
                guard errno != EWOULDBLOCK else { throw .locked(path: path) }
                isSupported.store(false, ordering: .relaxed)
            }
            // The previous owner may have removed or replaced the file since it was found.
            guard status.identity == identity, FileStatus(of: name, in: parent)?.identity == identity else {
                throw .replaced(path: path)
            }
            return opened
        } catch {
            Glibc.close(opened)
            throw error
        }
    }

    deinit {
        ForkGuard.remove(self) { close() }
    }

    /// true if the lock is held; false if the file system has no lock for this kind.
    var isHeld: Bool { isSupported.load(ordering: .relaxed) }

    /// Returns the descriptor of the open folder or file.
    ///
    /// A process that becomes a daemon may close all descriptors, and another file may get the same number. The file is
    /// therefore compared with the locked one at each use.
    func checkedDescriptor() throws(JournalFileError) -> CInt {
        let descriptor = descriptor.load(ordering: .acquiring)
        guard try FileStatus(of: descriptor, path: path).identity == identity else {
            throw .system(SystemError("fstat", path: path, code: EBADF))
        }
        return descriptor
    }

    /// Closes the file, which releases the lock unless another process has inherited the descriptor.
    private func close() {
        let checked = try? checkedDescriptor()
        descriptor.store(-1, ordering: .releasing)
        if let checked { Glibc.close(checked) }
    }
}

extension FileLock: ForkParticipant {
    static var forkStage: ForkGuard.Stage { .descriptors }

    func beforeFork() {}

    func afterForkInParent() {}

    /// Closes the child's descriptor, so that the lock ends with the parent even if the child lives longer.
    func afterForkInChild() {
        close()
    }
}
