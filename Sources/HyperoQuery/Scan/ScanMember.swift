import HyperoRedis
import HyperoSchema

/// A member of a sorted set of experiments: of a ranking, or of the list of a battery.
struct ScanMember {
    let keyspace: Keyspace
    /// The index of the battery among those of the scan.
    let battery: Int
    /// The member's text. It may not be an experiment id, because any client can write to the key.
    let experiment: String
    /// The score: the value of the ranking, or the time of the first event in Unix milliseconds.
    let score: Double

    /// The id; nil if the text is not one.
    var id: ExperimentID? { ExperimentID(experiment) }

    /// Returns whether the member precedes another one. Equal scores are in the order of Redis: by the bytes of the id,
    /// descending if the highest score is first.
    func precedes(_ other: ScanMember, highestFirst: Bool) -> Bool {
        guard score == other.score else { return highestFirst ? score > other.score : score < other.score }
        return highestFirst
            ? other.experiment.utf8.lexicographicallyPrecedes(experiment.utf8)
            : experiment.utf8.lexicographicallyPrecedes(other.experiment.utf8)
    }
}

/// The order in which a scan visits the experiments of batteries.
package enum ScanOrder: Sendable, Hashable {
    /// The experiments that a ranking has, in its order, merged over the batteries and partitions.
    case ranking(by: String, highestFirst: Bool)
    /// All experiments, the newest first, merged over the batteries and partitions.
    case newestFirst
    /// All experiments, the oldest first, merged over the batteries and partitions.
    case oldestFirst
    /// All experiments, one battery and partition after the other, the oldest first.
    case unordered

    var isHighestFirst: Bool {
        switch self {
        case .ranking(_, let highestFirst): highestFirst
        case .newestFirst: true
        case .oldestFirst, .unordered: false
        }
    }

    /// Returns the sorted set that has the order.
    func key(of battery: BatteryID, in keyspace: Keyspace) -> String {
        switch self {
        case .ranking(let channel, _): keyspace.rank(of: battery, by: channel)
        case .newestFirst, .oldestFirst, .unordered: keyspace.experiments(of: battery)
        }
    }

    var isRanking: Bool { if case .ranking = self { true } else { false } }
}
