import Glibc
import HyperoCore
import HyperoRedis
import Synchronization

/// An exclusive lock on a file, held until the object or the process goes.
final class FileLock: Sendable {
    /// -1 once it is closed.
    private let descriptor: Atomic<CInt>

    /// Makes the file and locks it.
    init(making path: String) throws(SystemError) {
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
        self.descriptor = Atomic(descriptor)
        guard descriptor >= 0 else { throw SystemError("open", path: path) }
        guard retryingInterrupts({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0 else {
            throw SystemError("flock", path: path)
        }
        ForkGuard.add(self)
    }

    /// Locks a file that is there; nil, and errno says why, when it cannot be.
    init?(taking path: String) {
        // Neither a link nor a pipe is waited for or followed.
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) }
        self.descriptor = Atomic(descriptor)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        guard retryingInterrupts({ flock(descriptor, LOCK_EX | LOCK_NB) }) == 0, fstat(descriptor, &status) == 0,
            // The owner before removed it while we waited.
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

    /// Gives the lock back; in a forked child, leaves it to the parent.
    func close() {
        let descriptor = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }
}
