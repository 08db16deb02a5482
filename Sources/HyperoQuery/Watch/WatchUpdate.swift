/// A result that is watched.
package enum WatchSubject: Sendable {
    /// The ranking of the battery with a name or id, which the function reads with at most a number of rows that fulfil a filter. An
    /// unknown field is an error of the first read.
    case ranking(
        of: String,
        read: @Sendable (_ store: Store, _ limit: Int, _ filter: Filter?, _ isFirst: Bool) throws -> Leaderboard)
    /// All batteries.
    case batteries
}

/// The part of a subject that the reader needs.
package struct WatchRequest: Sendable, Hashable {
    /// The number of rows of a ranking.
    package var limit: Int
    /// The condition on the experiments of a ranking; nil for none.
    package var filter: Filter?
    /// True to read the learning curves of the best experiment.
    package var hasChart = false
    /// The experiment whose values are read; nil for none.
    package var details: String?
    /// The id of the battery whose ranking replaces the list of batteries; nil for the list.
    package var battery: String?
    /// True to read nothing, and to keep the events for later.
    package var isPaused = false

    package init(limit: Int) { self.limit = limit }
}

/// A result of a subject.
package enum WatchBoard: Sendable, Hashable {
    case ranking(Leaderboard)
    case batteries(ActivityList)
}

/// A message of a feed.
package enum WatchUpdate: Sendable {
    /// The result after a change.
    case board(WatchBoard, time: Int64)
    /// Events that concern the subject, in the order of their streams.
    case events([WatchEvent])
    /// The milliseconds for which an event waits for the ingest; nil if the result has all events.
    case lag(Int64?)
    /// The best experiment with its learning curves; nil if there is none.
    case chart(ExperimentRecord?)
    /// The experiment of ``WatchRequest/details``, or the reason why it cannot be shown.
    case details(ExperimentReport)
    /// The reason why Redis does not answer at the moment, while the feed tries again; nil when it answers again.
    case problem(String?)
    /// The battery that is not declared, in words, while the feed waits for its declaration; nil when it is declared.
    case waiting(String?)
    /// The data in Redis was replaced, for example by FLUSHALL or an older state, so that everything is read again.
    case replaced
    /// The partitions that the result leaves out, one sentence each. Posted when they change.
    case leftOut([String])
    /// The reason why the filter of the request does not fit the battery, in which case the result is not read; nil if it does.
    case filterProblem(String?)
    /// The account may not wait for entries, so that the feed asks once per second.
    case polling
    /// The feed has ended with an error that a later attempt would meet again.
    case failed(any Error)

    /// An experiment and its rank.
    package struct ExperimentReport: Sendable {
        package let id: String
        package let record: ExperimentRecord?
        package let standing: Standing?
        package let problem: String?
    }
}
