import HyperoRedis
import HyperoSchema

/// A member of a ranking, and where it was found.
struct RankedExperiment {
    let keyspace: Keyspace
    let battery: BatteryID
    let experiment: String
    let value: Double

    /// The first of several rankings, each already in order.
    ///
    /// Exact, because whoever is among the first k of all is among the first k of its own. Equal values stand as Redis has
    /// them in one ranking: by the bytes of the id, and the other way round when the highest come first.
    static func merged(_ rankings: [[RankedExperiment]], first limit: Int, highestFirst: Bool) -> [RankedExperiment] {
        guard rankings.count > 1 else { return Array((rankings.first ?? []).prefix(limit)) }
        let all = rankings.joined().sorted { left, right in
            let (left, right) = highestFirst ? (right, left) : (left, right)
            if left.value != right.value { return left.value < right.value }
            return left.experiment.utf8.lexicographicallyPrecedes(right.experiment.utf8)
        }
        return Array(all.prefix(limit))
    }
}

extension CommandPipeline {
    /// Asks for the first k of one ranking: O(log N + k).
    mutating func askTop(
        _ limit: Int, of battery: BatteryID, in keyspace: Keyspace, by channel: String, highestFirst: Bool
    ) -> PendingReply<[RankedExperiment]> {
        let key = keyspace.rank(of: battery, by: channel)
        let order = highestFirst ? ["REV"] : []
        return ask(keyspace, ["ZRANGE", key, "0", String(limit - 1)] + order + ["WITHSCORES"]) {
            reply throws(RedisError) in
            try reply.pairs().map { pair in
                RankedExperiment(
                    keyspace: keyspace, battery: battery, experiment: pair.name, value: Double(pair.value) ?? .nan)
            }
        }
    }
}
