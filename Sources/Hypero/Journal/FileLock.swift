import Glibc
import HyperoCore
import Synchronization

/// An exclusive lock on a file, held until the object is released or the process ends.
///
/// Uses `flock(2)`. The older locks of `fcntl(2)` do not distinguish two clients of one process, and closing any
/// descriptor of the file releases such locks.
final class FileLock: Sendable {
    /// The descriptor of the open file; -1 after ``close()``.
    private let descriptor: Atomic<CInt>

    /// Creates a file and locks it.
    ///
    /// - Throws: ``SystemError`` if the file exists or cannot be created.
    init(creating path: String) throws(SystemError) {
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        self.descriptor = Atomic(descriptor)
        guard descriptor >= 0 else { throw SystemError("open", path: path) }
        guard retryingInterrupts({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 else {
            throw SystemError("flock", path: path)
        }
        ForkGuard.add(self)
    }

    /// Locks an existing file.
    ///
    /// - Returns: nil if the file cannot be locked. errno is then `EWOULDBLOCK`, or the reason why the file cannot be
    ///   opened.
    init?(locking path: String) {
        // Do not follow a symbolic link, and do not wait for the other end of a pipe.
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        self.descriptor = Atomic(descriptor)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard retryingInterrupts({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0, fstat(descriptor, &status) == 0,
            // The previous owner may have removed the file between `open` and `flock`.
            status.st_nlink > 0, status.st_mode & S_IFMT == S_IFREG
        else {
            errno = EWOULDBLOCK
            return nil
        }
        ForkGuard.add(self)
    }

    deinit {
        ForkGuard.remove(self)
        close()
    }

    /// Closes the file, which releases the lock unless another process has inherited the descriptor.
    private func close() {
        let descriptor = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { Glibc.close(descriptor) }
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
