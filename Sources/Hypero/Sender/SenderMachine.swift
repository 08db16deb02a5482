import HyperoCore
import HyperoRedis

/// What the sender does next, decided without a socket or a clock: it takes what happened and gives an action.
struct SenderMachine {
    enum State: Hashable {
        case disconnected(retryAt: MonotonicTime)
        case connected
        /// Connected to a server that takes no writes for now.
        case paused(until: MonotonicTime)
    }

    enum Action: Hashable {
        case connect
        /// Look what Redis still has of what it acknowledged.
        case catchUp
        case send
        case readWatermark
        case rest
        case finish
    }

    /// What there is to do, as the journal and the callers say.
    struct Work {
        var hasEvents: Bool
        var isWatermarkDue: Bool
        var isEnding: Bool
        /// Ends by itself once there is nothing left to send.
        var endsWhenSent: Bool
    }

    private(set) var state = State.disconnected(retryAt: MonotonicTime(nanoseconds: 0))
    /// Whether the connection's server was looked at: it may have forgotten what the one before had acknowledged.
    private(set) var hasCaughtUp = false
    private var backoff = Backoff()

    func next(_ work: Work, now: MonotonicTime) -> Action {
        guard !work.isEnding else { return .finish }
        if work.endsWhenSent, !work.hasEvents { return .finish }
        // Without anything to say there is no need to connect: a program that only reads its configuration.
        guard work.hasEvents || work.isWatermarkDue else { return .rest }
        switch state {
        case .disconnected(let retryAt): return now >= retryAt ? .connect : .rest
        case .paused(let until) where now < until: return .rest
        case .paused, .connected:
            guard hasCaughtUp else { return .catchUp }
            return work.isWatermarkDue ? .readWatermark : .send
        }
    }

    mutating func connected() {
        state = .connected
        hasCaughtUp = false
    }

    /// What is to be sent is known now.
    mutating func caughtUp() {
        state = .connected
        hasCaughtUp = true
    }

    /// Everything sent was acknowledged. Only this ends the backing off: a server that lets us in and takes nothing is
    /// not to be asked again at once.
    mutating func succeeded() {
        state = .connected
        backoff.reset()
    }

    /// Something failed, and whoever asks next is told to wait or to connect anew.
    ///
    /// - Parameter draw: from `0..<1`, for the jitter.
    /// - Returns: whether the connection is to be closed.
    mutating func failed(_ error: RedisError.Category, now: MonotonicTime, draw: Double) -> Bool {
        let wait: Duration
        var mayKeepConnection = false
        switch error {
        case .transient:
            wait = backoff.nextDelay(random: draw)
            mayKeepConnection = true
        case .refused:
            wait = Backoff.slowDelay(random: draw)
            mayKeepConnection = true
        case .moved where backoff.failures == 0:
            _ = backoff.nextDelay(random: draw)
            wait = .zero
        case .moved, .readOnly, .connection: wait = backoff.nextDelay(random: draw)
        case .denied: wait = Backoff.slowDelay(random: draw)
        }
        if case .disconnected = state { mayKeepConnection = false }
        state = mayKeepConnection ? .paused(until: now + wait) : .disconnected(retryAt: now + wait)
        return !mayKeepConnection
    }
}
