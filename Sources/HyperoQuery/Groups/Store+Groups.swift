public import HyperoSchema

extension Store {
    /// Groups the ranked experiments of a battery, and ranks the groups by the means of their values.
    ///
    ///     let board = try store.groups(of: "digits mlp", by: .replicas)
    ///     for row in board.rows { print(row.rank, row.mean, row.standardDeviation ?? 0, row.count) }
    ///
    /// O(N): reads the fields of the groups of all ranked experiments, 500 per round trip. Holds the values of all experiments
    /// in memory.
    ///
    /// Values that a filter takes for equal are equal: `0.003` and `3e-3`. Experiments without a finite value count in
    /// ``GroupBoard/Row/memberCount`` of their group, and in no mean.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - grouping: the values that are equal within a group.
    ///   - version: the battery's version; nil for all versions of the name.
    ///   - channel: the channel to rank by; nil for the objective of the newest version.
    ///   - statuses: the statuses of the experiments; empty for all.
    ///   - since: the time before which none of the experiments has started, in Unix milliseconds; nil for any.
    ///   - filter: a condition on the experiments; nil for none.
    ///   - order: the order of the groups.
    ///   - limit: the maximum number of groups, 1 to 100,000.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version, channel or a field does not
    ///   exist, and of the other categories if an argument is not allowed or Redis fails.
    public func groups(
        of name: String, by grouping: Grouping, version: Int? = nil, channel: String? = nil,
        statuses: Set<ExperimentStatus> = [], since: Int64? = nil, where filter: Filter? = nil,
        order: RankingOrder = .bestFirst, limit: Int = 10
    ) throws(QueryError) -> GroupBoard {
        try check(limit: limit)
        return try answer { () throws(QueryError) in
            try board(
                of: name, by: grouping, version: version, channel: channel,
                condition: RankCondition(statuses: statuses, since: since, filter: filter), order: order, limit: limit)
        }
    }

    private func board(
        of name: String, by grouping: Grouping, version: Int?, channel: String?, condition: RankCondition,
        order: RankingOrder, limit: Int
    ) throws(QueryError) -> GroupBoard {
        var warnings: [String] = []
        let subject = try rankedBatteries(of: name, version: version, by: channel, order: order, warnings: &warnings)
        let (batteries, channel, isHighestFirst) = (subject.batteries, subject.channel, subject.isHighestFirst)
        let boundCondition = BoundCondition(
            condition: condition, filter: try bind(condition.filter, to: batteries, warnings: &warnings))

        var walk = MemberWalk(
            .ranking(by: channel, highestFirst: isHighestFirst), over: batteries, firstPage: ExperimentScan.maxChunk)
        var searches = names(of: grouping).map { (name: $0, search: ColumnSearch([$0], in: batteries)) }
        var pipeline = CommandPipeline()
        walk.appendPages(ahead: 1, to: &pipeline)
        for index in searches.indices { searches[index].search.append(to: &pipeline) }
        let sizes = batteries.flatMap { battery in
            battery.keyspaces.map { keyspace in
                pipeline.append("ZCARD", keyspace.experiments(of: battery.id), in: keyspace, as: .count)
            }
        }
        try connections.run(pipeline)
        try walk.readPages(warnings: &warnings)
        var experimentCount = 0
        for size in sizes { experimentCount += try size.valueIfAvailable() ?? 0 }
        if !walk.hasMore, !subject.isByObjective { try requireLogged(channel, in: batteries, warnings: &warnings) }
        var fields: [String] = []
        if case .fields = grouping {
            for (name, search) in searches {
                let found = try self.fields(of: search, in: batteries, warnings: &warnings)
                for field in try Self.groupingFields(found, of: name)
                where !fields.contains(where: { $0.hasSameBytes(as: field) }) { fields.append(field) }
            }
        } else {
            fields = try columns(of: batteries, warnings: &warnings).filter { column in
                guard case .param(let name) = FieldName(column) else { return false }
                return grouping == .parameters || name != "seed"
            }.map { ExactText($0) }.sorted().map(\.text)
            // A training of another version is no repetition.
            if batteries.count > 1 {
                let isVersion = Set(batteries.map(\.version)).count == batteries.count
                fields.append(isVersion ? Self.versionPart : ExperimentField.battery)
            }
        }

        var collection = ExperimentGroup.Collection()
        var best: RankedExperiment?
        var count = 0
        var ranked: Set<RankedMember> = []
        var problems: [String] = []
        try survey(
            &walk, ranked: [], where: boundCondition,
            fields: fields + [ExperimentField.status, ExperimentField.nonfinite], in: batteries, warnings: &warnings,
            visited: { ranked.insert(RankedMember($0.member)) }
        ) { member, experiment in
            if best == nil { best = member }
            if experiment.isEmpty {
                addScanWarning("\(experiment.source) is ranked, but its hash is missing", to: &problems)
            }
            count += 1
            collection.add(
                member, stored: Self.values(of: experiment, in: batteries, fields: fields),
                // Those of the wanted statuses count as done.
                outcome: .init(
                    isDone: !condition.statuses.isEmpty || experiment.liveness?.status == .done,
                    nonfinite: experiment[ExperimentField.nonfinite]))
        }
        for problem in problems { addScanWarning(problem, to: &warnings) }
        if ranked.count != experimentCount {
            try surveyUnranked(
                besides: ranked, where: boundCondition, fields: fields, in: batteries, warnings: &warnings
            ) { collection.addUnranked(stored: Self.values(of: $0, in: batteries, fields: fields)) }
        }
        let groups = collection.groups.map { (group: $0, spread: Spread($0.values)) }
        var noise = Noise(groups: collection.groups)
        if noise == nil, let best { noise = try self.noise(in: best, channel: channel, warnings: &warnings) }
        return GroupBoard(
            name: subject.newest.name, channel: channel, isHighestFirst: isHighestFirst, grouping: grouping,
            fields: fields,
            count: count, experimentCount: max(experimentCount, count),
            unrankedCount: collection.unrankedCount, groupCount: groups.count,
            emptyGroupCount: collection.emptyGroupCount, noise: noise,
            rows: GroupBoard.rows(of: groups, isHighestFirst: isHighestFirst, noise: noise, limit: limit),
            warnings: warnings, condition: condition, versionsDisagree: subject.versionsDisagree,
            isByObjective: subject.isByObjective,
            source: BatterySource(batteries), filterUse: boundCondition.filter?.use)
    }

