import Glibc
import Synchronization

/// Keeps those who log from being further ahead of the ingest than they may be.
final class Backpressure: Sendable {
    private let logged = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private let applied: AppliedCount
    private let window: Int

    /// - Parameter window: how many events may be on their way.
    init(_ applied: AppliedCount, window: Int) {
        self.applied = applied
        self.window = window
    }

    /// Counts what was logged, and waits while it is too much.
    ///
    /// - Returns: whether to go on.
    func add(_ count: Int) throws -> Bool {
        logged.add(count, ordering: .relaxed)
        while !isOver.load(ordering: .relaxed), try logged.load(ordering: .relaxed) - applied.value > window {
            usleep(500)
        }
        return !isOver.load(ordering: .relaxed)
    }

    func end() { isOver.store(true, ordering: .relaxed) }
}
