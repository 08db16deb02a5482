import HyperoRedis
import HyperoSchema

/// The values that decide whether a ranking leaves an experiment out.
enum UnrankedIndex {
    /// The rankings by the filter's channel, or by the objectives.
    case rankings
    /// The learning curves, by which a leaderboard ranks a channel that no ranking has.
    case curves(channel: String)

    /// True if the learning curves decide.
    var isByCurves: Bool { if case .curves = self { true } else { false } }

    /// Returns the command that tells whether an experiment has a rank: ZSCORE of the ranking, or HGETALL of the curve.
    ///
    /// - Parameter channel: the channel of the filter; nil for the objectives.
    func probe(
        channel: String?, batteries: [StoredBattery]
    ) -> (ScanMember, inout CommandPipeline) -> PendingReply<Bool>? {
        { member, pipeline in
            guard let id = member.id else { return nil }
            switch self {
            case .rankings:
                let battery = batteries[member.battery]
                let key = member.keyspace.rank(of: battery.id, by: channel ?? battery.objective)
                return pipeline.append("ZSCORE", key, id.text, in: member.keyspace, as: .isNotNull)
            case .curves(let channel):
                return pipeline.append(
                    "HGETALL", member.keyspace.curve(of: id), in: member.keyspace, as: .hasFiniteValue(of: channel))
            }
        }
    }
}

extension Store {
    /// Appends the ZCARD of the rankings by the channel of a filter; none for the objectives, which the curves never replace.
    func indexSizes(
        of filter: ExperimentFilter, in batteries: [StoredBattery], pipeline: inout CommandPipeline
    ) -> [PendingReply<Int>] {
        guard filter.isUnranked, let channel = filter.channel else { return [] }
        var sizes: [PendingReply<Int>] = []
        for battery in batteries {
            for keyspace in battery.keyspaces {
                sizes.append(
                    pipeline.append("ZCARD", keyspace.rank(of: battery.id, by: channel), in: keyspace, as: .count))
            }
        }
        return sizes
    }

    /// Returns the values that decide for a filter, from the replies of ``indexSizes(of:in:pipeline:)``.
    ///
    /// - Throws: ``QueryError/Code/channelNotFound(_:suggestion:)`` if no experiment has logged the channel of the filter. The
    ///   objective need not be logged.
    func unrankedIndex(
        of filter: ExperimentFilter, sizes: [PendingReply<Int>], in batteries: [StoredBattery],
        warnings: inout [String]
    ) throws(QueryError) -> UnrankedIndex {
        guard filter.isUnranked, let channel = filter.channel, let newest = batteries.last,
            !channel.hasSameBytes(as: newest.objective)
        else { return .rankings }
        for size in sizes where try size.valueIfAvailable() ?? 0 > 0 { return .rankings }
        try requireLogged(channel, in: batteries, warnings: &warnings)
        return .curves(channel: channel)
    }
}
