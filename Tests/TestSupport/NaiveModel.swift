package import HyperoSchema

/// What the indexes of a partition must hold after a list of entries: the judge of the ingest.
///
/// Deliberately plain: it keeps every event and computes everything from the whole list, one experiment after the
/// other, without batches, caches or state that is carried on. It shares the contract with the ingest, and no more.
package enum NaiveModel {
    /// - Parameter entries: all entries the stream ever had, in the stream's order.
    package static func content(of entries: [StreamEntry], in keyspace: Keyspace) -> PartitionContent {
        var judge = NaiveJudge()
        for entry in entries { judge.take(entry) }

        var content = PartitionContent(counts: judge.counts, dead: judge.dead)
        for (id, ledger) in judge.ledgers { content.keys[keyspace.producer(id)] = .hash(ledger.fields) }
        var events: [BatteryID: [NaiveEvent]] = [:]
        for event in judge.applied { events[event.event.battery, default: []].append(event) }
        for (id, events) in events { add(battery: id, events, to: &content, keyspace) }
        return content
    }

    private static func add(
        battery id: BatteryID, _ events: [NaiveEvent], to content: inout PartitionContent, _ keyspace: Keyspace
    ) {
        guard let first = events.first, case .battery(let declaration) = first.event.body else { return }
        content.keys[keyspace.battery(id)] = .hash([
            "name": declaration.name, "version": String(declaration.version),
            "description": declaration.description, "objective": declaration.objective,
            "direction": declaration.direction.rawValue, "created": String(first.when),
            "updated": String(events.map(\.when).max() ?? 0),
        ])
        content.add(keyspace.batteries, member: id.text, score: Double(first.when))

        var histories: [ExperimentID: [NaiveEvent]] = [:]
        for event in events {
            if let experiment = event.event.experiment { histories[experiment, default: []].append(event) }
        }
        var columns: [String: NaiveEvent] = [:]
        for (experiment, history) in histories {
            let replay = NaiveReplay(of: history, declaration)
            content.keys[keyspace.experiment(experiment)] = .hash(replay.fields)
            if !replay.curve.isEmpty { content.keys[keyspace.curve(of: experiment)] = .hash(replay.curve) }
            content.add(keyspace.experiments(of: id), member: experiment.text, score: Double(history[0].when))
            for (channel, number) in replay.maxima where number.value.isFinite {
                content.add(keyspace.rank(of: id, by: channel), member: experiment.text, score: number.value)
            }
            columns.merge(replay.columns) { $0.position < $1.position ? $0 : $1 }
        }
        for (column, event) in columns {
            content.add(keyspace.columns(of: id), member: column, score: Double(event.when))
        }
    }
}

/// An event that was applied.
struct NaiveEvent {
    var event: Event
    /// Its place in the stream, counted from 0.
    var position: Int
    /// Unix milliseconds: its own time, or when the stream got it.
    var when: Int64
}

extension PartitionContent {
    fileprivate mutating func add(_ key: String, member: String, score: Double) {
        guard case .sortedSet(var members) = keys[key] ?? .sortedSet([:]) else { return }
        members[member] = score
        keys[key] = .sortedSet(members)
    }
}
