import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

// Counters whose values are known only after the transaction that changes them.

extension Pipeline {
    /// The minimum time between two counts of removed dead letters. A flood of them must not cost a round trip per batch.
    private static let correctionInterval: Duration = .seconds(1)

    /// Records the corrections that an applied transaction requires.
    func record(_ applied: Transaction.Applied, in context: inout PipelineContext) {
        if let gaps = applied.gaps { context.gapsDeficit = max(-gaps, 0) }
        guard applied.removedDeadLetters > 0 else { return }
        context.trimmedDeadLetters += applied.removedDeadLetters
        let dead = fence.lease.keyspace.dead
        context.logger.event(
            "the oldest dead letters of \(dead) were removed: there are more than \(Limits.deadLetters)",
            level: .warning)
    }

    /// Corrects the counters, if it is due: HINCRBY ingest gaps n, HINCRBY ingest trimmed n. Called between two steps.
    ///
    /// - Returns: false if the pipeline must not be used again.
    mutating func correctCounters(in context: inout PipelineContext) throws(RedisError) -> Bool {
        let (gaps, trimmed) = (context.gapsDeficit, context.trimmedDeadLetters)
        let isDue = gaps > 0 || trimmed > 0 && correctionTime + Self.correctionInterval <= .now
        guard isDue else { return true }
        context.shield.isShielded = true
        defer { context.shield.isShielded = false }
        let ingest = fence.lease.keyspace.ingest
        // If the outcome is lost, so is the count. It is never added twice.
        (context.gapsDeficit, context.trimmedDeadLetters) = (0, 0)
        correctionTime = .now
        let errors: [(command: Int, error: RedisError)]?
        do {
            errors = try fence.commit(over: &context.connection) { writer in
                if gaps > 0 { writer.command("HINCRBY", ingest, IngestField.gaps, String(gaps)) }
                if trimmed > 0 { writer.command("HINCRBY", ingest, IngestField.trimmed, String(trimmed)) }
            }
        } catch {
            // A server without memory refuses the transaction.
            if error.category != .connection { (context.gapsDeficit, context.trimmedDeadLetters) = (gaps, trimmed) }
            throw error
        }
        guard let errors else { return false }
        if let error = errors.first?.error {
            context.logger.event(
                "cannot write a counter: \(error.naming(key: ingest, expected: .hash).description)", level: .error)
        }
        return true
    }
}
