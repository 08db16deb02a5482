import HyperoCore
import HyperoRedis
import HyperoSchema

/// What Redis holds of batteries and experiments, to be asked.
///
///     let store = try Store("redis://localhost")
///     let board = try store.leaderboard(of: "RNN Visual Attention", limit: 3)
///     for row in board.rows { print(row.rank, row.experiment, row.value) }
///
/// It only reads, and connects at the first question. Questions block the thread, and one thread at a time may ask.
/// What somebody else wrote wrongly into a key never ends a question: the answer's `warnings` say what was left out.
public final class Store {
    let session: ConnectionPool
    let layout: PartitionLayout

    /// A store at a server.
    ///
    /// - Parameters:
    ///   - url: `redis://[user[:password]@]host[:port][/db]` or `unix:///path[?db=n]`; nil for `HYPERO_REDIS`, and
    ///     `redis://127.0.0.1:6379` when that is not set either.
    ///   - namespace: what the keys begin with; nil for `HYPERO_NAMESPACE`, and `hypero` without one.
    ///   - partitions: into how many the keys are divided; nil looks which ones there are, and reads them all.
    ///   - timeout: for connecting and for each answer of the server.
    /// - Throws: ``QueryError`` of code ``QueryError/Code/invalid`` when one of them makes no sense.
    public convenience init(
        _ url: String? = nil, namespace: String? = nil, partitions: Int? = nil, timeout: Duration = .seconds(5)
    ) throws(QueryError) {
        do {
            try self.init(
                RedisURL(url),
                layout: PartitionLayout(
                    namespace: Deployment.namespace(namespace, environment: ProcessEnvironment.value(of:)),
                    partitions: partitions),
                timeout: timeout)
        } catch {
            throw QueryError(.invalid, error.description)
        }
    }

    init(_ url: RedisURL, layout: PartitionLayout, timeout: Duration) {
        session = ConnectionPool(home: url, timeout: timeout)
        self.layout = layout
    }

    /// How many rows or letters one question may ask for.
    public static let limits = 1...100_000

    /// - Throws: ``QueryError`` of code ``QueryError/Code/invalid`` for a limit that is not among ``limits``.
    func check(limit: Int) throws(QueryError) {
        guard Self.limits.contains(limit) else {
            throw QueryError(
                .invalid, "a limit of \(limit) cannot be: give \(Self.limits.lowerBound) to \(Self.limits.upperBound)")
        }
    }

    /// How often commands were sent and answers awaited, beyond connecting.
    package var roundTrips: Int { session.roundTrips }
}
