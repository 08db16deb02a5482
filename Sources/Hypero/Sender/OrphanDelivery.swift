import HyperoRedis
import HyperoSchema

/// The sending of one journal that was left. Used by one thread; a class, so that several fit into a list.
final class OrphanDelivery {
    private var delivery: Delivery
    /// The number before its first record.
    private let begun: UInt64

    init(_ left: OrphanedJournal, in keyspace: Keyspace, _ scope: Adoption.Scope, host: DeliveryHost) {
        begun = (left.scan.seqs?.lowerBound ?? 1) &- 1
        let silence: @Sendable (String) -> Void = { _ in }
        delivery = Delivery(
            journal: Journal(left), left: left, url: scope.url, keyspace: keyspace,
            settling: scope.settling,
            notify: scope.tellsTroubles ? scope.notify : silence, host: host)
    }

    /// How many of its events Redis acknowledged.
    var sent: UInt64 { delivery.outbox.sent - min(begun, delivery.outbox.sent) }

    /// Whether all is applied, and will not be forgotten any more.
    var isDone: Bool { delivery.isSettled }

    /// Does the next thing; it is finished when it is done or told to end.
    func step() -> Delivery.Step {
        switch delivery.step() {
        case .worked: return .worked
        case .rest: return isDone ? .finished : .rest
        case .finished: return .finished
        }
    }

    /// Gives it back: what is done with is removed, the rest may be taken by another.
    func end() {
        delivery.end()
    }
}
