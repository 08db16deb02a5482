import Glibc
import HyperoCore
import Synchronization

/// The request to shut down, shared by all partitions' threads.
package final class ShutdownFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    /// True if every thread must finish its batch and end.
    var isRequested: Bool { flag.load(ordering: .relaxed) }

    package func request() {
        flag.store(true, ordering: .relaxed)
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
    var isShielded = false
    private let shutdown: ShutdownFlag

    package init(_ shutdown: ShutdownFlag) {
        self.shutdown = shutdown
    }

    /// True if a wait must continue.
    var shouldContinue: Bool { isShielded || !shutdown.isRequested }
}
