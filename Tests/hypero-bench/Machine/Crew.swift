import Foundation
import Synchronization

/// Threads that do the same at once.
enum Crew {
    /// Runs the body on so many threads, each with its number from 0, and hands out what they made when all are done.
    static func run<Result: Sendable>(
        _ size: Int, _ body: @escaping @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        let results = Results<Result>()
        for number in 0..<size {
            Thread.detachNewThread {
                let result = Swift.Result { try body(number) }
                results.made.withLock { $0.append(result) }
            }
        }
        while results.made.withLock(\.count) < size { usleep(1_000) }
        return try results.made.withLock { made in try made.map { try $0.get() } }
    }

    private final class Results<Result: Sendable>: Sendable {
        let made = Mutex<[Swift.Result<Result, any Error>]>([])
    }
}
