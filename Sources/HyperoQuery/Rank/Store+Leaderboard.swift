import HyperoRedis
import HyperoSchema

extension Store {
    /// Ranks the experiments of a battery.
    ///
    ///     let board = try store.leaderboard(of: "RNN Visual Attention", version: 3, limit: 5, columns: ["lr", "max.test"])
    ///     print(board.rows.map(\.value))
    ///
    /// Costs O(log N + k): reads the first k of each ranking (one ranking per battery of that name and partition), then
    /// the hashes of the k experiments to show. Four round trips: the batteries' ids, their hashes, the first members
    /// of the rankings, the rows. A limit above 1,000 costs one more round trip per 1,000 rows.
    ///
    /// Equal values are in the order of Redis: by the bytes of the experiment's id, descending if the highest value is
    /// first.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil merges all versions of the name.
    ///   - channel: the channel to rank by; nil for the objective of the newest version.
    ///   - order: the order of the rows. By default the best value is first, by the battery's direction.
    ///   - limit: the maximum number of rows, 1 to 100,000.
    ///   - columns: the fields to read of each experiment, with or without prefix (`param.lr`, `lr`); nil reads all.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version, channel or a column
    ///   does not exist, and of the other categories if the limit is out of range or Redis fails.
    public func leaderboard(
        of name: String, version: Int? = nil, by channel: String? = nil, order: RankingOrder = .bestFirst,
        limit: Int = 10, columns: [String]? = nil
    ) throws(QueryError) -> Leaderboard {
        try check(limit: limit)
        var warnings: [String] = []
        let batteries = try select(name, version: version, among: try storedBatteries(warnings: &warnings))
        let newest = batteries[batteries.count - 1]
        let channel = channel ?? newest.objective
        let versionsDisagree = disagree(batteries, with: newest, channel: channel, order: order)
        if versionsDisagree {
            warnings.append(
                "the versions of '\(printable(newest.name))' differ in objective or direction, and version "
                    + "\(newest.version) decides. Choose one version, or a channel and an order")
        }
        let highestFirst = order.isHighestFirst(direction: newest.direction)

        var search = ColumnSearch(columns ?? [], in: batteries)
        var pipeline = CommandPipeline()
        var sizes: [PendingReply<Int>] = []
        var tops: [PendingReply<[RankedExperiment]>] = []
        for battery in batteries {
            for keyspace in battery.keyspaces {
                sizes.append(
                    pipeline.append("ZCARD", keyspace.rank(of: battery.id, by: channel), in: keyspace, as: .integer))
                tops.append(
                    pipeline.appendTop(limit, of: battery.id, in: keyspace, by: channel, highestFirst: highestFirst))
            }
        }
        search.append(to: &pipeline)
        try connections.run(pipeline)

        var rankings: [[RankedExperiment]] = []
        var count = 0
        for (top, size) in zip(tops, sizes) {
            rankings.append(try top.value(or: [], warnings: &warnings))
            // Adds no warning, because ZRANGE has already added one if the ranking has the wrong type.
            count += try size.valueIfAvailable() ?? 0
        }
        if count == 0 { try checkChannel(channel, in: batteries, warnings: &warnings) }
        let found = try fields(of: search, in: batteries, warnings: &warnings)
        let fields = columns == nil ? nil : found
        let top = RankedExperiment.merged(rankings, limit: limit, highestFirst: highestFirst)
        let rows = try rows(of: top, in: batteries, fields: fields, warnings: &warnings)
        return Leaderboard(
            name: newest.name, versions: Set(batteries.map(\.version)).sorted(), channel: channel, order: order,
            isHighestFirst: highestFirst, count: count, columns: fields, rows: rows, warnings: warnings,
            versionsDisagree: versionsDisagree)
    }

    /// Returns the batteries with a name or id, and with a version if one is given. The newest version is last.
    ///
    /// - Throws: ``QueryError/Code/batteryNotFound(_:suggestion:)`` or
    ///   ``QueryError/Code/versionNotFound(_:battery:existing:)``, so the result is never empty.
    private func select(
        _ name: String, version: Int?, among batteries: [StoredBattery]
    ) throws(QueryError) -> [StoredBattery] {
        var selected = batteries.filter { $0.name.hasSameBytes(as: name) }
        if selected.isEmpty { selected = batteries.filter { $0.id.text == name } }
        guard !selected.isEmpty else {
            throw QueryError(
                .batteryNotFound(name, suggestion: Suggestion(for: name, among: batteries.map(\.name))))
        }
        guard let version else { return selected }
        let versions = Set(selected.map(\.version)).sorted()
        selected.removeAll { $0.version != version }
        guard !selected.isEmpty else {
            throw QueryError(.versionNotFound(version, battery: name, existing: versions))
        }
        return selected
    }

    /// Returns whether a version differs from the newest in an objective or direction that the ranking depends on.
    private func disagree(
        _ batteries: [StoredBattery], with newest: StoredBattery, channel: String, order: RankingOrder
    ) -> Bool {
        !batteries.allSatisfy {
            (channel != newest.objective || $0.objective == newest.objective)
                && (order != .bestFirst || $0.direction == newest.direction)
        }
    }
}
