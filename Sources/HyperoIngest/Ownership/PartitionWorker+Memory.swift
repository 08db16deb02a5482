import HyperoRedis
import HyperoSchema
import Logging

// A server that is out of memory.

extension PartitionWorker {
    /// Frees memory of a server that is out of memory: removes applied entries, and if there are none, dead letters. Does nothing
    /// while another ingest owns the partition: that one frees memory.
    ///
    /// The applied entries are removed first, because the indexes contain what they say.
    func freeMemory(in context: inout PipelineContext) {
        do {
            guard try lease.mayFreeMemory(over: &context.connection) else { return }
            let trimmed = Result { () throws(RedisError) in try trimAllApplied(over: &context.connection) }
            if case .success(1...) = trimmed { return }
            let trimmer = DeadLetterTrimmer(keyspace: keyspace, logger: limitedLogger)
            context.trimmedDeadLetters += try trimmer.removeOlderHalf(over: &context.connection)
        } catch {
            // The failure that is handled here is reported anyway, and an attempt follows each later one.
        }
    }

    /// Trims all applied entries of a server that is out of memory, including those to be retained: HMGET ingest cursor
    /// unconfirmed, XTRIM events MINID ~ id.
    ///
    /// The bound is the cursor in Redis, because an ingest that has just started has applied no entries itself. The entries
    /// of a transaction whose outcome is not handled stay.
    ///
    /// - Returns: the number of entries that were removed.
    private func trimAllApplied(over connection: inout RedisConnection) throws(RedisError) -> Int {
        let (cursor, unconfirmed) = try checkpointReader.cursor(over: &connection)
        let last = unconfirmed?.from ?? cursor
        guard last != .zero else { return 0 }
        limitedLogger.event(
            "Redis is out of memory: trimming all applied entries of \(keyspace.events)", level: .warning)
        // If nothing that is archived is left, the work must go on all the same.
        for bound in [archiver.map { min($0.archived, last) }, last].compactMap(\.self) {
            var reply = try connection.call("XTRIM", keyspace.events, "MINID", "~", bound.next.description)
            let count = reply.error == nil ? try reply.integer() : 0
            if let error = reply.error { throw error }
            if count > 0 { return count }
        }
        return 0
    }

    /// Counts the dead letters that this ingest has removed, if it applies no entries with which it could count them: HINCRBY
    /// ingest trimmed n. The owner reads its state again after it, as after a requeue.
    ///
    /// Called again after an error, because the server may still be out of memory.
    func countTrimmedDeadLetters(in context: inout PipelineContext) throws(RedisError) {
        let count = context.trimmedDeadLetters
        guard count > 0 else { return }
        // If the reply is lost, the count may be too. It is never added twice.
        context.trimmedDeadLetters = 0
        let reply = try context.connection.call("HINCRBY", keyspace.ingest, IngestField.trimmed, String(count))
        if reply.error != nil { context.trimmedDeadLetters = count }
    }
}
