package import HyperoCore

/// The lifetime of the producer's key in Redis, which contains the watermark.
///
/// The key expires 30 days after the last event that the ingest applied. With it, Redis forgets which events are
/// duplicates. A client that lives longer than its key and logs rarely therefore renews the key once a day.
package struct KeyLifetime: Sendable {
    /// The lifetime that the ingest and this client give to the key.
    package static let standard: Duration = .seconds(30 * 86_400)

    private let duration: Duration
    private let renewalInterval: Duration
    /// The last time, since boot, at which the key was known to live for the whole duration; nil before it was seen first.
    private var renewedAt: MonotonicTime?

    /// - Parameters:
    ///   - duration: The time after which the key expires.
    ///   - renewalInterval: The time after which an idle client renews the key.
    package init(duration: Duration = Self.standard, renewalInterval: Duration = .seconds(86_400)) {
        self.duration = duration
        self.renewalInterval = renewalInterval
    }

    /// Records that the ingest has applied an event, which renews the key, or that the client has renewed it.
    ///
    /// - Parameter now: The time since boot, because the key also ages while the machine is suspended.
    package mutating func renew(at now: MonotonicTime) {
        renewedAt = now
    }

    /// Returns whether the client must renew the key.
    package func isDue(at now: MonotonicTime) -> Bool {
        renewedAt.map { now >= $0 + renewalInterval } ?? false
    }

    /// Returns whether a key that is not found has expired. Before that time, Redis has lost it.
    package func hasExpired(at now: MonotonicTime) -> Bool {
        renewedAt.map { now >= $0 + duration } ?? false
    }
}
