import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the batteries with the number of their experiments and the best value of each.
    ///
    ///     for battery in try store.batteries().batteries { print(battery.name, battery.version, battery.experiments) }
    ///
    /// Three round trips: ids, hashes, then ZCARD and the top of the ranking of each.
    ///
    /// - Throws: ``QueryError`` when Redis cannot be asked.
    public func batteries() throws(QueryError) -> BatteryList {
        var warnings: [String] = []
        let declarations = try declarations(&warnings)
        var batch = CommandPipeline()
        var counts: [[PendingReply<Int>]] = []
        var tops: [[PendingReply<[RankedExperiment]>]] = []
        for declaration in declarations {
            counts.append(
                declaration.places.map { place in
                    batch.ask(place, "ZCARD", place.experiments(of: declaration.id)) { reply throws(RedisError) in
                        try reply.integer()
                    }
                })
            tops.append(
                declaration.places.map { place in
                    batch.askTop(
                        1, of: declaration.id, in: place, by: declaration.objective,
                        highestFirst: declaration.direction == .max)
                })
        }
        try session.run(batch)
        var batteries: [BatterySummary] = []
        for (index, declaration) in declarations.enumerated() {
            var experiments = 0
            var best: Double?
            for (count, top) in zip(counts[index], tops[index]) {
                experiments += try session.checked { () throws(RedisError) in try count.value(or: 0, &warnings) }
                let top = try session.checked { () throws(RedisError) in try top.value(or: [], &warnings) }
                guard let value = top.first?.value else { continue }
                best = best.map { declaration.direction.prefers(value, over: $0) ? value : $0 } ?? value
            }
            batteries.append(BatterySummary(declaration, experiments: experiments, best: best))
        }
        return BatteryList(batteries: batteries, warnings: warnings)
    }
}

extension BatterySummary {
    fileprivate init(_ declaration: Declaration, experiments: Int, best: Double?) {
        self.init(
            id: declaration.id.text, name: declaration.name, version: declaration.version,
            description: declaration.description, objective: declaration.objective, direction: declaration.direction,
            created: declaration.created, updated: declaration.updated, experiments: experiments, best: best)
    }
}
