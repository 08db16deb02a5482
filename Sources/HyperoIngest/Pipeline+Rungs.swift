import HyperoRedis
import HyperoSchema
import Logging

extension Pipeline {
    /// The number of members of a rung per command.
    private static let rungPartCount = 10_000

    /// Reads the rungs of searches that a lookup needs: ZRANGE rung start stop WITHSCORES. No other client changes them meanwhile,
    /// because the transaction that follows is fenced.
    ///
    /// - Returns: the result that ends the step; nil if all were read.
    mutating func readRungs(
        _ lookup: inout StateLookup, in context: inout PipelineContext
    ) throws(RedisError) -> StepResult? {
        let keyspace = fence.lease.keyspace
        for (search, empty) in lookup.missing.rungs.sorted(by: { $0.key < $1.key }) {
            var rungs = empty
            let id = lookup.batch.searches[search]
            for (rung, epoch) in rungs.epochs.enumerated() where rungs.isReadable {
                let key = keyspace.rung(epoch, of: id)
                var start = 0
                var isComplete = false
                while !isComplete {
                    if context.isShutdownRequested { return .applied }
                    if fence.isDue, try !fence.renew(over: &context.connection) { return .stopped(.cursorChanged) }
                    let end = start + Self.rungPartCount
                    var reply = try context.connection.call(
                        "ZRANGE", key, String(start), String(end - 1), "WITHSCORES")
                    if let error = reply.error {
                        guard error.code == .wrongType else { throw error }
                        context.logger.event(
                            "\(error.naming(key: key, expected: .sortedSet).description). No trial of the search is stopped",
                            level: .error)
                        rungs.isReadable = false
                        break
                    }
                    let count = (try reply.array() ?? 0) / 2
                    for _ in 0..<count {
                        guard let member = try reply.bytes() else { continue }
                        let score = try reply.string().flatMap { Double($0) } ?? .nan
                        rungs.add(member, score: score, toRung: rung, of: id)
                    }
                    withExtendedLifetime(reply) {}
                    (start, isComplete) = (end, count < Self.rungPartCount)
                }
            }
            lookup.state.rungs[search] = rungs
        }
        return nil
    }
}
