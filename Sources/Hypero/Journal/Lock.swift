import Glibc

/// A mutual exclusion lock for what may take long, as ``BriefLock`` is for the caller's path.
///
/// The adaptive kind of pthreads: it spins for a moment before it asks the kernel to wait. `Synchronization.Mutex` would
/// do the same job, but it caches the thread's id, which is another one in a forked child.
struct Lock: @unchecked Sendable {
    // The pointee is only touched through pthreads, which is its protector.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    init() {
        mutex = .allocate(capacity: 1)
        makeAnew()
    }

    /// Makes it a lock that nobody holds; in a forked child, where the holder may be a thread that is not there.
    func makeAnew() {
        var attributes = pthread_mutexattr_t()
        pthread_mutexattr_init(&attributes)
        pthread_mutexattr_settype(&attributes, CInt(PTHREAD_MUTEX_ADAPTIVE_NP))
        pthread_mutex_init(mutex, &attributes)
        pthread_mutexattr_destroy(&attributes)
    }

    /// Ends the lock's life; nobody may use it any more.
    func destroy() {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func hold() {
        pthread_mutex_lock(mutex)
    }

    func letGo() {
        pthread_mutex_unlock(mutex)
    }

    @inline(__always)
    func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
