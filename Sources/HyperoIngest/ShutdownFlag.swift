import Glibc
import HyperoCore
import HyperoRedis
import Synchronization

/// Tells the threads of the partitions to end.
final class ShutdownFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    /// Whether they are to finish their batch and end.
    var isRequested: Bool { flag.load(ordering: .relaxed) }

    func request() {
        flag.store(true, ordering: .relaxed)
    }

    /// Waits, but no longer than until the signal comes.
    func wait(atMost duration: Duration) {
        let deadline = MonotonicTime.now + duration
        while !isRequested {
            let left = deadline - .now
            guard left > .zero else { return }
            // Also in the longest pause the end is noticed within a few milliseconds.
            usleep(UInt32(min(left, .milliseconds(5)) / .microseconds(1)))
        }
    }
}
