import HyperoRedis
import HyperoSchema
import Logging

/// The removal of the oldest dead letters of a partition, which else fill the memory of the server.
struct DeadLetterTrimmer {
    let keyspace: Keyspace
    let logger: RateLimitedLogger

    /// The size in bytes below which no dead letter is removed to free memory: the cause is elsewhere.
    private static let smallSize = 1 << 20

    /// The number of letters whose mean size stands for all letters, if the server does not report their size.
    private static let sampleCount = 8

    /// Reads the size of the stream: MEMORY USAGE dead SAMPLES 0, XLEN dead.
    ///
    /// With 0 samples the server adds up all nodes of the stream, some milliseconds for 64 MiB. With samples it would
    /// extrapolate from the oldest nodes, which may be far smaller than the others.
    private func size(over connection: inout RedisConnection) throws(RedisError) -> DeadLetterBudget.Size {
        var writer = RESPWriter(capacity: 256)
        writer.command("MEMORY", "USAGE", keyspace.dead, "SAMPLES", "0")
        writer.command("XLEN", keyspace.dead)
        try connection.send(writer)
        var usage = try connection.receive()
        var length = try connection.receive()
        if let error = length.error { throw error }
        let letters = try length.integer()
        if let error = usage.error {
            guard error.category == .denied || error.category == .refused else { throw error }
            return try estimatedSize(ofLetters: letters, over: &connection)
        }
        return DeadLetterBudget.Size(bytes: usage.isNull ? 0 : try usage.integer(), letters: letters)
    }

    /// Estimates the size of the stream from its newest letters, without permission for MEMORY USAGE: XREVRANGE dead + -
    /// COUNT n.
    private func estimatedSize(
        ofLetters letters: Int, over connection: inout RedisConnection
    ) throws(RedisError) -> DeadLetterBudget.Size {
        guard letters > 0 else { return DeadLetterBudget.Size(bytes: 0, letters: 0) }
        var writer = RESPWriter(capacity: 256)
        writer.command("XREVRANGE", keyspace.dead, "+", "-", "COUNT", String(Self.sampleCount))
        try connection.send(writer)
        let reply = try connection.receive(within: XReadReply.bounds)
        if let error = reply.error { throw error }
        let mean = reply.byteCount / min(letters, Self.sampleCount)
        return DeadLetterBudget.Size(bytes: letters * mean, letters: letters)
    }

    /// Removes the oldest dead letters beyond the limit, and counts them in the same transaction: XTRIM dead MAXLEN n,
    /// HINCRBY ingest trimmed n.
    ///
    /// - Parameter fence: the fence of the next transaction. It watches again after this one.
    /// - Returns: false if the state must be read again.
    func enforce(
        _ budget: inout DeadLetterBudget, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        while true {
            let size = try size(over: &connection)
            budget.recordMeasured(size)
            guard let kept = budget.lettersToKeep(of: size) else { return true }
            do {
                let errors = try fence.commit(over: &connection) { [keyspace] writer in
                    writer.command("XTRIM", keyspace.dead, "MAXLEN", String(kept))
                    writer.command("HINCRBY", keyspace.ingest, IngestField.trimmed, String(size.letters - kept))
                }
                guard let errors else { return false }
                if let error = errors.first?.error { return try report(error, fence: &fence, over: &connection) }
            } catch {
                guard error.category == .denied || error.category == .refused else { throw error }
                return try report(error, fence: &fence, over: &connection)
            }
            // The same message each time, so that it is logged at most once a minute.
            logger.event(
                "the oldest dead letters of \(keyspace.dead) were removed: together they exceed \(budget.limit >> 20) MiB",
                level: .warning)
        }
    }

    /// Reports that dead letters cannot be removed. Entries are applied all the same.
    private func report(
        _ error: RedisError, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        logger.event("cannot trim \(keyspace.dead): \(error.report)", level: .error)
        // The results of the commit's own reads are lost with the error.
        return try fence.renew(over: &connection)
    }

    /// Removes the older half of the dead letters of a server that is out of memory: XTRIM dead MAXLEN n, which Redis runs
    /// all the same. Dead letters of less than 1 MiB stay.
    ///
    /// - Returns: the number of dead letters that were removed. They cannot be counted in the ingest's hash, because the
    ///   server refuses to write it.
    func removeOlderHalf(over connection: inout RedisConnection) throws(RedisError) -> Int {
        let size = try size(over: &connection)
        guard size.bytes >= Self.smallSize, size.letters > 1 else { return 0 }
        var reply = try connection.call("XTRIM", keyspace.dead, "MAXLEN", String(size.letters / 2))
        if let error = reply.error { throw error }
        let removed = try reply.integer()
        if removed > 0 {
            logger.event(
                "Redis is out of memory: removed the oldest \(removed) of \(size.letters) dead letters of \(keyspace.dead)",
                level: .warning)
        }
        return removed
    }
}
