import ChaosLog
import HyperoSchema
import TestSupport

/// The parts of the indexes that depend on the order in which the events of different processes and the commands of operators
/// were applied. The indexes may have any of the possible outcomes:
///
/// - The hash of a resumed experiment counts the nans of withdrawn rows that were applied before they were withdrawn.
/// - The columns of a battery may contain those of rows that were withdrawn, and of events whose experiment was deleted
///   afterwards.
/// - The columns of a battery contain those of each best epoch in turn. The rows of several processes that share an experiment
///   may have been applied in any order, so that another epoch was the best one for a while.
/// - `conflict` is the latest of several declarations that differ from the first one.
/// - An event of a deleted experiment or battery was applied before the deletion, or dropped after it. The sum is determined.
/// - A deleted battery is empty, or lives again since a later declaration.
struct OpenOutcomes {
    private var nonfinite: [ExperimentID: ClosedRange<Int>] = [:]
    /// The batteries with columns that depend on the order.
    private var looseColumns: Set<Int> = []
    /// The `conflict` values that declarations of a battery have caused.
    private var conflicts: [Int: Set<String>] = [:]
    /// The number of events that may have been dropped because of a deletion.
    private var droppable = 0
    /// The experiments that are not in the indexes because of a deletion.
    private var gone: Set<ExperimentID> = []
    private var living: Set<Int> = []
    /// The producers with an interrupted call for an experiment that was deleted. Its id is not in the side files.
    private var interrupted: Set<String> = []

    /// Adds the outcomes of a producer's events.
    mutating func add(_ replay: ProducerReplay, deletions: Deletions) {
        for history in replay.log.histories where history.isInherited { looseColumns.insert(history.batteryIndex) }
        for event in replay.events {
            let index = ChaosBattery.all.indices.first { History.battery($0) == event.battery }
            guard let index else { continue }
            if case .battery(let declaration) = event.body {
                let first = History.declaration(index)
                if declaration.objective != first.objective || declaration.direction != first.direction {
                    conflicts[index, default: []].insert(
                        "objective \(declaration.objective) \(declaration.direction.rawValue)")
                }
                if deletions.batteries.contains(index) { droppable += 1 }
            } else if let experiment = event.experiment {
                let isUnrecorded = replay.unrecorded.contains(experiment)
                if isUnrecorded || deletions.mayRemove(experiment, of: index) { droppable += 1 }
                if isUnrecorded, deletions.batteries.contains(index) { interrupted.insert(replay.producer.text) }
            }
        }
    }

    /// Adds the outcomes of an experiment.
    mutating func add(_ id: ExperimentID, _ experiment: JudgedExperiment, _ values: ExpectedValues) {
        if experiment.isGone {
            gone.insert(id)
            looseColumns.insert(experiment.battery)
        } else {
            living.insert(experiment.battery)
        }
        guard experiment.isResumed else { return }
        nonfinite[id] = values.ticks...values.ticks + values.withdrawnTicks
        looseColumns.insert(experiment.battery)
    }

    /// Replaces the parts that depend on the order by those in the indexes, if these are possible.
    func settle(
        _ expected: inout PartitionContent, accordingTo found: PartitionContent, in keyspace: Keyspace,
        deletions: Deletions, verdict: inout Verdict
    ) {
        for (id, range) in nonfinite {
            let (key, field) = (keyspace.experiment(id), ExperimentField.nonfinite)
            guard case .hash(var fields)? = expected.keys[key], case .hash(let others)? = found.keys[key] else {
                continue
            }
            guard range.contains(others[field].flatMap({ Int($0) }) ?? 0) else { continue }
            fields[field] = others[field]
            expected.keys[key] = .hash(fields)
        }
        for (battery, values) in conflicts {
            let (key, field) = (keyspace.battery(History.battery(battery)), BatteryField.conflict)
            guard case .hash(var fields)? = expected.keys[key], case .hash(let others)? = found.keys[key],
                let conflict = others[field], values.contains(conflict)
            else { continue }
            fields[field] = conflict
            expected.keys[key] = .hash(fields)
        }
        verdict.conflicts += conflicts.count
        settleDeletions(&expected, accordingTo: found, in: keyspace, deletions: deletions, verdict: &verdict)
        for battery in looseColumns { settleColumns(of: battery, &expected, accordingTo: found, in: keyspace) }
    }

