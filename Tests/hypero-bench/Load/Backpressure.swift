import Glibc
import Synchronization

/// A limit on the logged events that are not applied yet. Blocks the logging threads while the limit is exceeded.
final class Backpressure: Sendable {
    private let logged = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let applied: AppliedCount
    private let window: Int

    /// - Parameters:
    ///   - applied: the number of applied events.
    ///   - window: the maximum number of events that are logged and not applied yet.
    init(_ applied: AppliedCount, window: Int) {
        self.applied = applied
        self.window = window
    }

    /// Adds logged events, and waits while the window is exceeded.
    ///
    /// - Returns: whether the thread should continue to log.
    func add(_ count: Int) throws -> Bool {
        logged.add(count, ordering: .relaxed)
        while !isStopping.load(ordering: .relaxed), try logged.load(ordering: .relaxed) - applied.value > window {
            usleep(500)
        }
        return !isStopping.load(ordering: .relaxed)
    }

    /// Makes all calls of ``add(_:)`` return false.
    func stop() { isStopping.store(true, ordering: .relaxed) }
}
