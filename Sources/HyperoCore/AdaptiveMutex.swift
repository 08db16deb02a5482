import Glibc

/// A mutual exclusion lock, also for critical sections that take long.
///
/// An adaptive mutex of pthreads, which spins briefly before it waits in the kernel. `Synchronization.Mutex` caches the
/// thread id, which differs in a forked child.
package struct AdaptiveMutex: @unchecked Sendable {
    // Only pthreads touches the pointee, and pthreads protects it.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    package init() {
        mutex = .allocate(capacity: 1)
        reinitialize()
    }

    /// Initializes the mutex again as unlocked. For a forked child, in which the thread that held the mutex may not exist.
    package func reinitialize() {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_ADAPTIVE_NP))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    /// Destroys the mutex and frees its memory. The mutex must not be used afterwards.
    package func destroy() {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    package func lock() {
        pthread_mutex_lock(mutex)
    }

    /// Locks the mutex if it is free.
    ///
    /// - Returns: false if a thread holds the mutex.
    package func tryLock() -> Bool {
        pthread_mutex_trylock(mutex) == 0
    }

    package func unlock() {
        pthread_mutex_unlock(mutex)
    }

    @inline(__always)
    package func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }
}
