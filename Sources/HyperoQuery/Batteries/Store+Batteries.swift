import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the batteries with the number of their experiments and the best value of each.
    ///
    ///     for battery in try store.batteries().batteries { print(battery.name, battery.version, battery.experimentCount) }
    ///
    /// Three round trips: the ids, the hashes, then ZCARD of each battery's experiments and the first member of its
    /// ranking.
    ///
    /// - Throws: ``QueryError`` if Redis fails.
    public func batteries() throws(QueryError) -> BatteryList {
        var warnings: [String] = []
        let stored = try storedBatteries(warnings: &warnings)
        warnings += stored.compactMap(\.conflictWarning)
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
        var summaries: [BatterySummary] = []
        for (index, battery) in stored.enumerated() {
            var experimentCount = 0
            var best: Double?
            for (count, top) in zip(counts[index], tops[index]) {
                experimentCount += try count.value(or: 0, warnings: &warnings)
                guard let value = try top.value(or: [], warnings: &warnings).first?.value else { continue }
                best = best.map { battery.direction.prefers(value, over: $0) ? value : $0 } ?? value
            }
            summaries.append(
                BatterySummary(
                    id: battery.id.text, name: battery.name, version: battery.version,
                    description: battery.description, objective: battery.objective, direction: battery.direction,
                    created: battery.created, updated: battery.updated, experimentCount: experimentCount,
                    bestValue: best))
        }
        return BatteryList(batteries: summaries, warnings: warnings)
    }
}
