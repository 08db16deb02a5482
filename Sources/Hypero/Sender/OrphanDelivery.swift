import HyperoRedis
import HyperoSchema

/// The delivery of one orphaned journal. Used by one thread.
///
/// A class, because an array cannot contain a noncopyable ``Delivery``.
final class OrphanDelivery {
    private var delivery: Delivery
    /// The sequence number before the first record.
    private let base: UInt64

    init(_ orphan: OrphanedJournal, in keyspace: Keyspace, _ scope: Adoption.Scope, callbacks: Delivery.Callbacks) {
        base = (orphan.scan.seqs?.lowerBound ?? 1) &- 1
        let silence: @Sendable (String) -> Void = { _ in }
        delivery = Delivery(
            Delivery.Configuration(
                journal: Journal(orphan), url: scope.url, keyspace: keyspace, durabilityWindow: scope.durabilityWindow,
                notify: scope.reportsErrors ? scope.notify : silence),
            orphan: orphan, callbacks: callbacks)
    }

    /// The number of the journal's events that Redis has acknowledged.
    var sent: UInt64 { delivery.outbox.sent - min(base, delivery.outbox.sent) }

    /// true if all events are durable.
    var isDurable: Bool { delivery.isDurable }

    /// Performs the next action. Finishes when all events are durable, or when `shouldContinue` returns false.
    func step() -> Delivery.Step {
        switch delivery.step() {
        case .worked: return .worked
        case .idle: return isDurable ? .finished : .idle
        case .finished: return .finished
        }
    }

    /// Removes the journal if all events are durable. Otherwise unlocks it for another client.
    func end() {
        delivery.end()
    }
}
