import HyperoSchema
import TestSupport

extension PartitionContent {
    /// All but the times, which side files do not hold.
    var withoutTimes: PartitionContent {
        var content = self
        for (key, value) in keys {
            switch value {
            case .hash(var fields):
                // A curve has epochs for fields, and a producer's `time` no namesake.
                for field in [
                    BatteryField.created, BatteryField.updated, ExperimentField.started, ExperimentField.updated,
                    ProducerField.time,
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

    /// Adds what other producers made: they share batteries and rankings, and no experiment.
    mutating func merge(_ other: PartitionContent) {
        counts.applied += other.counts.applied
        counts.duplicates += other.counts.duplicates
        counts.gaps += other.counts.gaps
        counts.dead += other.counts.dead
        dead.merge(other.dead) { $1 }
        keys.merge(other.keys) { mine, others in
            guard case .sortedSet(let members) = mine, case .sortedSet(let more) = others else { return others }
            return .sortedSet(members.merging(more) { $1 })
        }
    }
}
