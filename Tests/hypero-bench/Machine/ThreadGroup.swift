import Foundation
import Synchronization

/// Threads that do the same at once.
final class ThreadGroup<Result: Sendable>: Sendable {
    private let size: Int
    private let made = Mutex<[Swift.Result<Result, any Error>]>([])

    /// Runs the body on so many threads, each with its number from 0.
    init(_ size: Int, _ body: @escaping @Sendable (Int) throws -> Result) {
        self.size = size
        for number in 0..<size {
            Thread.detachNewThread { [self] in
                let result = Swift.Result { try body(number) }
                made.withLock { $0.append(result) }
            }
        }
    }

    /// Waits for all of them, and hands out what they made, in the order in which they ended.
    func results() throws -> [Result] {
        while made.withLock(\.count) < size { usleep(1_000) }
        return try made.withLock { made in try made.map { try $0.get() } }
    }
}
