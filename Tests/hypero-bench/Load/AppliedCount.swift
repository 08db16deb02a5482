import Foundation
import HyperoRedis
import HyperoSchema
import Synchronization

/// Knows how many events the ingest has applied, a few milliseconds late.
final class AppliedCount: Sendable {
    private let applied = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private let hasFailed = Atomic<Bool>(false)

    init(_ server: BenchServer) throws {
        let url = try RedisURL(server.url)
        let key = server.keyspace.ingest
        Thread.detachNewThread { [self] in
            do {
                var connection = try RedisConnection.open(to: url, name: "applied")
                while !isOver.load(ordering: .relaxed) {
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
        end()
    }

    func end() { isOver.store(true, ordering: .relaxed) }

    var value: Int {
        get throws {
            guard !hasFailed.load(ordering: .relaxed) else { throw BenchError("the ingest's count cannot be read") }
            return applied.load(ordering: .relaxed)
        }
    }
}
