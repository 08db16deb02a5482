import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the batteries with the number of their experiments and the best value of each.
    ///
    ///     for battery in try store.batteries().batteries { print(battery.name, battery.version, battery.experimentCount) }
    ///
    /// Four round trips: the ids, the hashes, ZCARD of each battery's experiments and the first member of its ranking, and the
    /// hashes of these experiments.
    ///
    /// - Throws: ``QueryError`` if Redis fails.
    public func batteries() throws(QueryError) -> BatteryList {
        try answer { () throws(QueryError) in try readBatteries() }
    }

    private func readBatteries() throws(QueryError) -> BatteryList {
        var warnings: [String] = []
        let stored = try storedBatteries(warnings: &warnings)
        warnings += stored.compactMap(\.conflictWarning)
        let summaries = try summaries(of: stored, warnings: &warnings)
        return BatteryList(batteries: summaries, warnings: warnings)
    }

    /// Reads the number of experiments and the best value of each battery. Two round trips.
    func summaries(
        of stored: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [BatterySummary] {
        var pipeline = CommandPipeline()
        // One element per battery, with one reply per partition.
        var counts: [[PendingReply<Int>]] = []
        var tops: [[PendingReply<[RankedExperiment]>]] = []
        for battery in stored {
            counts.append(
                battery.keyspaces.map { keyspace in
                    pipeline.append("ZCARD", keyspace.experiments(of: battery.id), in: keyspace, as: .count)
                })
            tops.append(
                battery.keyspaces.map { keyspace in
                    pipeline.appendTop(
                        1, of: battery.id, in: keyspace, by: battery.objective,
                        highestFirst: battery.direction == .max)
                })
        }
        try connections.run(pipeline)
        // nil for a battery without a ranked experiment.
        var best: [RankedExperiment?] = []
        for (index, battery) in stored.enumerated() {
            let firsts = try tops[index].map { top throws(QueryError) in try top.value(or: [], warnings: &warnings) }
            best.append(
                RankedExperiment.merged(firsts, limit: 1, highestFirst: battery.direction == .max).first)
        }
        let ranked = zip(best, stored).compactMap { best, battery in best.map { ($0, battery.objective) } }
        var states = try states(of: ranked, warnings: &warnings)[...]
        var summaries: [BatterySummary] = []
        for (index, battery) in stored.enumerated() {
            var experimentCount = 0
            for count in counts[index] { experimentCount += try count.value(or: 0, warnings: &warnings) }
            let best = best[index].map { member in
                let state = states.removeFirst()
                return BatterySummary.Best(
                    experiment: member.experiment, status: state.liveness.status, number: state.number)
            }
            summaries.append(
                BatterySummary(
                    id: battery.id.text, name: battery.name, version: battery.version,
                    description: battery.description, objective: battery.objective, direction: battery.direction,
                    created: battery.created, updated: battery.updated, experimentCount: experimentCount,
                    best: best, conflict: battery.conflict))
        }
        return summaries
    }
}
