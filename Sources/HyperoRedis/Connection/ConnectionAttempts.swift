import HyperoCore

/// The attempts to connect to one of several servers, or to one of the addresses of a server.
///
/// The servers share the time: one that does not answer leaves time to all others, so that a query that begins with the same server
/// each time reaches the last of many. The first one does not keep the others waiting for long: ``AddressRace`` then finds out which
/// of them answer. A server that had less time than it may need is tried again at the end.
struct ConnectionAttempts<Server> {
    struct Attempt {
        let server: Server
        /// The time limit for a pause of the server.
        let limit: Duration
        /// The time at which the whole attempt ends, with all of its steps; nil if it is the only server.
        let end: MonotonicTime?
        /// True if the limit is shorter than a server may need.
        var isShort = false
    }

    /// The servers that were not tried yet, in the order in which they are tried.
    private(set) var waiting: [Server]
    /// The servers that did not answer within a short time.
    private var late: [Server] = []
    private let deadline: MonotonicTime?
    private let limit: Duration
    private let firstLimit: Duration
    private var hasBegun = false
    /// True if the first server did not answer, and it is not known which of those that wait do.
    private(set) var needsRace = false
    private var isRanked = false
    /// True once the servers that did not answer within a short time are tried again, each once.
    private var isLastRound = false
    /// True once a server has not answered in time.
    private(set) var hasTimedOut = false

    /// The time limit of the first of several servers, until one has not answered. The login on a busy server may take longer: it is
    /// tried again.
    static var firstLimit: Duration { .seconds(1) }
    /// The shortest time limit: a login over a slow network.
    static var minLimit: Duration { .milliseconds(250) }

    /// - Parameters:
    ///   - servers: the servers in the order in which they are tried.
    ///   - deadline: the time at which no further server is tried; nil for one server.
    ///   - limit: the longest pause of one server.
    ///   - firstLimit: the same of the first of several servers.
    init(
        _ servers: [Server], deadline: MonotonicTime?, limit: Duration, firstLimit: Duration = Self.firstLimit
    ) {
        waiting = servers
        self.deadline = deadline
        self.limit = limit
        self.firstLimit = firstLimit
    }

    /// Returns the next attempt; nil if no server or no time is left.
    mutating func next(at now: MonotonicTime = .now) -> Attempt? {
        // The others have failed sooner than expected.
        if waiting.isEmpty, !isLastRound { (waiting, late, isLastRound) = (late, [], true) }
        guard let server = waiting.first else { return nil }
        guard let deadline else {
            waiting = []
            return Attempt(server: server, limit: limit, end: nil)
        }
        let remaining = deadline - now
        guard !hasBegun || remaining > .zero else { return nil }
        var share = max(remaining / waiting.count, Self.minLimit)
        waiting.removeFirst()
        if !isRanked, !waiting.isEmpty { share = min(share, firstLimit) }
        hasBegun = true
        return Attempt(server: server, limit: min(limit, share), end: now + share, isShort: share < limit)
    }

    /// Records a failure.
    mutating func fail(_ attempt: Attempt, _ error: RedisError) {
        guard error.isTimeout else { return }
        hasTimedOut = true
        if attempt.isShort { late.append(attempt.server) }
        needsRace = !isRanked && !waiting.isEmpty
    }

    /// Tries some of the servers that wait before the others.
    ///
    /// - Parameter indices: those of servers in ``waiting``, in the order in which they are tried.
    mutating func rank(_ indices: [Int]) {
        (isRanked, needsRace) = (true, false)
        let others = waiting.indices.filter { !indices.contains($0) }
        waiting = (indices + others).map { waiting[$0] }
    }
}
