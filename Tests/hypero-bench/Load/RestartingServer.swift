import Foundation
import Synchronization
import TestSupport

/// A server that is killed and restarted every second.
final class RestartingServer: Sendable {
    private let isStopping = Atomic<Bool>(false)
    /// Nil until the thread has ended.
    private let outcome = Mutex<Result<Void, any Error>?>(nil)

    /// Starts a thread that kills and restarts the server. The first kill is after 0.9 s.
    init(_ server: RedisServer) {
        Thread.detachNewThread { [self] in
            let result = Result {
                while !isStopping.load(ordering: .acquiring) {
                    usleep(900_000)
                    server.kill()
                    usleep(100_000)
                    try server.restart()
                }
            }
            outcome.withLock { $0 = result }
        }
    }

    /// Stops the restarts. The server runs afterwards.
    func stop() throws {
        isStopping.store(true, ordering: .releasing)
        while true {
            if let result = outcome.withLock({ $0 }) { return try result.get() }
            usleep(1_000)
        }
    }
}