    /// Estimates the noise from the learning curve of the best experiment; nil if it is too short.
    private func noise(
        in best: RankedExperiment, channel: String, warnings: inout [String]
    ) throws(QueryError) -> Noise? {
        guard let id = ExperimentID(best.experiment) else { return nil }
        var pipeline = CommandPipeline()
        let key = best.keyspace.curve(of: id)
        let rows = pipeline.append("HGETALL", key, in: best.keyspace, as: .pairs)
        try connections.run(pipeline)
        let curves = LearningCurves(rows: try rows.value(or: [], warnings: &warnings), key: key, warnings: &warnings)
        guard let values = curves[channel] else { return nil }
        return Noise(curve: values, of: best.experiment)
    }

    private func names(of grouping: Grouping) -> [String] {
        if case .fields(let names) = grouping { names } else { [] }
    }

    /// The part of a result by which experiments can be grouped, although it is no field of their hashes.
    private static let versionPart = "version"

    /// Returns the fields of one name by which experiments are grouped.
    ///
    /// - Throws: ``QueryError/Code/invalidArgument(reason:)`` if the name denotes a value of each experiment alone.
    private static func groupingFields(_ found: [String], of name: String) throws(QueryError) -> [String] {
        if found.isEmpty, name == versionPart { return [versionPart] }
        guard !found.isEmpty, !found.contains(OwnField.lastSeen), OwnField.spans.isDisjoint(with: found) else {
            throw QueryError(
                .invalidArgument(
                    reason:
                        "experiments must be grouped by hyper-parameters, metadata, channels, version or fields such as "
                        + "status, not by '\(printable(name))'"))
        }
        return found
    }

    /// Returns the values of the grouping fields as a user reads them: with the status `lost`.
    private static func values(
        of experiment: ScannedExperiment, in batteries: [StoredBattery], fields: [String]
    ) -> [String?] {
        fields.enumerated().map { index, field in
            switch field {
            case versionPart: String(batteries[experiment.battery].version)
            case ExperimentField.status: experiment.liveness?.status?.rawValue
            default: experiment.values.indices.contains(index) ? experiment.values[index] : nil
            }
        }
    }
}
