import HyperoCore

/// The rule for durable events: they were applied long enough ago to survive a failover, or the loss of the end of an
/// append-only file.
///
/// After a power loss of the server, or after a failover to a replica, Redis may lack the last seconds of acknowledged
/// and applied events. An event is therefore durable only some time after the client first saw it applied. The default
/// is the lag that Redis' `min-replicas-max-lag` allows a replica, several times the second that `appendfsync everysec`
/// may lose.
package struct DurabilityWindow {
    package static let defaultDuration: Duration = .seconds(10)

    /// The highest durable sequence number. All events up to it are durable.
    private(set) var durable: UInt64 = 0
    let duration: Duration
    /// Watermarks and the times when they were observed, in order. At least a second apart, so that the list stays
    /// short.
    private var observations: [(seq: UInt64, at: MonotonicTime)] = []

    private static let interval: Duration = .seconds(1)

    init(_ duration: Duration = Self.defaultDuration) {
        self.duration = duration
    }

    /// Adds the server's current watermark. An event becomes durable if a watermark observed at least ``duration`` ago
    /// covers it too.
    ///
    /// - Parameter applied: The watermark. It is lower than an earlier one if Redis has lost events.
    mutating func observe(applied: UInt64, now: MonotonicTime) {
        observations.removeAll { $0.seq > applied }
        durable = min(durable, applied)
        let last = observations.last
        if applied > max(durable, last?.seq ?? 0), last.map({ now - $0.at >= min(Self.interval, duration) }) ?? true {
            observations.append((applied, now))
        }
        guard let index = observations.lastIndex(where: { now - $0.at >= duration }) else { return }
        durable = observations[index].seq
        observations.removeFirst(index + 1)
    }

    /// Returns the time from which the next observation makes events durable; nil if none waits for it, or if the current
    /// watermark must be observed before that.
    ///
    /// - Parameter applied: The watermark that was read last.
    func nextObservation(after applied: UInt64) -> MonotonicTime? {
        guard let first = observations.first, observations.last?.seq == applied else { return nil }
        return first.at + duration
    }

    /// Makes events durable immediately, for a journal whose progress shows that they were applied long ago.
    mutating func markDurable(through seq: UInt64) {
        durable = max(durable, seq)
    }
}
