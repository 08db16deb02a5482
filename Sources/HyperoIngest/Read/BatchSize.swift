/// The number of entries that the next XREAD requests.
///
/// A larger batch costs the server less per entry, because more of it folds together. But the server answers no other
/// client while it applies a batch, so the size doubles while a transaction takes less than half of the target time and
/// halves when it takes longer than the target.
///
/// Over a slow link, a batch and the state of the next one may take longer than the lease lasts. The size halves when they take
/// more than half of it.
///
/// The size is also limited so that a batch of entries as large as the latest ones fits in memory, above all in the
/// memory of Redis, which buffers its whole reply. The first batch has one entry, because the size of the entries is
/// unknown.
///
/// Large entries after many small ones cannot be foreseen: Redis then buffers a reply with up to 2,048 of them. The
/// ingest keeps no more of any reply than ``XReadReply/bounds``.
package struct BatchSize: Sendable, Hashable {
    /// The number of entries to request.
    package private(set) var count = 1

    /// The bounds while entries are small. XREAD of the upper bound takes about 2.5 ms of server time, whether the
    /// entries fold or not.
    package static let range = 64...2_048
    /// The server time that a transaction may take.
    package static let target: Duration = .milliseconds(5)
    /// The maximum number of bytes in a batch whose entries are as large as the latest ones.
    package static let byteLimit = 8 << 20

    package init() {}

    /// Reduces the size after a batch with large entries was read.
    ///
    /// - Parameters:
    ///   - entries: the number of entries of the batch.
    ///   - bytes: the number of bytes of all its entries.
    package mutating func recordRead(entries: Int, bytes: Int) {
        guard entries > 0, bytes / entries * count > Self.byteLimit else { return }
        count = max(Self.byteLimit / max(bytes / entries, 1), 1)
    }

    /// Reduces the size after a batch of which fewer entries were kept than were read.
    package mutating func recordKept(entries: Int, of received: Int) {
        if entries < received { count = max(min(count, entries), 1) }
    }

    /// Adapts the size to the times of a batch that was applied. Only a full batch makes the size grow.
    ///
    /// - Parameter leaseShare: the time between the sending of the batch and the arrival of its outcome, divided by the duration
    ///   of the lease.
    package mutating func recordApplied(entries: Int, in serverTime: Duration, leaseShare: Double = 0) {
        if leaseShare > 0.5, entries > 0 {
            count = max(count / 2, 1)
        } else if serverTime > Self.target, entries > 0 {
            count = max(count / 2, min(count, Self.range.lowerBound))
        } else if entries >= count, serverTime < Self.target / 2, leaseShare < 0.25 {
            count = min(count * 2, Self.range.upperBound)
        }
    }
}
