import HyperoCore
import HyperoRedis

/// A pure state machine that decides the sender's next action, without a socket or a clock.
///
/// The sender calls ``next(_:now:)``, performs the action, and reports the outcome by one of the mutating methods.
struct SenderMachine {
    enum State: Hashable {
        case disconnected(retryAt: MonotonicTime)
        case connected
        /// Connected to a server that accepts no writes for now.
        case paused(until: MonotonicTime)
    }

    enum Action: Hashable {
        case connect
        /// Compare the acknowledged events with the server's, and send lost ones again.
        case catchUp
        case send
        /// Read the last attempt of an experiment that this process resumes.
        case readAttempt
        /// Read the answers to claims.
        case readClaims
        case readWatermark
        /// Prevent the expiry of the producer's key.
        case renewKey
        /// Show that the process lives.
        case sendAlive
        /// Nothing to do for now.
        case idle
        case finish
    }

    /// The work that the journal and the waiting callers have for the sender.
    struct Work {
        var hasEvents: Bool
        var isWatermarkDue: Bool
        var isRenewalDue = false
        var isAliveDue = false
        var isAttemptUnknown = false
        var areClaimsDue = false
        /// true to end now, with or without events to send.
        var isEnding: Bool
        /// true to end once there are no events to send.
        var endsWhenSent: Bool
    }

    private(set) var state = State.disconnected(retryAt: MonotonicTime(nanoseconds: 0))
    /// true if ``Action/catchUp`` has succeeded on this connection. The server of a new connection may lack events that
    /// the server of an earlier connection has acknowledged.
    private(set) var hasCaughtUp = false
    private var backoff = Backoff()

    private static let maxMigrationWait = Duration.seconds(1)
    /// The longest wait for a server that takes commands, because a promotion takes seconds.
    private static let maxPromotionWait = Duration.seconds(2)

    /// Returns the next action.
    func next(_ work: Work, now: MonotonicTime) -> Action {
        guard !work.isEnding else { return .finish }
        if work.endsWhenSent, !work.hasEvents { return .finish }
        // Do not connect without work: some programs create a client and log nothing.
        guard work.hasEvents || work.isWatermarkDue || work.areClaimsDue || work.isRenewalDue || work.isAliveDue
        else { return .idle }
        switch state {
        case .disconnected(let retryAt): return now >= retryAt ? .connect : .idle
        case .paused(let until) where now < until: return .idle
        case .paused, .connected:
            guard hasCaughtUp else { return .catchUp }
            // An event renews the key too, once it is applied.
            if work.isWatermarkDue { return .readWatermark }
            // Before the events, because a thread that logs all the time must not delay the trials of others. A look is due at
            // growing intervals.
            if work.areClaimsDue { return .readClaims }
            if work.hasEvents { return work.isAttemptUnknown ? .readAttempt : .send }
            return work.isRenewalDue ? .renewKey : .sendAlive
        }
    }

    /// Records the success of ``Action/connect``.
    mutating func connected() {
        state = .connected
        hasCaughtUp = false
    }

    /// Records the success of ``Action/catchUp``.
    mutating func caughtUp() {
        state = .connected
        hasCaughtUp = true
    }

    /// Resets the backoff after a batch that was acknowledged as a whole. A successful connection does not reset it: a
    /// server that accepts connections and refuses events must not be retried at once.
    mutating func succeeded() {
        state = .connected
        backoff.reset()
    }

    /// Schedules the next attempt after a failure.
    ///
    /// - Parameter draw: A random number from `0..<1`, for the jitter.
    /// - Returns: true if the connection must be closed.
    mutating func failed(_ error: RedisError.Category, now: MonotonicTime, draw: Double) -> Bool {
        let wait: Duration
        var keepsConnection = false
        switch error {
        case .transient:
            wait = backoff.nextDelay(random: draw)
            keepsConnection = true
        case .migrating:
            wait = min(backoff.nextDelay(random: draw), Self.maxMigrationWait)
            keepsConnection = true
        case .refused:
            wait = Backoff.slowDelay(random: draw)
            keepsConnection = true
        case .moved where backoff.failures == 0:
            // Follow the first redirect at once, and later ones with backoff: two servers may redirect to each other.
            _ = backoff.nextDelay(random: draw)
            wait = .zero
        case .elsewhere: wait = min(backoff.nextDelay(random: draw), Self.maxPromotionWait)
        case .moved, .connection: wait = backoff.nextDelay(random: draw)
        case .denied: wait = Backoff.slowDelay(random: draw)
        }
        if case .disconnected = state { keepsConnection = false }
        state = keepsConnection ? .paused(until: now + wait) : .disconnected(retryAt: now + wait)
        return !keepsConnection
    }
}
