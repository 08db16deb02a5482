import Glibc
package import HyperoCore
import Synchronization

/// The request to shut down, shared by all partitions' threads.
package final class ShutdownFlag: Sendable {
    /// The time of the request in nanoseconds of the monotonic clock; ``notRequested`` before it.
    private let time = Atomic<Int64>(notRequested)
    private let now: @Sendable () -> MonotonicTime

    private static let notRequested = Int64.max
    /// The time for which a thread may still wait for the outcome of a transaction and release its lease. After it, the
    /// lease expires, and the next owner finds out the outcome by ``IngestField/unconfirmed``.
    package static let grace: Duration = .milliseconds(900)

    /// - Parameter now: returns the time, in tests another one.
    package init(now: @escaping @Sendable () -> MonotonicTime = { .now }) {
        self.now = now
    }

    /// True if every thread must finish its batch and end.
    var isRequested: Bool { time.load(ordering: .relaxed) != Self.notRequested }

    /// True if every thread must end without a further reply of the server.
    var isOverdue: Bool {
        let requested = time.load(ordering: .relaxed)
        return requested != Self.notRequested && now() >= MonotonicTime(nanoseconds: requested) + Self.grace
    }

    /// Requests the shutdown. Further calls change nothing.
    package func request() {
        _ = time.compareExchange(
            expected: Self.notRequested, desired: now().nanoseconds, ordering: .relaxed)
    }

    /// Sleeps for a duration, or until shutdown is requested.
    func wait(atMost duration: Duration) {
        let deadline = MonotonicTime.now + duration
        while !isRequested {
            let remaining = deadline - .now
            guard remaining > .zero else { return }
            // Short sleeps, so that a request ends even the longest wait within milliseconds.
            usleep(UInt32(min(remaining, .milliseconds(5)) / .microseconds(1)))
        }
    }
}

/// A shield that keeps a shutdown from ending a thread's wait for the server. Used by one thread.
package final class CancellationShield {
    /// True while the outcome of a transaction is awaited. Other waits, for example for new entries, end on shutdown.
    package var isShielded = false
    private let shutdown: ShutdownFlag

    package init(_ shutdown: ShutdownFlag) {
        self.shutdown = shutdown
    }

    /// True if the thread must end as soon as it can.
    var isShutdownRequested: Bool { shutdown.isRequested }

    /// True if a wait must continue.
    package var shouldContinue: Bool { isShielded ? !shutdown.isOverdue : !shutdown.isRequested }
}