    private func settleDeletions(
        _ expected: inout PartitionContent, accordingTo found: PartitionContent, in keyspace: Keyspace,
        deletions: Deletions, verdict: inout Verdict
    ) {
        expected.keys[keyspace.deleted] = nil
        let dropped = min(found.counts.deleted, droppable)
        expected.counts.applied -= dropped
        expected.counts.deleted += dropped
        settleProducers(&expected, accordingTo: found)
        verdict.deleted += gone.count
        verdict.droppedByDeletion += dropped
        guard case .sortedSet(let tombstones)? = found.keys[keyspace.deleted] ?? .sortedSet([:]) else { return }
        // Ended experiments of a deleted battery have none.
        var members = tombstones.keys.filter { interrupted.contains(String($0.prefix { $0 != "-" })) }
        members += gone.filter { tombstones[$0.text] != nil || deletions.named.contains($0) }.map(\.text)
        members += tombstones.keys.filter { isOfDroppedEvent($0, deletions: deletions) }
        for battery in deletions.batteries where found.keys[keyspace.battery(History.battery(battery))] == nil {
            let id = History.battery(battery)
            guard !living.contains(battery), expected.keys[keyspace.battery(id)] != nil else { continue }
            for key in expected.keys.keys where key == keyspace.battery(id) || key.hasPrefix(keyspace.battery(id) + ":")
            {
                expected.keys[key] = nil
            }
            if case .sortedSet(var batteries)? = expected.keys[keyspace.batteries] {
                batteries[id.text] = nil
                expected.keys[keyspace.batteries] = batteries.isEmpty ? nil : .sortedSet(batteries)
            }
            members.append(id.text)
        }
        guard !members.isEmpty else { return }
        expected.keys[keyspace.deleted] = .sortedSet(Dictionary(members.map { ($0, 0) }) { $1 })
    }

    /// Takes over the number of dropped events of each producer, if their sum is that of the partition.
    private func settleProducers(_ expected: inout PartitionContent, accordingTo found: PartitionContent) {
        var counts: [String: Int] = [:]
        for (key, content) in found.keys where key.contains(":producer:") {
            guard case .hash(let fields) = content else { continue }
            counts[key] = fields[ProducerField.deleted].flatMap { Int($0) }
        }
        guard counts.values.reduce(0, +) == found.counts.deleted else { return }
        for (key, count) in counts {
            guard case .hash(var fields)? = expected.keys[key] else { continue }
            fields[ProducerField.deleted] = "\(count)"
            expected.keys[key] = .hash(fields)
        }
    }

    /// Returns whether a tombstone may be of an experiment with an event that was dropped with its battery:
    /// `<battery>:<experiment>`.
    private func isOfDroppedEvent(_ member: String, deletions: Deletions) -> Bool {
        let parts = member.split(separator: ":").map(String.init)
        guard parts.count == 2, let experiment = ExperimentID(parts[1]),
            deletions.batteries.contains(where: { History.battery($0).text == parts[0] })
        else { return false }
        return gone.contains(experiment) || interrupted.contains(String(parts[1].prefix { $0 != "-" }))
    }

    private func settleColumns(
        of battery: Int, _ expected: inout PartitionContent, accordingTo found: PartitionContent, in keyspace: Keyspace
    ) {
        let id = History.battery(battery)
        let key = keyspace.columns(of: id)
        guard case .sortedSet(let columns)? = found.keys[key] ?? .sortedSet([:]),
            case .sortedSet(let all)? = expected.keys[key] ?? .sortedSet([:])
        else { return }
        var possible = Set(all.keys)
        for name in all.keys where name.hasPrefix(Prefix.curve) {
            possible.insert(Prefix.max + name.dropFirst(Prefix.curve.count))
        }
        let members = Set(columns.keys)
        guard members.isSubset(of: possible), members.isSuperset(of: Self.columns(of: id, in: expected, keyspace))
        else { return }
        expected.keys[key] = columns.isEmpty ? nil : .sortedSet(columns)
    }

    /// Returns the columns of the fields and rows that the indexes have.
    private static func columns(of battery: BatteryID, in content: PartitionContent, _ keyspace: Keyspace) -> Set<
        String
    > {
        guard case .sortedSet(let experiments)? = content.keys[keyspace.experiments(of: battery)] else { return [] }
        let others: Set = [ExperimentField.maxEpoch, ExperimentField.maxSource, ExperimentField.maxStated]
        let prefixes = [Prefix.param, Prefix.meta, Prefix.max]
        var columns: Set<String> = []
        for id in experiments.keys.compactMap({ ExperimentID($0) }) {
            if case .hash(let fields)? = content.keys[keyspace.experiment(id)] {
                let names = fields.keys.filter { name in prefixes.contains { name.hasPrefix($0) } }
                columns.formUnion(Set(names).subtracting(others))
            }
            guard case .hash(let rows)? = content.keys[keyspace.curve(of: id)] else { continue }
            for row in rows.values.compactMap({ CurveRow(text: $0) }) {
                columns.formUnion(row.cells.map { Prefix.curve + $0.channel })
            }
        }
        return columns
    }
}
