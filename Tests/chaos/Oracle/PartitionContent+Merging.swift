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
                    BatteryField.created, BatteryField.updated, BatteryField.deleted, ExperimentField.started,
                    ExperimentField.updated,
                    ExperimentField.since, ProducerField.time,
                ] {
                    fields[field] = nil
                }
                fields[ExperimentField.resumed] = fields[ExperimentField.resumed].map { Self.withoutTimes($0) }
                content.keys[key] = .hash(fields)
            case .sortedSet(let members) where !key.contains(":rank:"):
                content.keys[key] = .sortedSet(members.mapValues { _ in 0 })
            default: continue
            }
        }
        return content
    }

    /// Returns the epochs and producers of the starts that withdrew rows.
    private static func withoutTimes(_ resumed: String) -> String {
        resumed.split(separator: ",").map { part in
            part.split(separator: " ").enumerated().filter { $0.offset != 1 }.map { String($0.element) }
                .joined(separator: " ")
        }.joined(separator: ", ")
    }

    /// Adds the content of other producers, which share batteries and rankings, but no experiment.
    mutating func merge(_ other: PartitionContent) {
        counts.applied += other.counts.applied
        counts.duplicates += other.counts.duplicates
        counts.gaps += other.counts.gaps
        counts.dead += other.counts.dead
        counts.deleted += other.counts.deleted
        dead.merge(other.dead) { $1 }
        keys.merge(other.keys) { old, new in
            switch (old, new) {
            case (.sortedSet(let old), .sortedSet(let new)): .sortedSet(old.merging(new) { $1 })
            case (.hash(let old), .hash(let new)): .hash(old.merging(new) { $1 })
            default: new
            }
        }
    }
}
