import Foundation
import HyperoCore
import HyperoRedis
import Synchronization

/// A client that sends a PING to the server every millisecond, and measures the time until the reply.
final class Heartbeat: Sendable {
    private struct State {
        var latencies = Latencies()
        var failure: String?
        var hasEnded = false
    }

    private let isStopping = Atomic<Bool>(false)
    private let state = Mutex(State())

    /// Starts the client on a new thread.
    init(_ server: BenchServer) throws {
        let url = try RedisURL(server.url)
        Thread.detachNewThread { [self] in
            var latencies = Latencies()
            var failure: String?
            do {
                var connection = try RedisConnection.open(to: url, name: "heartbeat", timeout: .seconds(120))
                while !isStopping.load(ordering: .acquiring) {
                    let start = MonotonicTime.now
                    _ = try connection.call("PING")
                    latencies.record(MonotonicTime.now.nanoseconds - start.nanoseconds)
                    usleep(1_000)
                }
            } catch {
                failure = "\(error)"
            }
            state.withLock { $0 = State(latencies: latencies, failure: failure, hasEnded: true) }
        }
    }

    /// Stops the client and returns the measured times.
    func stop() throws -> Latencies {
        isStopping.store(true, ordering: .releasing)
        while true {
            let (latencies, failure, hasEnded) = state.withLock { ($0.latencies, $0.failure, $0.hasEnded) }
            if let failure { throw BenchError("PING failed: \(failure)") }
            if hasEnded { return latencies }
            usleep(500)
        }
    }
}
