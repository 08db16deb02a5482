import HyperoRedis
public import HyperoSchema

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
    /// For ``RankedValue/bestOfCurve``, and if no experiment has a finite maxima value of the channel, all learning curves of the
    /// battery are read, and each experiment is ranked by the best value of its curve: O(N) with the size of the curves, see
    /// ``Leaderboard/curveScan``. The values at the best epochs of the objective are never replaced, because its best value is
    /// always in the maxima.
    ///
    /// With statuses, a start time or a filter, the fields that they name are read from the first experiment on, 128 and then up
    /// to 500 in each round trip, until k are found or the ranking ends. A filter needs one more round trip for the columns of the
    /// battery.
    ///
    /// Equal values have equal ranks. They are in the order of Redis: by the bytes of the experiment's id, descending if
    /// the highest value is first.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil merges all versions of the name.
    ///   - channel: the channel to rank by; nil for the objective of the newest version.
    ///   - value: the value of the channel that counts.
    ///   - statuses: the statuses of the experiments to rank; empty for all.
    ///   - since: the time before which none of the experiments to rank has started, in Unix milliseconds; nil for any.
    ///   - filter: a condition on the experiments to rank; nil for none.
    ///   - order: the order of the rows. By default the best value is first: by the declared direction of the channel, else
    ///     by its name, see ``DirectionSource``.
    ///   - limit: the maximum number of rows, 1 to 100,000.
    ///   - columns: the fields to read of each experiment, with or without prefix (`param.lr`, `lr`), or patterns with `*` and
    ///     `?` (`param.*`); nil reads all. A name that is itself a column is no pattern.
    ///   - sort: the fields by which the rows are sorted, absent values and nan last; empty for the order of the ranking. The
    ///     ranks stay those of the values. All ranked experiments are read.
    ///   - pareto: the criteria of the Pareto front to which the rows are reduced, the best by the first criterion first; empty
    ///     for all rows. All ranked experiments are read.
    ///   - atBest: the channels, or patterns of them, whose values at the best epoch a table shows; nil for all. With
    ///     `columns`, they are read in addition.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version, channel or a column
    ///   does not exist, and of the other categories if the limit is out of range or Redis fails.
    public func leaderboard(
        of name: String, version: Int? = nil, by channel: String? = nil, value: RankedValue = .atBestEpoch,
        statuses: Set<ExperimentStatus> = [], since: Int64? = nil, where filter: Filter? = nil,
        order: RankingOrder = .bestFirst,
        sort: [SortField] = [], pareto: [ParetoCriterion] = [], limit: Int = 10, columns: [String]? = nil,
        atBest: [String]? = nil
    ) throws(QueryError) -> Leaderboard {
        try check(limit: limit)
        return try answer { () throws(QueryError) in
            try board(
                of: name, version: version, by: channel, value: value,
                condition: RankCondition(statuses: statuses, since: since, filter: filter), order: order, sort: sort,
                pareto: pareto, limit: limit, columns: columns, atBest: atBest)
        }
    }

    private func board(
        of name: String, version: Int?, by channel: String?, value: RankedValue, condition: RankCondition,
        order: RankingOrder, sort: [SortField], pareto: [ParetoCriterion], limit: Int, columns: [String]?,
        atBest: [String]?
    ) throws(QueryError) -> Leaderboard {
        var warnings: [String] = []
        let subject = try rankedBatteries(of: name, version: version, by: channel, order: order, warnings: &warnings)
        let (batteries, newest, channel) = (subject.batteries, subject.newest, subject.channel)
        let highestFirst = subject.isHighestFirst

        let scanOrder = ScanOrder.ranking(by: channel, highestFirst: highestFirst)
        var walk = MemberWalk(scanOrder, over: batteries, firstPage: 4 * ExperimentScan.firstSearchChunk)
        let boundCondition = BoundCondition(
            condition: condition, filter: try bind(condition.filter, to: batteries, warnings: &warnings))
        var request = RankArrangement(sort: sort, criteria: pareto, in: batteries)
        let isSearch = !condition.isEmpty || !request.isEmpty
        var search = ColumnSearch(columns ?? [], in: batteries)
        var channelSearch = ColumnSearch(Self.maximaColumns(atBest ?? []), in: batteries)
        var pipeline = CommandPipeline()
        var sizes: [(ranked: PendingReply<Int>, all: PendingReply<Int>)] = []
        var tops: [PendingReply<[RankedExperiment]>] = []
        for battery in batteries {
            for keyspace in battery.keyspaces {
                sizes.append(
                    (
                        pipeline.append(
                            "ZCARD", keyspace.rank(of: battery.id, by: channel), in: keyspace, as: .count),
                        pipeline.append("ZCARD", keyspace.experiments(of: battery.id), in: keyspace, as: .count)
                    ))
                guard !isSearch else { continue }
                tops.append(
                    pipeline.appendTop(limit, of: battery.id, in: keyspace, by: channel, highestFirst: highestFirst))
            }
        }
        if isSearch { walk.appendPages(ahead: 1, to: &pipeline) }
        let isByObjective = subject.isByObjective
        var curveColumns: [PendingReply<Bool>] = []
        if !isByObjective, value == .atBestEpoch {
            curveColumns = appendLookup(of: Prefix.curve + channel, in: batteries, to: &pipeline)
        }
        search.append(to: &pipeline)
        channelSearch.append(to: &pipeline)
        request.append(to: &pipeline, batteries)
        try connections.run(pipeline)

        var rankings: [[RankedExperiment]] = []
        var count = 0
        var experimentCount = 0
        for top in tops { rankings.append(try top.value(or: [], warnings: &warnings)) }
        try walk.readPages(warnings: &warnings)
        for size in sizes {
            // Adds no warning, because ZRANGE has already added one if the ranking has the wrong type.
            count += try size.ranked.valueIfAvailable() ?? 0
            experimentCount += try size.all.valueIfAvailable() ?? 0
        }
        var top = RankedExperiment.merged(rankings, limit: limit, highestFirst: highestFirst)
        var unindexed: UnindexedRanking?
        if count == 0 || value == .bestOfCurve {
            unindexed = try rankWithoutIndex(
                channel, isObjective: isByObjective && value == .atBestEpoch, in: batteries,
                limit: isSearch ? .max : limit,
                highestFirst: highestFirst,
                warnings: &warnings)
            top = unindexed?.top ?? []
            count = unindexed?.count ?? 0
        }
        let found = try fields(of: search, in: batteries, warnings: &warnings)
        let channels =
            atBest == nil ? nil : try self.fields(of: channelSearch, in: batteries, warnings: &warnings)
        let arranged = try request.fields(in: self, batteries, warnings: &warnings)
        var requested = columns == nil ? nil : found
        for field in channels ?? []
        where !(requested?.contains { $0.hasSameBytes(as: field) } ?? true) { requested?.append(field) }
        var fields = requested
        for field in arranged.stored
        where !(fields?.contains { $0.hasSameBytes(as: field) } ?? true) { fields?.append(field) }
        var isLoggedInCurves = false
        for column in curveColumns where try column.valueIfAvailable() ?? false { isLoggedInCurves = true }
        var examinedCount = top.count
        var arrangement: Arrangement?
        if isSearch {
            if unindexed != nil {
                walk = MemberWalk(of: ScanMember.members(of: top, in: batteries), order: scanOrder)
            }
            if request.isEmpty {
                let selection = try select(boundCondition, from: &walk, ranked: top, in: batteries, limit: limit)
                top = selection.selected
                examinedCount = selection.examinedCount
            } else {
                let chosen = try arrange(
                    &walk, ranked: top, by: request, fields: arranged, where: boundCondition, in: batteries,
                    limit: limit)
                top = chosen.rows
                arrangement = chosen
                examinedCount = count
            }
        }
        let rows = try rows(
            of: top, by: channel, highestFirst: highestFirst, in: batteries, fields: fields, warnings: &warnings)
        return Leaderboard(
            name: newest.name, versions: Set(batteries.map(\.version)).sorted(), channel: channel,
            rankedValue: value, condition: condition, sort: sort,
            criteria: zip(pareto, arranged.directions).map { ParetoCriterion($0.name, $1) },
            missingCounts: arrangement?.missingCounts ?? [], memberCount: arrangement?.memberCount ?? count,
            rowCount: arrangement?.count ?? count,
            order: order, isHighestFirst: highestFirst,
            directionSource: subject.direction.source,
            leader: rows.first { $0.rank == 1 }.map { Leaderboard.Leader(experiment: $0.experiment, number: $0.number) }
                ?? arrangement?.first.map { Leaderboard.Leader(experiment: $0.experiment, number: Number($0.value)) },
            count: count,
            examinedCount: examinedCount, isFull: rows.count == limit,
            // Keys that another client wrote may contain a ranked experiment that is in no list.
            experimentCount: max(experimentCount, count), curveScan: unindexed?.scan,
            isLoggedInCurves: isLoggedInCurves && unindexed == nil,
            loggedChannels: unindexed?.channels ?? [], rankableChannels: unindexed?.rankableChannels ?? [],
            hasNonfinite: unindexed?.hasNonfinite ?? false, isRankingMissing: unindexed?.isMissing ?? false,
            columns: requested, arranged: arranged.stored,
            atBest: channels,
            prefixedOwnFields: ColumnSearch.prefixedOwnFields(in: columns),
            rows: rows, warnings: warnings,
            versionsDisagree: subject.versionsDisagree, isByObjective: isByObjective,
            source: BatterySource(batteries), objective: newest.objective, filterUse: boundCondition.filter?.use)
    }

    /// Returns the columns of the maxima of channels. `epoch` is none: it has a column of its own.
    private static func maximaColumns(_ channels: [String]) -> [String] {
        channels.map { $0.dropping(prefix: Prefix.max) == nil ? Prefix.max + $0 : $0 }.filter {
            $0 != ExperimentField.maxEpoch
        }
    }
}
