import Foundation
import Synchronization

/// A group of threads that run the same body concurrently.
///
/// The body's argument is the number of the thread, starting at 1.
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

    /// True if a thread has not finished yet.
    var isWorking: Bool { working.load(ordering: .acquiring) > 0 }
}
