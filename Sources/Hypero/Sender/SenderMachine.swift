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
    private var backoff = Backoff()

    func next(_ work: Work, now: MonotonicTime) -> Action {
        guard !work.isEnding else { return .finish }
        if work.endsWhenSent, !work.hasEvents { return .finish }
        switch state {
        case .disconnected(let retryAt):
            // Without anything to say there is no need to connect: a program that only reads its configuration.
            return now >= retryAt && work.hasEvents ? .connect : .rest
        case .paused(let until):
            return now >= until && work.hasEvents ? .send : .rest
        case .connected:
            if work.isWatermarkDue { return .readWatermark }
            return work.hasEvents ? .send : .rest
        }
    }

    mutating func connected() {
        state = .connected
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
    mutating func failed(_ error: RedisError.Class, now: MonotonicTime, draw: Double) -> Bool {
        switch error {
        case .passing:
            state = .paused(until: now + backoff.next(draw: draw))
            return false
        case .refused:
            state = .paused(until: now + Backoff.slow(draw: draw))
            return false
        case .moved where backoff.failures == 0:
            _ = backoff.next(draw: draw)
            state = .disconnected(retryAt: now)
        case .moved, .readOnly, .broken:
            state = .disconnected(retryAt: now + backoff.next(draw: draw))
        case .denied:
            state = .disconnected(retryAt: now + Backoff.slow(draw: draw))
        }
        return true
    }
}
