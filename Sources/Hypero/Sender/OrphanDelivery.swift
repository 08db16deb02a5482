import HyperoRedis
import HyperoSchema

/// The delivery of one orphaned journal. Used by one thread.
///
/// A class, because an array cannot contain a noncopyable ``Delivery``.
final class OrphanDelivery {
    let name: String
    private let orphan: OrphanedJournal
    /// The hash tag of the journal's partition.
    let tag: String
    /// The name of the server for which the journal was written.
    var server: String { orphan.header.server }
    private var delivery: Delivery
    /// The number of the ranges of sequence numbers that Redis has acknowledged whole, and the number of their events.
    private var acknowledged: (ranges: Int, events: UInt64) = (0, 0)

    init(
        _ orphan: OrphanedJournal, _ name: String, in keyspace: Keyspace, _ scope: Adoption.Scope,
        callbacks: Delivery.Callbacks
    ) {
        self.name = name
        self.orphan = orphan
        tag = keyspace.tag
        let silence: @Sendable (String) -> Void = { _ in }
        delivery = Delivery(
            Delivery.Configuration(
                journal: Journal(orphan), url: scope.url, keyspace: keyspace, durabilityWindow: scope.durabilityWindow,
                notify: scope.reportsErrors ? scope.notify : silence),
            orphan: orphan, callbacks: callbacks)
    }

    /// The number of the journal's events that Redis has acknowledged, without those that cannot be read.
    var sent: UInt64 {
        let sent = delivery.outbox.acknowledged
        let ranges = orphan.scan.ranges
        // Counted again after a rewind.
        if acknowledged.ranges > 0, ranges[acknowledged.ranges - 1].upperBound > sent { acknowledged = (0, 0) }
        while acknowledged.ranges < ranges.count, ranges[acknowledged.ranges].upperBound <= sent {
            let range = ranges[acknowledged.ranges]
            acknowledged.events += range.upperBound - range.lowerBound + 1
            acknowledged.ranges += 1
        }
        guard acknowledged.ranges < ranges.count, ranges[acknowledged.ranges].lowerBound <= sent else {
            return acknowledged.events
        }
        return acknowledged.events + sent - ranges[acknowledged.ranges].lowerBound + 1
    }

    /// The number of the producer's events that became dead letters.
    var dead: UInt64 { delivery.dead }

    /// true if Redis has acknowledged all events.
    var isSent: Bool { orphan.scan.seqs.map { delivery.outbox.sent >= $0.upperBound } ?? true }

    /// true if all events are durable. A delivery that has made no step has read no event yet.
    var isDurable: Bool { isSent && delivery.isDurable }

    /// The bytes of memory that the journal uses.
    var loadedBytes: Int { orphan.loadedBytes }

    /// The reason why the rest of the journal cannot be read; nil if there is none.
    var failure: JournalFileError? { orphan.failure }

    /// Performs the next action. Finishes when all events are durable, when the journal cannot be read any more, or when
    /// `shouldContinue` returns false.
    func step() -> Delivery.Step {
        guard failure == nil else { return .finished }
        switch delivery.step() {
        case .worked: return .worked
        case .idle: return isDurable ? .finished : .idle
        case .finished: return .finished
        }
    }

    /// true if all events are durable, and the journal stays until the forked children of its process have ended.
    var awaitsDescendants: Bool { isDurable && orphan.awaitsDescendants }

    /// Removes the journal if all events are durable. Otherwise unlocks it for another client.
    func end() {
        delivery.end(keepsFiles: orphan.awaitsDescendants)
    }
}
