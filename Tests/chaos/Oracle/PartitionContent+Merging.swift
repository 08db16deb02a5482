import HyperoSchema
import TestSupport

extension PartitionContent {
    /// The content without the times, which the side files do not contain.
    var withoutTimes: PartitionContent {
        var content = self
        for (key, value) in keys {
            switch value {
            case .hash(var fields):
                // No other hash has these names: the fields of a curve are epochs.
                for field in [
                    BatteryField.created, BatteryField.updated, ExperimentField.started, ExperimentField.updated,
                    ExperimentField.since, ProducerField.time,
                ] {
                    fields[field] = nil
                }
                content.keys[key] = .hash(fields)
            case .sortedSet(let members) where !key.contains(":rank:"):
                content.keys[key] = .sortedSet(members.mapValues { _ in 0 })
            default: continue
            }
        }
        return content
    }

    /// Adds the content of another producer. Producers share batteries and rankings, but no experiment.
    mutating func merge(_ other: PartitionContent) {
        counts.applied += other.counts.applied
        counts.duplicates += other.counts.duplicates
        counts.gaps += other.counts.gaps
        counts.dead += other.counts.dead
        dead.merge(other.dead) { $1 }
        keys.merge(other.keys) { old, new in
            guard case .sortedSet(let oldMembers) = old, case .sortedSet(let newMembers) = new else { return new }
            return .sortedSet(oldMembers.merging(newMembers) { $1 })
        }
    }
}
