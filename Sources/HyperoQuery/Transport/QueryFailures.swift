import HyperoRedis
import HyperoSchema

/// The servers and partitions that have failed during a query.
///
/// A query begins again after a failure that changes its partitions, so that its result has each partition as a whole or not at
/// all. Each server is tried once per query, so that one that is down costs one timeout.
struct QueryFailures {
    /// The servers that are not tried again in this query.
    private(set) var servers: [RedisURL: RedisError] = [:]
    /// The partitions that do not answer.
    private(set) var partitions: [Keyspace: QueryError] = [:]
    /// The partitions whose server was named by a redirect of this query.
    var redirected: Set<Keyspace> = []
    /// The partitions that the result leaves out.
    var leftOut: [LeftOutPartition] = []
    /// True if the query must not leave out a partition.
    var requiresAll = false
    private var hasChanged = false
    private var hasChangedSeed = false
    private var restarts = 0

    /// The maximum number of times that a query begins again. Servers that fail together need one or two.
    private static let maxRestarts = 32

    /// Records that a server does not answer.
    mutating func add(_ error: RedisError, of server: RedisURL) {
        servers[server] = error
    }

    /// Records that a partition does not answer.
    mutating func add(_ error: QueryError, of keyspace: Keyspace) {
        guard partitions[keyspace] == nil else { return }
        partitions[keyspace] = error
        hasChanged = true
    }

    /// Records that the server of a partition must be found again.
    mutating func changeServer() {
        hasChanged = true
    }

    /// Records that another of the configured servers can be used.
    ///
    /// - Returns: false if it has been recorded before in this query.
    mutating func changeSeed() -> Bool {
        guard !hasChangedSeed else { return false }
        (hasChangedSeed, hasChanged) = (true, true)
        return true
    }

    /// Returns whether the query can begin again with another outcome.
    mutating func restart() -> Bool {
        guard hasChanged, restarts < Self.maxRestarts else { return false }
        hasChanged = false
        restarts += 1
        leftOut = []
        return true
    }

    /// Returns the error of a query that has left out partitions.
    ///
    /// A name that no partition has may be in one that is left out, so it is not known that it does not exist.
    func explained(_ error: QueryError) -> QueryError {
        guard !leftOut.isEmpty, !requiresAll else { return error }
        let sentences = leftOut.sentences.filter { !error.warnings.contains($0) }
        return QueryError(
            error.category == .notFound ? .notFoundInPart(reason: error.description) : error.code,
            warnings: sentences + error.warnings)
    }
}

extension QueryError {
    /// The reason of a failure of Redis, without the words before and after it in the description.
    var reason: String {
        switch code {
        case .unreachable(let reason), .tlsFailed(let reason), .notReady(let reason), .permissionDenied(let reason),
            .loginFailed(let reason), .refused(let reason):
            reason
        default: description
        }
    }
}
