import Glibc
import HyperoCore
import Synchronization

/// The request to shut down, shared by all partitions' threads.
package final class ShutdownFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    package init() {}

    /// True if every thread is to finish its batch and end.
    var isRequested: Bool { flag.load(ordering: .relaxed) }

    package func request() {
        flag.store(true, ordering: .relaxed)
    }

    /// Sleeps, at most until shutdown is requested.
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

/// Keeps a thread waiting for the server although shutdown is requested, while it must not give up. Used by one thread.
package final class CancellationShield {
    /// True while the outcome of a transaction is awaited. Other waits, for example for new entries, end on shutdown.
    var isShielded = false
    private let shutdown: ShutdownFlag

    package init(_ shutdown: ShutdownFlag) {
        self.shutdown = shutdown
    }

    /// True if a wait is to continue.
    var shouldContinue: Bool { isShielded || !shutdown.isRequested }
}
