import Glibc
public import Synchronization

/// A mutual exclusion lock for the log call, held for the nanoseconds that writing one record takes.
///
/// Unlocking is a plain store, and waiters poll. A mutex that wakes waiters must first check whether any thread sleeps,
/// with an atomic instruction that drains the store buffer. The stores of a record often miss the cache, so the log
/// call would wait for memory at that instruction.
///
/// The owner provides the memory. A forked child calls ``reinitialize()``, since the thread that holds the lock may not
/// exist in the child.
///
/// The lock is public because Swift 6.3 inlines no `package` function into another module, not even an `@inlinable`
/// one.
public struct SpinLock: @unchecked Sendable {
    // All threads share the pointee, an atomic value.
    @usableFromInline
    let isHeld: UnsafeMutablePointer<Atomic<UInt32>>

    /// The size in bytes, padded so that a value of any type may follow.
    package static let size = 8

    /// The number of polls before each sleep. They take about the time of a few records.
    private static let spins = 2_000
    /// The sleep between two rounds of polls. The kernel adds about the same time. The sleep lets a preempted holder run.
    private static let backoffNanoseconds = 20_000

    package init(at memory: UnsafeMutableRawPointer) {
        isHeld = memory.bindMemory(to: Atomic<UInt32>.self, capacity: 1)
        isHeld.initialize(to: Atomic(0))
    }

    /// Makes the lock free, regardless of its holder.
    package func reinitialize() {
        unlock()
    }

    /// Acquires the lock, and waits for it if necessary.
    @inlinable @inline(__always)
    public func lock() {
        if !tryLock() { wait() }
    }

    /// Releases the lock.
    @inlinable @inline(__always)
    public func unlock() {
        isHeld.pointee.store(0, ordering: .releasing)
    }

    /// Runs a body while holding the lock.
    @inlinable @inline(__always)
    public func withLock<Result>(_ body: () -> Result) -> Result {
        lock()
        defer { unlock() }
        return body()
    }

    /// Acquires the lock if it is free.
    ///
    /// - Returns: true if the lock was acquired.
    @inlinable @inline(__always)
    public func tryLock() -> Bool {
        isHeld.pointee.exchange(1, ordering: .acquiring) == 0
    }

    @usableFromInline @inline(never)
    func wait() {
        while true {
            for _ in 0..<Self.spins {
                // Poll with loads: a write would take the cache line away from the holder.
                if isHeld.pointee.load(ordering: .relaxed) == 0, tryLock() { return }
            }
            // Not nanosleep, which changes errno.
            var time = timespec(tv_sec: 0, tv_nsec: Self.backoffNanoseconds)
            clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nil)
        }
    }
}
