import Foundation
import Synchronization

/// Threads that do the same at once, each with its number from 1.
final class ThreadGroup: Sendable {
    private let working: Atomic<Int>

    init(_ size: Int, _ body: @escaping @Sendable (Int) -> Void) {
        working = Atomic(size)
        for number in 1...size {
            Thread.detachNewThread {
                body(number)
                self.working.subtract(1, ordering: .acquiringAndReleasing)
            }
        }
    }

    /// Whether one of them is not done yet.
    var isWorking: Bool { working.load(ordering: .acquiring) > 0 }
}
