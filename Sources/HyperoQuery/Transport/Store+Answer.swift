import HyperoRedis
import HyperoSchema

extension Store {
    /// The partitions that a query needs.
    enum Coverage {
        /// Those that answer. The result has a warning for each other one.
        case available
        /// All. If one does not answer, the query fails.
        case all
    }

    /// The partitions that the latest query left out. Empty if its result is complete.
    public var leftOutPartitions: [LeftOutPartition] { connections.failures.leftOut }

    /// Runs a query over the partitions that answer.
    ///
    /// If a partition does not answer, the body runs again without it. A server that was left by a failover is looked up again by
    /// a redirect of another one. Within another query, the body belongs to that query.
    ///
    /// - Parameters:
    ///   - coverage: the partitions that the query needs.
    ///   - mayRestart: returns false if the body has had effects, so that it must not run again.
    ///   - body: the query. It gets its partitions from ``partitions(warnings:)`` or
    ///     ``probePartitions(_:fallback:warnings:)``.
    /// - Throws: the error of the body; that of the first partition if none answers.
    func answer<Result>(
        from coverage: Coverage = .available, mayRestart: () -> Bool = { true },
        _ body: () throws(QueryError) -> Result
    ) throws(QueryError) -> Result {
        guard connections.beginQuery(requiresAll: coverage == .all) else { return try body() }
        defer { endQuery() }
        while true {
            do throws(QueryError) {
                return try body()
            } catch {
                guard mayRestart(), connections.failures.restart() else { throw connections.failures.explained(error) }
            }
        }
    }

    /// Runs a query whose body also throws other errors, as ``answer(from:mayRestart:_:)`` does.
    func answerThrowing<Result>(
        from coverage: Coverage, mayRestart: () -> Bool, _ body: () throws -> Result
    ) throws -> Result {
        guard connections.beginQuery(requiresAll: coverage == .all) else { return try body() }
        defer { endQuery() }
        while true {
            do {
                return try body()
            } catch let error as QueryError {
                guard mayRestart(), connections.failures.restart() else { throw connections.failures.explained(error) }
            }
        }
    }

    private func endQuery() {
        connections.endQuery()
        if !connections.failures.leftOut.isEmpty { hasLeftOut = true }
    }

    /// Reports the partitions that the query leaves out.
    ///
    /// - Parameters:
    ///   - candidates: the partitions that were probed, in order.
    ///   - present: those that exist and answer.
    /// - Throws: the first failure if no partition answers, and ``QueryError/Code/incomplete(_:)`` if the query needs all.
    func reportLeftOut(
        among candidates: [Keyspace], present: [Keyspace], warnings: inout [String]
    ) throws(QueryError) {
        knownPartitions.formUnion(present)
        let failures = connections.failures.partitions
        guard !failures.isEmpty else { return }
        let failed = candidates.filter { failures[$0] != nil }
        guard let first = failed.first.flatMap({ failures[$0] }) else { return }
        guard !present.isEmpty else { throw QueryError(first.code, warnings: warnings) }
        let existing = Set(present)
        let last = candidates.lastIndex { $0 != layout.undivided && existing.contains($0) } ?? -1
        let known = knownPartitions
        let leftOut = candidates.enumerated().compactMap { index, keyspace in
            failures[keyspace].map { failure in
                LeftOutPartition(
                    tag: keyspace.tag,
                    isKnown: layout.explicit != nil || known.contains(keyspace)
                        || (index < last && keyspace != layout.undivided), reason: failure.reason)
            }
        }
        connections.failures.leftOut = leftOut
        if connections.failures.requiresAll {
            throw QueryError(.incomplete(leftOut), warnings: warnings)
        }
        warnings += leftOut.sentences.filter { !warnings.contains($0) }
    }
}
