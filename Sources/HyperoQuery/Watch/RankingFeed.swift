import Glibc
import HyperoCore

/// The ranking of a battery and its events, as they change.
///
///     let feed = try RankingFeed(try Store("redis://localhost"), of: "digits mlp", limit: 3)
///     while let update = try feed.next(within: .seconds(3_600)) {
///         switch update {
///         case .ranking(let board): print(board.rows.first?.value ?? .nan)
///         case .events(let events): for event in events { print(event.kind, event.experiment ?? "") }
///         case .problem(let reason): print(reason ?? "Redis answers again")
///         }
///     }
///     feed.stop()
///
/// Redis pushes the events to a thread of the feed, which reads the ranking after the ingest has applied them, at most four times per
/// second. Without events it reads once per second the positions of the ingest, a few bytes per partition, to notice a server that does
/// not answer or that has other data. While more than 64 updates wait for ``next(within:)``, the thread reads nothing.
///
/// Any thread may call ``stop()``. One thread at a time calls ``next(within:)``. The feed stops when it is deinitialized.
public final class RankingFeed: Sendable {
    /// A change of the ranking, or of the feed itself.
    public enum Update: Sendable {
        /// The ranking after a change. The first one follows at once, unless the battery is not declared yet. After a deletion of the
        /// battery it has no rows.
        case ranking(Leaderboard)
        /// Events of the battery in the order of their streams, before the ingest has checked them. A client sends an event again after a
        /// failure of Redis.
        case events([WatchEvent])
        /// The reason why there are no updates at the moment: Redis does not answer, or the battery is not declared. The feed tries
        /// again by itself. Nil when that is over.
        case problem(String?)
    }

    private let mailbox: WatchMailbox

    /// Reads the ranking once, which blocks the calling thread, and starts the thread of the feed.
    ///
    /// The name, version, channel, filter, limit and columns are those of
    /// ``Store/leaderboard(of:version:by:value:statuses:since:where:order:sort:pareto:limit:columns:atBest:)``. A battery that is not
    /// declared yet is no error. A field of the filter that the first read does not find is one, and later it is treated as missing.
    ///
    /// - Parameters:
    ///   - store: a store that only the feed uses from now on, on its own thread.
    ///   - name: the battery's name.
    ///   - version: the battery's version; nil for all versions.
    ///   - channel: the channel to rank by; nil for the objective.
    ///   - filter: the condition of the rows; nil for all.
    ///   - limit: the number of rows, 1 to 100,000.
    ///   - columns: the columns besides those of each ranking; nil for all hyper-parameters.
    /// - Throws: ``QueryError``, also if the system has no descriptors or threads left.
    public init(
        _ store: sending Store, of name: String, version: Int? = nil, by channel: String? = nil,
        where filter: Filter? = nil, limit: Int = 10, columns: [String]? = nil
    ) throws(QueryError) {
        do {
            let lenient = try filter.map { try Filter(all: [$0.text], isLenient: true) }
            let subject = WatchSubject.ranking(of: name) { store, limit, _, isFirst in
                try store.leaderboard(
                    of: name, version: version, by: channel, where: isFirst ? filter : lenient, limit: limit,
                    columns: columns)
            }
            mailbox = try WatchMailbox(WatchRequest(limit: limit))
            try WatchFeed(of: store, subject, mailbox).startThread()
        } catch {
            throw Self.queryError(error)
        }
    }

    deinit { stop() }

    /// Waits for the next update, which blocks the calling thread.
    ///
    /// - Parameter limit: the longest wait.
    /// - Returns: the update; nil if there was none in time, and after ``stop()``.
    /// - Throws: an error that a later attempt would meet again, for example a denied permission. The feed has then stopped.
    public func next(within limit: Duration) throws(QueryError) -> Update? {
        let end = MonotonicTime.now + min(max(limit, .zero), Self.longestWait)
        while !mailbox.isOver {
            while let update = mailbox.takeFirst() {
                if case .failed(let error) = update {
                    stop()
                    throw Self.queryError(error)
                }
                if let update = Update(update) { return update }
            }
            let rest = end - .now
            guard rest > .zero else { return nil }
            var polled = pollfd(fd: mailbox.updatesPipe.readEnd, events: Int16(POLLIN), revents: 0)
            if poll(&polled, 1, rest.pollMilliseconds) > 0 { mailbox.updatesPipe.drain() }
        }
        return nil
    }

    /// Ends the feed: ``next(within:)`` returns nil at once. The thread closes its connections and ends, after at most twice the timeout
    /// of the store if the server does not answer.
    public func stop() { mailbox.close() }

    /// A wait of a hundred years, which no clock overflows.
    private static let longestWait: Duration = .seconds(100 * 365 * 86_400)

    private static func queryError(_ error: any Error) -> QueryError {
        switch error {
        case let error as QueryError: error
        case let error as FilterError: QueryError(.invalidFilter(error))
        default: QueryError(.unreachable(reason: "\(error)"))
        }
    }
}

extension RankingFeed.Update {
    /// Creates the update of a message that the caller of a feed needs; nil for another one.
    fileprivate init?(_ update: WatchUpdate) {
        switch update {
        case .board(.ranking(let ranking), _): self = .ranking(ranking)
        case .events(let events): self = .events(events)
        case .problem(let reason), .waiting(let reason): self = .problem(reason)
        // The ranking has them in its warnings.
        case .leftOut: return nil
        case .board, .lag, .chart, .details, .filterProblem, .replaced, .polling, .failed: return nil
        }
    }
}
