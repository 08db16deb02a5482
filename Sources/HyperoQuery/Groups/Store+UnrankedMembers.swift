import HyperoRedis
import HyperoSchema

/// A member of a ranking, to tell the experiments without a rank.
struct RankedMember: Hashable {
    private let battery: Int
    private let experiment: ExactText

    init(_ member: ScanMember) {
        battery = member.battery
        experiment = ExactText(member.experiment)
    }
}

extension Store {
    /// Reads the experiments of batteries that are not ranked, and passes those that fulfil a condition to the body.
    ///
    /// Reads the ids of all experiments, 4,096 per round trip, and the fields of those without a rank, 500 per round trip.
    ///
    /// - Parameters:
    ///   - ranked: all members of the ranking.
    ///   - fields: the fields to read. The status and the last sign of life are read too.
    func surveyUnranked(
        besides ranked: Set<RankedMember>, where condition: BoundCondition, fields: [String],
        in batteries: [StoredBattery], warnings: inout [String], body: (ScannedExperiment) -> Void
    ) throws(QueryError) {
        let pageSize = 4_096
        var all = MemberWalk(.unordered, over: batteries, firstPage: pageSize)
        var members: [ScanMember] = []
        while all.hasMore {
            let next = all.removeNext(pageSize)
            members += next.filter { !ranked.contains(RankedMember($0)) }
            guard next.isEmpty else { continue }
            var pipeline = CommandPipeline()
            all.appendPages(ahead: 1, to: &pipeline)
            try connections.run(pipeline)
            try all.readPages(warnings: &warnings)
        }
        guard !members.isEmpty else { return }
        var walk = MemberWalk(of: members)
        // HMGET needs a field.
        let request = HashRequest(
            fields: fields + [ExperimentField.status] + condition.fields, hasLiveness: true, of: batteries)
        var bounds = ExperimentScan(order: .unordered, fields: nil)
        bounds.bound(values: fields.count)
        try scan(
            &walk, request, firstChunk: bounds.firstChunk, largestChunk: bounds.largestChunk, warnings: &warnings
        ) { (experiments) throws(QueryError) in
            for experiment in experiments
            where condition.holds(for: experiment, rank: nil, firstValue: fields.count + 1) { body(experiment) }
            return .next
        }
    }
}
