import Glibc
import Synchronization

/// The count of SIGINT (Ctrl-C) and SIGTERM signals, which the loops of the program poll.
enum InterruptCounter {
    private static let signals = Atomic<Int>(0)

    static var count: Int { signals.load(ordering: .relaxed) }

    static var isInterrupted: Bool { count > 0 }

    /// Starts to count the signals. They no longer end the process.
    ///
    /// Uses handlers, not `SIG_IGN` with a dispatch source: a child process inherits ignored signals, and would miss a
    /// signal that arrives before the child installs handlers.
    static func install() {
        // Initializes the lazy static here, because a signal handler must not.
        _ = count
        for number in [SIGINT, SIGTERM] {
            signal(number) { _ in InterruptCounter.increment() }
        }
    }

    /// Counts a signal. A worker also calls this function when the pool's process has exited.
    static func increment() { signals.add(1, ordering: .relaxed) }
}
