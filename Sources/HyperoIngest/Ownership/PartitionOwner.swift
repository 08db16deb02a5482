package import HyperoRedis

/// Decides the next action of a partition's thread from the last event: a state machine without socket or clock.
///
///     connect -> acquire -> recover -> apply -> apply -> …
///                  ^  \ another owner: wait        | the lease is lost, or Redis answers an error
///                  +-------------------------------+
///
/// Every failure leads back to `acquire` after a wait, or to `connect` if the connection cannot be used. Then the
/// entries that were read but not applied are discarded, and reading resumes at the cursor in Redis.
package struct PartitionOwner: Sendable {
    package enum Event: Sendable {
        case connected
        case acquired
        /// Another ingest holds the lease.
        case standby
        case recovered
        case applied
        case leaseLost
        /// Another client changed the cursor or replaced the stream, or a transaction was aborted.
        case cursorChanged
        /// A command of an operator, or keys that another client has removed, must be handled before further entries.
        case interrupted
        /// The connection has pending replies that must not be awaited.
        case abandoned
        /// All entries up to the goal of a drain are applied.
        case drained
        case waited
        case released
        case stopRequested
        case failed(RedisError)
    }

    package enum Action: Sendable, Hashable {
        /// Connect to a server of the ``topology``.
        case connect
        case acquire
        case recover
        case apply
        /// Wait on the same connection.
        case wait(Duration)
        /// Close the connection and wait.
        case disconnect(for: Duration)
        case release
        case end(Ending)
    }

    package enum Ending: Sendable, Hashable {
        case done
        /// A stop was requested before a drain had applied all entries.
        case interrupted
        /// The server rejected a command of a drain, or dead letters could not be written.
        case failed
    }

    private enum State {
        /// A lease may still be held after the connection is closed, until the lease expires.
        case disconnected(mayHoldLease: Bool)
        case connected(mayHoldLease: Bool)
        /// The only remaining action is to release the lease.
        case stopping
    }

    private let leaseDuration: Duration
    private let isDraining: Bool
    /// The servers of the partition. The worker opens the connections.
    package var topology: Topology
    private var backoff = Backoff()
    private var state = State.disconnected(mayHoldLease: false)
    /// True if a redirect was followed to release the lease. Another one is not.
    private var hasFollowedToRelease = false
    /// The ending after a stop.
    private var ending: Ending

    /// The wait after an error that only an operator can correct: 10 s with the default lease of 5 s.
    private var slowDelay: Duration { max(leaseDuration * 2, .seconds(1)) }

    /// The longest wait after an error that another server may correct soon: a slot that migrates, or a promotion.
    private static let maxDelayWithOtherServers = Duration.seconds(1)

    /// The longest wait before another connection. Shorter than that of a client: there are few ingests, and all trainings wait.
    private static let maxDelay = Duration.seconds(2)

    /// - Parameters:
    ///   - url: the configured servers.
    ///   - isDraining: true to end when all entries are applied, or when the server rejects a command permanently.
    package init(_ url: RedisURL, leaseDuration: Duration, isDraining: Bool) {
        topology = Topology(seed: url)
        self.leaseDuration = leaseDuration
        self.isDraining = isDraining
        ending = isDraining ? .interrupted : .done
    }

    /// The first action.
    package var start: Action { .connect }

    /// True after a stop was requested or a drain has finished.
    package var isStopping: Bool { if case .stopping = state { true } else { false } }

    private var isConnected: Bool { if case .connected = state { true } else { false } }

    /// Returns the action that follows an event.
    ///
    /// - Parameters:
    ///   - jitter: a random number, uniform in 0..<1, that spreads the waits of several ingests.
    ///   - isStopRequested: true if the ingest must end. An event that ends it anyway, such as the end of a drain, keeps its
    ///     action: the lease would else not be released.
    package mutating func next(after event: Event, jitter: Double, isStopRequested: Bool = false) -> Action {
        let wasStopping = isStopping
        let action = action(after: event, jitter: jitter)
        guard isStopRequested, !wasStopping, !isStopping else { return action }
        if case .end = action { return action }
        return stop()
    }

    private mutating func action(after event: Event, jitter: Double) -> Action {
        switch event {
        case .connected: return connected()
        case .acquired:
            state = .connected(mayHoldLease: true)
            return .recover
        case .standby:
            state = .connected(mayHoldLease: false)
            backoff.reset()
            return .wait(leaseDuration * (0.2 + 0.1 * jitter))
        case .recovered: return .apply
        case .applied:
            backoff.reset()
            return .apply
        case .leaseLost:
            state = .connected(mayHoldLease: false)
            return .acquire
        case .cursorChanged:
            let delay = retryDelay(jitter)
            return delay == .zero ? .acquire : .wait(delay)
        case .interrupted: return .recover
        case .abandoned: return disconnect(for: retryDelay(jitter))
        case .waited:
            return isConnected ? .acquire : .connect
        case .drained:
            ending = .done
            return stop()
        case .stopRequested: return stop()
        case .released: return .end(ending)
        case .failed(let error): return next(afterError: error, jitter: jitter)
        }
    }

    /// Returns the wait before the state is read again: none the first time, for example after a requeue, which writes to the
    /// ingest's hash. Then a growing one until a transaction is applied, because a client that keeps rewriting the hash must
    /// not cause a busy loop.
    private mutating func retryDelay(_ jitter: Double) -> Duration {
        let isFirst = backoff.failures == 0
        let delay = backoff.nextDelay(random: jitter)
        return isFirst ? .zero : delay
    }

    private mutating func connected() -> Action {
        guard case .disconnected(let mayHoldLease) = state else { return .release }
        state = .connected(mayHoldLease: mayHoldLease)
        return .acquire
    }

    private mutating func stop() -> Action {
        defer { state = .stopping }
        switch state {
        case .connected(mayHoldLease: true): return .release
        case .disconnected(mayHoldLease: true): return .connect
        case .connected(mayHoldLease: false), .disconnected(mayHoldLease: false), .stopping: return .end(ending)
        }
    }

    private mutating func next(afterError error: RedisError, jitter: Double) -> Action {
        guard !isStopping else {
            // A lease that cannot be released expires.
            guard !hasFollowedToRelease, topology.follow(error) else { return .end(ending) }
            hasFollowedToRelease = true
            return .connect
        }
        let isFirst = backoff.failures == 0
        let delay = backoff.nextDelay(random: jitter)
        let shortDelay = min(delay, Self.maxDelayWithOtherServers)
        switch error.category {
        case .migrating: return isConnected ? .wait(shortDelay) : disconnect(for: shortDelay, after: error)
        case .transient: return isConnected ? .wait(delay) : disconnect(for: delay, after: error)
        case .moved:
            // Connect at once, unless two servers redirect to each other.
            return disconnect(for: isFirst ? .zero : shortDelay, after: error)
        case .elsewhere: return disconnect(for: shortDelay, after: error)
        case .connection: return disconnect(for: min(delay, Self.maxDelay), after: error)
        case .denied: return isDraining ? .end(.failed) : disconnect(for: slowDelay, after: error)
        case .refused:
            guard !isDraining else { return .end(.failed) }
            return isConnected ? .wait(slowDelay) : disconnect(for: slowDelay, after: error)
        }
    }

    /// Disconnects. The next connection is to the server that a redirect names, else to one that the ``topology`` knows.
    private mutating func disconnect(for duration: Duration, after error: RedisError? = nil) -> Action {
        if case .connected(let mayHoldLease) = state { state = .disconnected(mayHoldLease: mayHoldLease) }
        if let error, !topology.follow(error) { topology.leave(after: error) }
        return .disconnect(for: duration)
    }
}
