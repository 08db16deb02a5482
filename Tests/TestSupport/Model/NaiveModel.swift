package import HyperoSchema

/// A second, independent implementation of the ingest: it computes the indexes that a list of entries must produce.
///
/// Tests compare its result with the indexes that the ingest wrote. The comparison is evidence only because the two
/// implementations share as little as possible:
///
/// - **Shared** is the contract in HyperoSchema: decoding of entries, ids, numbers and curve rows, and the names of keys.
///   HyperoSchemaTests test the contract on its own.
/// - **Not shared** is everything that the ingest does with a decoded event: deduplication, the order of events, the best
///   epoch, maxima, rankings, columns, counts and dead letters. The model does not import HyperoIngest, and it spells out
///   the names of hash fields instead of using the constants.
///
/// The algorithm is different on purpose. The model keeps every event of the stream and computes each experiment from all
/// its events, whereas the ingest folds batches into a cached state. An error in batching, caching, resuming or
/// transactions therefore cannot occur in both.
package enum NaiveModel {
    /// Computes the indexes.
    ///
    /// - Parameter entries: all entries that the stream ever had, in stream order.
    package static func content(of entries: [StreamEntry], in keyspace: Keyspace) -> PartitionContent {
        var judge = NaiveJudge()
        for entry in entries { judge.process(entry) }

        var content = PartitionContent(counts: judge.counts, dead: judge.dead)
        for (id, ledger) in judge.ledgers { content.keys[keyspace.producer(id)] = .hash(ledger.fields) }
        var events: [BatteryID: [NaiveEvent]] = [:]
        for event in judge.applied { events[event.event.battery, default: []].append(event) }
        for (id, events) in events { add(battery: id, events: events, to: &content, in: keyspace) }
        return content
    }

    private static func add(
        battery id: BatteryID, events: [NaiveEvent], to content: inout PartitionContent, in keyspace: Keyspace
    ) {
        guard let first = events.first, case .battery(let declaration) = first.event.body else { return }
        content.keys[keyspace.battery(id)] = .hash([
            "name": declaration.name, "version": String(declaration.version),
            "description": declaration.description, "objective": declaration.objective,
            "direction": declaration.direction.rawValue, "created": String(first.time),
            "updated": String(events.map(\.time).max() ?? 0),
        ])
        content.add(keyspace.batteries, member: id.text, score: Double(first.time))

        var histories: [ExperimentID: [NaiveEvent]] = [:]
        for event in events {
            if let experiment = event.event.experiment { histories[experiment, default: []].append(event) }
        }
        var columns: [String: NaiveEvent] = [:]
        for (experiment, history) in histories {
            let replay = NaiveReplay(of: history, declaration: declaration)
            content.keys[keyspace.experiment(experiment)] = .hash(replay.fields)
            if !replay.curve.isEmpty { content.keys[keyspace.curve(of: experiment)] = .hash(replay.curve) }
            content.add(keyspace.experiments(of: id), member: experiment.text, score: Double(history[0].time))
            for (channel, number) in replay.maxima where number.value.isFinite {
                content.add(keyspace.rank(of: id, by: channel), member: experiment.text, score: number.value)
            }
            columns.merge(replay.columns) { $0.position < $1.position ? $0 : $1 }
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
}

extension PartitionContent {
    fileprivate mutating func add(_ key: String, member: String, score: Double) {
        guard case .sortedSet(var members) = keys[key] ?? .sortedSet([:]) else { return }
        members[member] = score
        keys[key] = .sortedSet(members)
    }
}
