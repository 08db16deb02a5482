package import HyperoRedis

/// What a partition's thread does next: told what happened, it says what to do. No socket, no clock.
///
///     connect -> acquire -> recover -> apply -> apply -> …
///                  ^  \ held by another: wait      | the lease is lost, or Redis says no
///                  +-------------------------------+
///
/// Every trouble leads back to `acquire`, by way of a wait and, when the connection is of no use, of `connect`. What was
/// read and folded is forgotten then; the cursor in Redis says where to go on.
package struct PartitionOwner: Sendable {
    package enum Event: Sendable {
        case connected
        case acquired
        case heldByAnother
        case recovered
        case applied
        case leaseLost
        /// The cursor or the stream is not as it was left.
        case disturbed
        /// All there was to apply is applied.
        case drained
        case waited
        case released
        case stopRequested
        case failed(RedisError)
    }

    package enum Action: Sendable, Hashable {
        case connect(Target)
        case acquire
        case recover
        case apply
        /// Wait on the same connection.
        case wait(Duration)
        /// Give the connection up and wait.
        case rest(Duration)
        case release
        case end(Ending)
    }

    package enum Target: Sendable, Hashable {
        case configured
        /// Where an error reply said that the keys are.
        case moved(host: String, port: Int)
    }

    package enum Ending: Sendable, Hashable {
        case done
        /// It was to drain, and Redis refuses.
        case failed
    }

    private let lease: Duration
    private let isDraining: Bool
    private var backoff = Backoff()
    private var isConnected = false
    private var mayHoldLease = false
    private var afterWait = Action.acquire
    package private(set) var isStopping = false

    /// The pause after an error that only a person can mend: 10 s with the usual lease of 5.
    private var slow: Duration { max(lease * 2, .seconds(1)) }

    /// - Parameter isDraining: ends when all is applied, and when Redis refuses for good.
    package init(lease: Duration, isDraining: Bool) {
        self.lease = lease
        self.isDraining = isDraining
    }

    /// The first action.
    package var start: Action { .connect(.configured) }

    /// What to do after something happened.
    ///
    /// - Parameter jitter: uniform in 0..<1.
    package mutating func next(after event: Event, jitter: Double) -> Action {
        switch event {
        case .connected:
            isConnected = true
            return isStopping ? .release : .acquire
        case .acquired:
            mayHoldLease = true
            return .recover
        case .heldByAnother:
            mayHoldLease = false
            backoff.reset()
            return pause(.wait(lease * (0.2 + 0.1 * jitter)), then: .acquire)
        case .recovered: return .apply
        case .applied:
            backoff.reset()
            return .apply
        case .leaseLost:
            mayHoldLease = false
            return .acquire
        case .disturbed:
            // Somebody who writes without end must not make this one ask without end.
            return pause(.wait(backoff.nextDelay(random: jitter)), then: .acquire)
        case .waited: return afterWait
        case .drained, .stopRequested: return stop()
        case .released: return .end(.done)
        case .failed(let error): return next(after: error, jitter)
        }
    }

    private mutating func stop() -> Action {
        isStopping = true
        guard mayHoldLease else { return .end(.done) }
        return isConnected ? .release : .connect(.configured)
    }

    private mutating func next(after error: RedisError, _ jitter: Double) -> Action {
        // The lease then ends by itself.
        guard !isStopping else { return .end(.done) }
        let isFirst = backoff.failures == 0
        let delay = backoff.nextDelay(random: jitter)
        switch error.category {
        case .transient: return pause(.wait(delay), then: .acquire)
        case .moved(let host, let port):
            // At once, unless two servers send us to and fro.
            return pause(.rest(isFirst ? .zero : delay), then: .connect(.moved(host: host, port: port)))
        case .readOnly, .connection: return pause(.rest(delay), then: .connect(.configured))
        case .denied: return isDraining ? .end(.failed) : pause(.rest(slow), then: .connect(.configured))
        case .refused: return isDraining ? .end(.failed) : pause(.wait(slow), then: .acquire)
        }
    }

    private mutating func pause(_ action: Action, then next: Action) -> Action {
        if case .rest = action { isConnected = false }
        afterWait = next
        return action
    }
}
