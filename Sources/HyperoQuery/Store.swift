import HyperoCore
import HyperoRedis
import HyperoSchema

/// The batteries and experiments in Redis, for reading.
///
///     let store = try Store("redis://localhost")
///     let board = try store.leaderboard(of: "RNN Visual Attention", limit: 3)
///     for row in board.rows { print(row.rank, row.experiment, row.value) }
///
/// A store sends no command that writes. It connects at the first query. A query blocks the calling thread until the
/// reply is read, and a store must not be used by two threads at the same time.
///
/// With several partitions, a query answers from those whose servers answer, and describes each other one in the `warnings` too.
/// ``leftOutPartitions`` lists them.
///
/// Any client can write to the keys, so a query expects malformed values: it leaves them out of its result and describes
/// each in the result's `warnings`.
public final class Store {
    let connections: ConnectionPool
    let layout: PartitionLayout

    /// The partitions that a query has seen.
    var knownPartitions: Set<Keyspace> = []
    /// True if a query has left out a partition.
    package internal(set) var hasLeftOut = false

    /// The time without a sign of life after which a running experiment is reported as lost.
    public let lostAfter: Duration
    /// The present in Unix milliseconds. Tests replace it.
    package var clock: () -> Int64 = { WallClock.milliseconds }

    /// The allowed limits of a query: 1 to 100,000 rows or dead letters.
    public static let limits = 1...100_000

    /// Creates a store. The first query connects.
    ///
    /// - Parameters:
    ///   - url: `redis://[user[:password]@]host[:port][,host[:port]]…[/db]`, `redis+sentinel://…/name[/db]` or
    ///     `unix:///path[?db=n]`. The default is `HYPERO_REDIS`,
    ///     or the server of `hypero up` if that variable is not set and the server runs, or `redis://127.0.0.1:6379`.
    ///   - namespace: the namespace of the keys, 1 to 64 characters of `A-Z a-z 0-9 . _ -`. The default is
    ///     `HYPERO_NAMESPACE`, or `hypero` if the variable is not set.
    ///   - partitions: the number of partitions, 1 to 16,384. By default each query discovers the partitions.
    ///   - timeout: the time limit for connecting, and for sending or receiving without progress.
    ///   - lostAfter: the time without a sign of life after which a running experiment is reported as lost.
    /// - Throws: ``QueryError/Code/invalidArgument(reason:)`` if an argument is malformed or out of its range.
    public convenience init(
        _ url: String? = nil, namespace: String? = nil, partitions: Int? = nil, timeout: Duration = .seconds(5),
        lostAfter: Duration = .seconds(180)
    ) throws(QueryError) {
        do {
            try self.init(
                RedisURL(url),
                layout: PartitionLayout(
                    namespace: Deployment.namespace(namespace, environment: ProcessEnvironment.value(of:)),
                    partitions: partitions),
                timeout: timeout, lostAfter: lostAfter)
        } catch {
            throw QueryError(.invalidArgument(reason: error.description))
        }
    }

    init(_ url: RedisURL, layout: PartitionLayout, timeout: Duration, lostAfter: Duration) {
        connections = ConnectionPool(seed: url, timeout: timeout)
        self.layout = layout
        self.lostAfter = lostAfter
    }

    /// ``lostAfter`` in milliseconds.
    var lostAfterMilliseconds: Int64 {
        let (seconds, attoseconds) = lostAfter.components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        return overflow ? .max : milliseconds + attoseconds / 1_000_000_000_000_000
    }

    /// The number of round trips so far, without those of connecting.
    package var roundTrips: Int { connections.roundTrips }

    /// Throws ``QueryError/Code/invalidArgument(reason:)`` if the limit is not in ``limits``.
    func check(limit: Int) throws(QueryError) {
        guard Self.limits.contains(limit) else {
            throw QueryError(
                .invalidArgument(
                    reason:
                        "limit must be between \(Self.limits.lowerBound) and \(Self.limits.upperBound), not \(limit)"))
        }
    }
}
