package import HyperoSchema

/// A second, independent implementation of the ingest: it computes the indexes that a list of entries must produce.
///
/// Tests compare its result with the indexes that the ingest wrote. The comparison is evidence only because the two
/// implementations share as little as possible:
///
/// - **Shared** is the contract in HyperoSchema: decoding of entries, ids, numbers and curve rows, and the names of keys.
///   HyperoSchemaTests test the contract on its own.
/// - **Not shared** is everything that the ingest does with a decoded event: deduplication, the order of events, the best
///   epoch, maxima, rankings, columns, counts and dead letters. Not modelled is the limit of channels per row. The model does not import HyperoIngest, and it spells out
///   the names of hash fields instead of using the constants.
///
/// The algorithm is different on purpose. The model keeps every event of the stream and computes each experiment from all
/// its events, whereas the ingest folds batches into a cached state. An error in batching, caching, resuming or
/// transactions therefore cannot occur in both.
package enum NaiveModel {
    /// Computes the indexes.
    ///
    /// - Parameters:
    ///   - entries: all entries that the stream ever had, in stream order.
    ///   - deletions: the commands of operators, in order.
    package static func content(
        of entries: [StreamEntry], deletions: [Deletion] = [], in keyspace: Keyspace
    ) -> PartitionContent {
        var judge = NaiveJudge()
        var remaining = deletions[...]
        for (position, entry) in entries.enumerated() {
            while let deletion = remaining.first, deletion.position <= position {
                judge.process(deletion)
                remaining.removeFirst()
            }
            judge.process(entry)
        }
        for deletion in remaining { judge.process(deletion) }

        var content = PartitionContent(counts: judge.counts, dead: judge.dead)
        if !judge.tombstones.isEmpty { content.keys[keyspace.deleted] = .sortedSet(judge.tombstones) }
        for (id, ledger) in judge.ledgers { content.keys[keyspace.producer(id)] = .hash(ledger.fields) }
        var events: [BatteryID: [NaiveEvent]] = [:]
        for event in judge.applied {
            if let battery = event.event.battery { events[battery, default: []].append(event) }
        }
        for (id, events) in events {
            add(battery: id, deleted: judge.revived[id], events: events, to: &content, in: keyspace)
        }
        return content
    }

    /// A command of an operator.
    package struct Deletion: Sendable {
        /// The number of entries that were applied before.
        package let position: Int
        /// The time of the command in Unix milliseconds.
        package let time: Int64
        package let event: ControlEvent

        package init(_ event: ControlEvent, after position: Int, at time: Int64) {
            (self.event, self.position, self.time) = (event, position, time)
        }
    }

    private static func add(
        battery id: BatteryID, deleted: Int64?, events: [NaiveEvent], to content: inout PartitionContent,
        in keyspace: Keyspace
    ) {
        guard let first = events.first, case .battery(let declaration) = first.event.body else { return }
        var fields = [
            "name": declaration.name, "version": String(declaration.version),
            "description": declaration.description, "objective": declaration.objective,
            "direction": declaration.direction.rawValue, "created": String(first.seen),
            "updated": String(events.map(\.seen).max() ?? 0),
        ]
        fields["deleted"] = deleted.map { String($0) }
        var spaces: [String: String] = [:]
        for event in events {
            switch event.event.body {
            case .battery(let later):
                if Array(later.name.utf8) != Array(declaration.name.utf8) {
                    fields["conflict"] = "name \(later.name)"
                } else if later.version != declaration.version {
                    fields["conflict"] = "version \(later.version)"
                } else if Array(later.description.utf8) != Array(declaration.description.utf8) {
                    fields["conflict"] = "description \(later.description)"
                }
                if later.objective != declaration.objective || later.direction != declaration.direction {
                    fields["conflict"] = "objective \(later.objective) \(later.direction.rawValue)"
                }
                for other in later.directions {
                    let field = "direction." + other.channel
                    if let first = fields[field], first != other.direction.rawValue {
                        fields["conflict"] = "\(field) \(other.direction.rawValue)"
                    } else {
                        fields[field] = other.direction.rawValue
                    }
                }
            case .param(_, let found): for space in found { spaces[space.name] = space.value }
            default: break
            }
        }
        content.keys[keyspace.battery(id)] = .hash(fields)
        if !spaces.isEmpty { content.keys[keyspace.space(of: id)] = .hash(spaces) }
        content.add(keyspace.batteries, member: id.text, score: Double(first.seen))

        var histories: [ExperimentID: [NaiveEvent]] = [:]
        for event in events {
            if let experiment = event.event.experiment { histories[experiment, default: []].append(event) }
        }
        var columns: [String: NaiveEvent] = [:]
        for (experiment, history) in histories {
            let replay = NaiveReplay(of: history, declaration: declaration)
            columns.merge(replay.columns) { $0.position < $1.position ? $0 : $1 }
            if history[0].isOfDeletedExperiment { continue }
            content.keys[keyspace.experiment(experiment)] = .hash(replay.fields)
            if !replay.curve.isEmpty { content.keys[keyspace.curve(of: experiment)] = .hash(replay.curve) }
            content.add(keyspace.experiments(of: id), member: experiment.text, score: Double(history[0].seen))
            for (channel, number) in replay.maxima where number.value.isFinite {
                content.add(keyspace.rank(of: id, by: channel), member: experiment.text, score: number.value)
            }
        }
        for (column, event) in columns {
            content.add(keyspace.columns(of: id), member: column, score: Double(event.time))
        }
    }
}

/// An event that was applied.
struct NaiveEvent {
    var event: Event
    /// The index of the entry in the stream.
    var position: Int
    /// The event's own time, or the time of its stream id, in Unix milliseconds.
    var time: Int64
    /// The time at which the process was known to live: not after the entry was added.
    var seen: Int64
    /// True if the experiment was deleted after the event.
    var isOfDeletedExperiment = false
}

extension PartitionContent {
    fileprivate mutating func add(_ key: String, member: String, score: Double) {
        guard case .sortedSet(var members) = keys[key] ?? .sortedSet([:]) else { return }
        members[member] = score
        keys[key] = .sortedSet(members)
    }
}
