import Foundation
import Synchronization

/// A fixed number of threads that run one body concurrently.
package final class ThreadGroup<Output: Sendable>: Sendable {
    private let count: Int
    /// In the order in which the threads ended.
    private let outcomes = Mutex<[Result<Output, any Error>]>([])

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - count: the number of threads.
    ///   - body: called once on each thread with the thread's index, from 0.
    package init(_ count: Int, _ body: @escaping @Sendable (_ index: Int) throws -> Output) {
        self.count = count
        for index in 0..<count {
            Thread.detachNewThread { [self] in
                let outcome = Result { try body(index) }
                outcomes.withLock { $0.append(outcome) }
            }
        }
    }

    /// True if at least one thread has not ended.
    package var isRunning: Bool { outcomes.withLock(\.count) < count }

    /// Waits until all threads have ended.
    ///
    /// - Returns: the results of all bodies, in the order in which the threads ended.
    /// - Throws: the error of the first thread that failed.
    package func results() throws -> [Output] {
        while isRunning { usleep(1_000) }
        return try outcomes.withLock { outcomes in try outcomes.map { try $0.get() } }
    }
}
