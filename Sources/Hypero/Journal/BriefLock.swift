import Glibc
import Synchronization

/// A mutual exclusion lock for the caller's path, held for the nanoseconds that a record takes to write.
///
/// Letting go is a plain store: nobody is woken, who waits looks again by itself. A mutex that wakes has to ask whether
/// somebody sleeps, with an instruction that waits until all stores before it have reached the cache. Those of a record
/// often go to memory that no cache has, and the call would wait for it.
///
/// The memory is the owner's. In a forked child, where the holder may be a thread that is not there, it is made anew.
struct BriefLock: @unchecked Sendable {
    // An atomic, and so its own protector.
    private let isHeld: UnsafeMutablePointer<Atomic<UInt32>>

    /// Bytes, up to where any value may follow.
    static let size = 8

    /// How often it is looked before the first nap: some records' time.
    private static let looks = 2_000
    /// The kernel adds about as much. It lets a holder run whom the scheduler took the core from.
    private static let nap = 20_000

    init(at memory: UnsafeMutableRawPointer) {
        isHeld = memory.bindMemory(to: Atomic<UInt32>.self, capacity: 1)
        isHeld.initialize(to: Atomic(0))
    }

    /// Makes it a lock that nobody holds.
    func makeAnew() {
        letGo()
    }

    @inline(__always)
    func hold() {
        if !take() { wait() }
    }

    @inline(__always)
    func letGo() {
        isHeld.pointee.store(0, ordering: .releasing)
    }

    @inline(__always)
    func withLock<Result>(_ body: () -> Result) -> Result {
        hold()
        defer { letGo() }
        return body()
    }

    @inline(__always)
    private func take() -> Bool {
        isHeld.pointee.exchange(1, ordering: .acquiring) == 0
    }

    @inline(never)
    private func wait() {
        while true {
            for _ in 0..<Self.looks {
                // Only read while it is held: a write takes the cache line away from the holder.
                if isHeld.pointee.load(ordering: .relaxed) == 0, take() { return }
            }
            // Not nanosleep, which changes errno.
            var time = timespec(tv_sec: 0, tv_nsec: Self.nap)
            clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nil)
        }
    }
}
