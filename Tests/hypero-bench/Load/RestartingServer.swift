import Foundation
import Synchronization
import TestSupport

/// Kills a server every second and starts it again, until it is told to end.
final class RestartingServer: Sendable {
    private let isOver = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)

    init(_ server: RedisServer) {
        Thread.detachNewThread { [self] in
            while !isOver.load(ordering: .acquiring) {
                usleep(900_000)
                server.kill()
                usleep(100_000)
                try? server.restart()
            }
            hasEnded.store(true, ordering: .releasing)
        }
    }

    /// Ends, the server running.
    func end() {
        isOver.store(true, ordering: .releasing)
        while !hasEnded.load(ordering: .acquiring) { usleep(1_000) }
    }
}
