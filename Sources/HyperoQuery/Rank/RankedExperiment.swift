import HyperoRedis
import HyperoSchema

/// A member of a ranking, with the partition and battery of the ranking.
struct RankedExperiment {
    let keyspace: Keyspace
    let battery: BatteryID
    /// The member's text. It may not be an experiment id, because any client can write to the key.
    let experiment: String
    /// The value, of a ranking a score, which has not all digits of a whole number above 2^53.
    let value: Double
    /// The value in the learning curve and its epoch; nil for a value of the maxima.
    var point: CurvePoint?
    /// The rank; nil if the rows are in the order of the ranking and count their ranks themselves.
    var rank: Int?

    /// A value of a learning curve.
    struct CurvePoint {
        let number: Number
        let epoch: Int
    }

    /// Returns the number of the value: the stored one of the maxima, unless it is another one, because any client can write to
    /// the keys.
    ///
    /// - Parameter text: the text in the experiment's hash; nil if there is none.
    func number(stored text: String?) -> Number {
        if let point { return point.number }
        guard let stored = text.flatMap(Number.init(text:)), stored.value == value else { return Number(value) }
        return stored
    }

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

extension ScanMember {
    /// Returns ranked experiments as members of a scan over batteries.
    static func members(of ranked: [RankedExperiment], in batteries: [StoredBattery]) -> [ScanMember] {
        let indexes = Dictionary(batteries.indices.map { (batteries[$0].id, $0) }) { first, _ in first }
        return ranked.map {
            ScanMember(
                keyspace: $0.keyspace, battery: indexes[$0.battery] ?? 0, experiment: $0.experiment, score: $0.value)
        }
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
