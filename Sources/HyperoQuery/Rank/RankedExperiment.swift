import HyperoRedis
import HyperoSchema

/// A member of a ranking, with the partition and battery of the ranking.
struct RankedExperiment {
    let keyspace: Keyspace
    let battery: BatteryID
    /// The member's text. It may not be an experiment id, because any client can write to the key.
    let experiment: String
    let value: Double
    /// The epoch of the value in the learning curve; nil for a value of the maxima.
    var epoch: Int?

    /// Merges the first members of several rankings, each in order, and returns the first of all.
    ///
    /// The result is exact, because a member among the first k of all rankings is among the first k of its own ranking.
    static func merged(_ rankings: [[RankedExperiment]], limit: Int, highestFirst: Bool) -> [RankedExperiment] {
        guard rankings.count > 1 else { return Array((rankings.first ?? []).prefix(limit)) }
        return sorted(Array(rankings.joined()), limit: limit, highestFirst: highestFirst)
    }

    /// Returns the first members in order. Equal values are in the order of Redis: by the bytes of the id, descending if the
    /// highest value is first.
    static func sorted(_ members: [RankedExperiment], limit: Int, highestFirst: Bool) -> [RankedExperiment] {
        let all = members.sorted { left, right in
            let (left, right) = highestFirst ? (right, left) : (left, right)
            if left.value != right.value { return left.value < right.value }
            return left.experiment.utf8.lexicographicallyPrecedes(right.experiment.utf8)
        }
        return Array(all.prefix(limit))
    }
}

extension CommandPipeline {
    /// Appends the ZRANGE of the first members of one ranking: O(log N + limit).
    mutating func appendTop(
        _ limit: Int, of battery: BatteryID, in keyspace: Keyspace, by channel: String, highestFirst: Bool
    ) -> PendingReply<[RankedExperiment]> {
        let key = keyspace.rank(of: battery, by: channel)
        let order = highestFirst ? ["REV"] : []
        return append(
            arguments: ["ZRANGE", key, "0", String(limit - 1)] + order + ["WITHSCORES"], in: keyspace,
            as: ReplyReader { reply throws(RedisError) in
                try reply.pairs().map { pair in
                    RankedExperiment(
                        keyspace: keyspace, battery: battery, experiment: pair.name, value: Double(pair.value) ?? .nan)
                }
            })
    }
}
