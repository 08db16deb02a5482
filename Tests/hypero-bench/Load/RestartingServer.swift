import Foundation
import Synchronization
import TestSupport

/// Kills a server every second and starts it again, until it is told to end.
final class RestartingServer: Sendable {
    private let isOver = Atomic<Bool>(false)
    private let outcome = Mutex<Result<Void, any Error>?>(nil)

    init(_ server: RedisServer) {
        Thread.detachNewThread { [self] in
            let result = Result {
                while !isOver.load(ordering: .acquiring) {
                    usleep(900_000)
                    server.kill()
                    usleep(100_000)
                    try server.restart()
                }
            }
            outcome.withLock { $0 = result }
        }
    }

    /// Ends, the server running.
    func end() throws {
        isOver.store(true, ordering: .releasing)
        while true {
            if let result = outcome.withLock({ $0 }) { return try result.get() }
            usleep(1_000)
        }
    }
}
