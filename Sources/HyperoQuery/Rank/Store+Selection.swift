import HyperoRedis
import HyperoSchema

/// The experiments of a ranking that fulfil its conditions.
struct RankSelection {
    /// The first of them, at most as many as the limit.
    var selected: [RankedExperiment] = []
    /// The number of ranked experiments that were looked at, from the first one on.
    var examinedCount = 0
}

extension Store {
    /// Returns the first ranked experiments that fulfil a condition. Reads 128 experiments, then up to 500 per round trip,
    /// until it has found as many as the limit, or until the ranking ends.
    ///
    /// - Parameter ranked: the experiments of the walk if they were read already, by their learning curves; empty otherwise.
    func select(
        _ condition: BoundCondition, from walk: inout MemberWalk, ranked: [RankedExperiment],
        in batteries: [StoredBattery], limit: Int
    ) throws(QueryError) -> RankSelection {
        var selection = RankSelection()
        // HMGET needs a field.
        let fields = condition.fields.isEmpty ? [ExperimentField.status] : condition.fields
        let request = HashRequest(fields: fields, hasLiveness: condition.needsLiveness, of: batteries)
        var ranks = RankCounter()
        // The rows report the malformed values of the hashes that are shown.
        var ignored: [String] = []
        try scan(&walk, request, firstChunk: ExperimentScan.firstSearchChunk, warnings: &ignored) {
            (experiments) throws(QueryError) in
            for experiment in experiments where selection.selected.count < limit {
                let index = selection.examinedCount
                selection.examinedCount += 1
                let rank = ranks.next(experiment.score)
                guard condition.holds(for: experiment, rank: rank, firstValue: 0) else { continue }
                selection.selected.append(
                    index < ranked.count ? ranked[index] : RankedExperiment(experiment.member, in: batteries))
            }
            return selection.selected.count < limit ? .next : .stop
        }
        return selection
    }
}

extension RankedExperiment {
    init(_ member: ScanMember, in batteries: [StoredBattery]) {
        self.init(
            keyspace: member.keyspace, battery: batteries[member.battery].id, experiment: member.experiment,
            value: member.score)
    }
}
