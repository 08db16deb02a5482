import HyperoSchema

extension Store {
    /// Reads the learning curves of experiments.
    ///
    ///     let set = try store.curves(of: ["k3v9x2mq7d-17", "w8"], channels: ["train", "valid"])
    ///
    /// Costs as ``experiments(withIDs:)``: three round trips, and a SCAN over all keys if an id is abbreviated.
    ///
    /// - Parameters:
    ///   - ids: 1 to 1,000 ids, or prefixes that no other id has.
    ///   - channels: the channels, or patterns of them with `*` and `?`; nil for the objective of each experiment's battery.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` or ``QueryError/Category/ambiguous`` if an experiment
    ///   or a channel does not exist, and of the other categories if there are too many ids or Redis fails.
    public func curves(of ids: [String], channels: [String]? = nil) throws(QueryError) -> CurveSet {
        let records = try experiments(withIDs: ids)
        return try CurveSet(records.map { CurveSet.Entry(record: $0, rank: nil) }, channels: channels)
    }

    /// Reads the learning curves of the best experiments of a battery.
    ///
    /// Costs the round trips of the ranking and those of ``experiments(withIDs:)``.
    ///
    /// - Parameters:
    ///   - count: the number of experiments, 1 to 1,000.
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil merges all versions of the name.
    ///   - channel: the channel to rank by; nil for the objective of the newest version.
    ///   - filter: a condition on the experiments; nil for none.
    ///   - channels: the channels of the curves, or patterns of them; nil for the channel of the ranking.
    /// - Returns: the experiments by rank, fewer than the number if fewer are ranked.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version or a channel does not exist,
    ///   and of the other categories if the number is out of range or Redis fails.
    public func curves(
        ofTop count: Int, in name: String, version: Int? = nil, by channel: String? = nil, where filter: Filter? = nil,
        channels: [String]? = nil
    ) throws(QueryError) -> CurveSet {
        guard Self.idLimits.contains(count) else {
            throw QueryError(
                .invalidArgument(
                    reason: "the number of experiments must be between \(Self.idLimits.lowerBound) and "
                        + "\(Self.idLimits.upperBound), not \(count)"))
        }
        return try answer { () throws(QueryError) in
            try bestCurves(count, in: name, version: version, by: channel, where: filter, channels: channels)
        }
    }

    private func bestCurves(
        _ count: Int, in name: String, version: Int?, by channel: String?, where filter: Filter?, channels: [String]?
    ) throws(QueryError) -> CurveSet {
        let board = try leaderboard(of: name, version: version, by: channel, where: filter, limit: count, columns: [])
        // A ranking may have members that are no ids or have no hash, because any client can write to the keys. Its warnings have
        // them.
        let records = try experiments(existing: board.rows.compactMap { ExperimentID($0.experiment) })
        guard !records.isEmpty else {
            let emptyText =
                board.count > 0 ? filter.map { "none of \(board.count) ranked experiments has \($0.summary)" } : nil
            return try CurveSet(
                [], channels: [], battery: board.name, source: board.source, emptyText: emptyText,
                warnings: board.warnings)
        }
        let ranks = Dictionary(board.rows.map { ($0.experiment, $0.rank) }) { first, _ in first }
        return try CurveSet(
            records.map { CurveSet.Entry(record: $0, rank: ranks[$0.id]) }, channels: channels ?? [board.channel],
            battery: board.name, source: board.source, warnings: board.warnings)
    }
}
