import HyperoRedis
import HyperoSchema
import Logging

/// The connection of a partition's owner, and everything else that a pipeline uses and does not own.
struct PipelineContext: ~Copyable {
    var connection: RedisConnection
    /// The reader of the next entries, on a connection of its own.
    let prefetcher: Prefetcher
    var trimPlan: TrimPlan
    /// The dead letters of an applied batch that are not in Redis. They outlive the connection. If the process ends, the
    /// next owner finds them by ``IngestField/unconfirmed``.
    var pendingDeadLetters: PendingDeadLetters
    /// The number of dead letters that were removed and are not counted in Redis, because the server has no memory or because
    /// there were too many letters. They outlive the connection.
    var trimmedDeadLetters = 0
    /// The amount by which the counter of missing sequence numbers is below 0. The numbers were counted in a hash that another
    /// client has removed since.
    var gapsDeficit = 0
    /// The last transaction with entries, if no command of it failed; nil otherwise.
    var flawless: Unconfirmed?
    /// True if no transaction of unknown outcome was sent over this connection or the one before.
    var isOutcomeKnown: Bool
    /// The subjects whose hashes another client has removed. Nothing is applied until what is left of them is removed.
    var vanished: [VanishedSubject] = []
    /// The archive of the entries; nil if they are not archived.
    var archiver: Archiver?
    /// The entries since the cursor was set back; nil without that, and once one of them was no duplicate.
    var rewind: Rewind?
    let shield: CancellationShield
    let logger: RateLimitedLogger

    /// True if the work must end that needs no reply of the server.
    var isShutdownRequested: Bool { shield.isShutdownRequested }

    /// Records an applied batch: its entries can be trimmed, and the entries of its failed commands become dead
    /// letters.
    ///
    /// - Parameter unconfirmed: the value that the transaction of the batch has written; nil without entries.
    mutating func recordApplied(
        _ batch: FoldedBatch, as unconfirmed: Unconfirmed?, failures: [Transaction.Failure], in keyspace: Keyspace
    ) {
        if !failures.contains(where: \.isCursor) {
            for item in batch.batch.items { trimPlan.recordApplied(item.id) }
            archiver?.recordApplied(batch.cursor, count: batch.position.read)
        }
        if !batch.result.deadLetters.isEmpty {
            // The same message each time, so that it is logged at most once a minute.
            logger.event(
                "entries of \(keyspace.events) became dead letters: hypero-query dead lists them with their reasons",
                level: .warning)
        }
        trimmedDeadLetters = max(trimmedDeadLetters - batch.trimmedDeadLetters, 0)
        rewind?.record(batch)
        if unconfirmed != nil { flawless = failures.isEmpty ? unconfirmed : nil }
        let source = unconfirmed ?? pendingDeadLetters.source
        pendingDeadLetters =
            failures.isEmpty
            ? PendingDeadLetters() : PendingDeadLetters(for: failures, in: batch, keyspace: keyspace, logger: logger)
        pendingDeadLetters.source = source
    }

    /// Records the result of XTRIM.
    mutating func recordTrimming(_ result: Result<Int, RedisError>, of stream: String) {
        switch result {
        case .success(0): break
        case .success:
            logger.resolved(stream, "trimming \(stream)")
            trimPlan.repeatLastBound()
        case .failure(let error) where [.transient, .migrating].contains(error.category): break
        case .failure(let error):
            logger.defect(stream, "cannot trim \(stream): \(error.report)", level: .error)
        }
    }
}

extension PipelineContext {
    /// The entries that were applied since the cursor was set back.
    struct Rewind {
        private var entryCount = 0
        private var duplicateCount = 0

        mutating func record(_ batch: FoldedBatch) {
            entryCount += batch.batch.items.count
            duplicateCount += batch.result.counts.duplicates
        }

        /// The number of entries if all were duplicates; nil otherwise, and without an entry.
        var uselessCount: Int? { entryCount > 0 && duplicateCount == entryCount ? entryCount : nil }
    }

    /// Warns at the end of a rewind that had no effect. An operator may have set the cursor back to restore keys.
    mutating func endRewind(of stream: String) {
        guard let rewind = rewind.take(), let count = rewind.uselessCount else { return }
        logger.event(
            "the cursor of \(stream) was set back, and all \(count) entries after it were applied before: they change nothing "
                + "while the keys of their producers exist. To derive rankings and lists again, use hypero-ingest rebuild",
            level: .warning)
    }
}
