import HyperoRedis
import HyperoSchema
import Logging

/// The connection of a partition's owner, and everything else that a pipeline uses and does not own.
struct PipelineContext: ~Copyable {
    var connection: RedisConnection
    /// Reads ahead on a connection of its own.
    let prefetcher: Prefetcher
    var trimPlan: TrimPlan
    /// The dead letters of applied batches that are not in Redis. They outlive the connection, but not the process.
    var pendingDeadLetters: PendingDeadLetters
    let shield: CancellationShield
    let logger: RateLimitedLogger

    /// Records an applied batch: its entries can be trimmed, and its failed commands cause dead letters.
    mutating func recordApplied(_ batch: FoldedBatch, failures: [Transaction.Failure], in keys: Keyspace) {
        if !failures.contains(where: \.isCursor) {
            for item in batch.batch.items { trimPlan.recordApplied(item.id) }
        }
        pendingDeadLetters =
            failures.isEmpty
            ? PendingDeadLetters() : PendingDeadLetters(for: failures, in: batch, keys: keys, logger: logger)
    }

    /// Records the result of XTRIM.
    mutating func recordTrimming(_ result: Result<Int, RedisError>, of stream: String) {
        switch result {
        case .success(0): break
        case .success: trimPlan.repeatLastBound()
        case .failure(let error) where error.category == .transient: break
        case .failure(let error): logger.event("cannot trim \(stream): \(error.description)", level: .error)
        }
    }
}
