import HyperoRedis
import HyperoSchema
import Logging

/// Dead letters of applied batches that are not in Redis yet, because a command of the transaction failed.
///
/// The entries of a failed change become dead letters. A dead letter whose own XADD failed is written again.
package struct PendingDeadLetters {
    /// The dead letters of one batch.
    struct Group {
        let batch: DecodedBatch
        /// The raw entries.
        let reply: XReadReply
        /// Ascending by index.
        let letters: [FoldResult.DeadLetter]
        /// True if the counters in Redis include the entries as dead; false if they include them as applied.
        let isCounted: Bool

        /// Returns the corrections of the counters that are written with the dead letters.
        func counterChanges(in keyspace: Keyspace) -> [IndexChange] {
            guard !isCounted else { return [] }
            var counts: [Int: Int] = [:]
            for letter in letters { counts[batch.items[letter.item].subjects.producer, default: 0] += 1 }
            return [
                .increment(key: keyspace.ingest, field: IngestField.applied, by: -letters.count),
                .increment(key: keyspace.ingest, field: IngestField.dead, by: letters.count),
            ]
                + counts.filter { $0.key >= 0 }.sorted { $0.key < $1.key }.flatMap { producer, count in
                    let key = keyspace.producer(batch.producers[producer])
                    return [
                        IndexChange.increment(key: key, field: ProducerField.dead, by: count),
                        // The key may have been deleted meanwhile, and must not stay forever.
                        .expire(key: key, milliseconds: Watermark.lifetime),
                    ]
                }
        }

        /// Returns the group with some of its dead letters; nil if none remain.
        fileprivate func filtered(_ isIncluded: (StreamID) -> Bool) -> Group? {
            let letters = letters.filter { isIncluded(batch.items[$0.item].id) }
            return letters.isEmpty ? nil : Group(batch: batch, reply: reply, letters: letters, isCounted: isCounted)
        }
    }

    private(set) var groups: [Group] = []
    /// The transaction that did not apply the entries; nil if there is none.
    var source: Unconfirmed?

    package init() {}

    package var isEmpty: Bool { groups.isEmpty }

    /// Adds a group, unless it has no dead letters.
    mutating func add(_ group: Group) {
        if !group.letters.isEmpty { groups.append(group) }
    }

    /// Returns the dead letters of the entries with some ids.
    func filtered(_ isIncluded: (StreamID) -> Bool) -> PendingDeadLetters {
        var filtered = PendingDeadLetters()
        filtered.source = source
        filtered.groups = groups.compactMap { $0.filtered(isIncluded) }
        return filtered
    }

    /// The stream ids of the entries, ascending.
    var entryIDs: [StreamID] {
        groups.flatMap { group in group.letters.map { group.batch.items[$0.item].id } }.sorted()
    }
}

extension PendingDeadLetters {
    /// Collects the dead letters that the failed commands of an applied transaction cause, and logs each failure.
    init(
        for failures: [Transaction.Failure], in batch: FoldedBatch, keyspace: Keyspace, logger: RateLimitedLogger
    ) {
        var reasons: [Int: String] = [:]
        var unwritten: [Int] = []
        var unwrittenPending: [Int: [Int]] = [:]
        let attribution = ChangeAttribution(of: batch.result, in: batch.batch, keyspace: keyspace)
        for failure in failures {
            let error = failure.error.description
            switch failure.command {
            case .change(let index), .update(let index, _):
                let change = batch.result.changes[index]
                let reason = "cannot write \(change.key): \(error)"
                let items = attribution.items(changing: change)
                logger.event(items.isEmpty ? reason : "\(reason). Its entries become dead letters", level: .error)
                for item in items where reasons[item] == nil { reasons[item] = reason }
            case .deadLetter(let index):
                logger.event("cannot write a dead letter to \(keyspace.dead): \(error)", level: .error)
                unwritten.append(index)
            case .pendingDeadLetter(let group, let index):
                logger.event("cannot write a dead letter to \(keyspace.dead): \(error)", level: .error)
                unwrittenPending[group, default: []].append(index)
            case .counter, .gaps, .deadLetterCount, .cursor, .lease: break
            }
        }
        let caused = reasons.sorted { $0.key < $1.key }.map { FoldResult.DeadLetter(item: $0.key, reason: $0.value) }
        append(caused, of: batch, isCounted: false)
        append(unwritten.map { batch.result.deadLetters[$0] }, of: batch, isCounted: true)
        for (index, letters) in unwrittenPending.sorted(by: { $0.key < $1.key }) {
            let group = batch.pendingDeadLetters.groups[index]
            groups.append(
                Group(
                    batch: group.batch, reply: group.reply, letters: letters.map { group.letters[$0] }, isCounted: true)
            )
        }
    }

    private mutating func append(_ letters: [FoldResult.DeadLetter], of batch: FoldedBatch, isCounted: Bool) {
        add(Group(batch: batch.batch, reply: batch.reply, letters: letters, isCounted: isCounted))
    }
}
