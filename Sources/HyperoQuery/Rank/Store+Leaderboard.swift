import HyperoRedis
import HyperoSchema

extension Store {
    /// Ranks the experiments of a battery.
    ///
    ///     let board = try store.leaderboard(of: "RNN Visual Attention", version: 3, limit: 5, columns: ["lr", "max.test"])
    ///     print(board.rows.map(\.value))
    ///
    /// It costs O(log N + k): the top of each ranking, of each battery of that name in each partition, is read, and then
    /// the hashes of the k experiments shown. Four round trips: the batteries' ids, their hashes, the tops, the rows;
    /// above a limit of 1,000 one more for every 1,000 rows.
    ///
    /// Equal values stand as Redis has them: by the bytes of the experiment's id, descending when the highest come first.
    ///
    /// - Parameters:
    ///   - name: a battery's name, or its id.
    ///   - version: nil merges all versions of the name.
    ///   - channel: what to rank by; nil for the objective.
    ///   - order: by default the best first, as the battery's direction says.
    ///   - limit: how many rows, 1 to 100,000.
    ///   - columns: what to read of each experiment, `param.lr` or just `lr`; nil reads all.
    /// - Throws: ``QueryError`` of code ``QueryError/Code/notFound`` when there is no such battery, version, channel or
    ///   column, and of the other codes when Redis cannot be asked.
    public func leaderboard(
        of name: String, version: Int? = nil, by channel: String? = nil, order: RankingOrder = .bestFirst,
        limit: Int = 10, columns: [String]? = nil
    ) throws(QueryError) -> Leaderboard {
        try check(limit: limit)
        var warnings: [String] = []
        let chosen = try select(name, version: version, from: try declarations(&warnings))
        let leading = chosen[chosen.count - 1]
        let channel = channel ?? leading.objective
        warnings += disagreements(of: chosen, with: leading, channel: channel, order: order)
        let highestFirst = order.putsHighestFirst(leading.direction)

        var search = ColumnSearch(of: chosen, columns ?? [])
        var batch = CommandPipeline()
        var counts: [PendingReply<Int>] = []
        var tops: [PendingReply<[RankedExperiment]>] = []
        for declaration in chosen {
            for place in declaration.places {
                let key = place.rank(of: declaration.id, by: channel)
                counts.append(batch.ask(place, "ZCARD", key) { reply throws(RedisError) in try reply.integer() })
                tops.append(
                    batch.askTop(limit, of: declaration.id, in: place, by: channel, highestFirst: highestFirst))
            }
        }
        search.ask(in: &batch)
        try session.run(batch)

        var rankings: [[RankedExperiment]] = []
        var count = 0
        for (answer, size) in zip(tops, counts) {
            rankings.append(try session.checked { () throws(RedisError) in try answer.value(or: [], &warnings) })
            // A ranking of the wrong type was warned of by its top already.
            count += try session.checked { () throws(RedisError) in try size.valueIfGiven() ?? 0 }
        }
        if count == 0 { try checkThat(channel, isKnownIn: chosen, &warnings) }
        let fields = try resolve(search, of: chosen, &warnings)
        let top = RankedExperiment.merged(rankings, first: limit, highestFirst: highestFirst)
        let rows = try rows(top, of: chosen, fields: columns == nil ? nil : fields, &warnings)
        return Leaderboard(
            name: leading.name, versions: Set(chosen.map(\.version)).sorted(), channel: channel, order: order,
            isHighestFirst: highestFirst, count: count, columns: columns == nil ? nil : fields, rows: rows,
            warnings: warnings)
    }

    /// The batteries that a name, or an id, and a version mean, the newest last.
    private func select(
        _ name: String, version: Int?, from declarations: [Declaration]
    ) throws(QueryError) -> [Declaration] {
        var chosen = declarations.filter { $0.name.hasSameBytes(as: name) }
        if chosen.isEmpty { chosen = declarations.filter { $0.id.text == name } }
        guard !chosen.isEmpty else {
            throw QueryError(
                .notFound,
                "there is no battery '\(printable(name))'"
                    + nearest(to: name, among: declarations.map(\.name), orElse: "none was declared yet"))
        }
        guard let version else { return chosen }
        let versions = Set(chosen.map(\.version)).sorted()
        chosen.removeAll { $0.version != version }
        guard !chosen.isEmpty else {
            throw QueryError(
                .notFound,
                "'\(printable(name))' has no version \(version), only "
                    + versions.map(String.init).joined(separator: ", "))
        }
        return chosen
    }

    /// Versions may have changed the objective: then somebody has to choose, and the newest does until they do.
    private func disagreements(
        of chosen: [Declaration], with leading: Declaration, channel: String, order: RankingOrder
    ) -> [String] {
        let agree = chosen.allSatisfy {
            (channel != leading.objective || $0.objective == leading.objective)
                && (order != .bestFirst || $0.direction == leading.direction)
        }
        guard !agree else { return [] }
        return [
            "the versions of '\(printable(leading.name))' differ in objective or direction: version "
                + "\(leading.version) decides; choose with --version, or --by and --ascending or --descending"
        ]
    }
}
