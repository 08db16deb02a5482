import Foundation
import HyperoRedis
import HyperoSchema
import Synchronization

/// The number of events that the ingest has applied, polled from Redis every two milliseconds.
final class AppliedCount: Sendable {
    private let applied = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let hasFailed = Atomic<Bool>(false)

    /// Starts to poll on a new thread.
    init(_ server: BenchServer) throws {
        let url = try RedisURL(server.url)
        let key = server.keyspace.ingest
        Thread.detachNewThread { [self] in
            do {
                var connection = try RedisConnection.open(to: url, name: "applied")
                while !isStopping.load(ordering: .relaxed) {
                    var reply = try connection.call("HGET", key, IngestField.applied)
                    let count = try reply.string().flatMap { Int($0) } ?? 0
                    applied.store(count, ordering: .relaxed)
                    usleep(2_000)
                }
            } catch {
                hasFailed.store(true, ordering: .relaxed)
            }
        }
    }

    deinit {
        stop()
    }

    func stop() { isStopping.store(true, ordering: .relaxed) }

    /// The latest polled value.
    var value: Int {
        get throws {
            guard !hasFailed.load(ordering: .relaxed) else { throw BenchError("HGET of the applied count failed") }
            return applied.load(ordering: .relaxed)
        }
    }
}
