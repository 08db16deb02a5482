import HyperoSchema

/// The rows of a ranking that are chosen or sorted by other values than the ranked one. All ranked experiments are read.
struct RankArrangement {
    /// The fields by which the rows are sorted; empty for the order of the ranking.
    let sort: [SortField]
    /// The criteria of the front to which the rows are reduced; empty for all rows.
    let criteria: [ParetoCriterion]
    private var sortSearch: RankFieldSearch
    private var criteriaSearch: RankFieldSearch
    /// The directions that the newest battery declares: one reply per partition for each criterion without direction.
    private var declarations: [[PendingReply<[String?]>]] = []

    init(sort: [SortField], criteria: [ParetoCriterion], in batteries: [StoredBattery]) {
        self.sort = sort
        self.criteria = criteria
        sortSearch = RankFieldSearch(sort.map(\.name), in: batteries)
        criteriaSearch = RankFieldSearch(criteria.map(\.name), in: batteries)
    }

    /// True if the rows are those of the ranking in its order.
    var isEmpty: Bool { sort.isEmpty && criteria.isEmpty }

    /// Appends the commands that find the fields.
    mutating func append(to pipeline: inout CommandPipeline, _ batteries: [StoredBattery]) {
        sortSearch.append(to: &pipeline)
        criteriaSearch.append(to: &pipeline)
        guard let newest = batteries.last else { return }
        declarations = criteria.map { criterion in
            guard criterion.direction == nil else { return [] }
            let field = Prefix.direction + FieldName.unprefixed(criterion.name)
            return newest.keyspaces.map { keyspace in
                pipeline.append("HMGET", keyspace.battery(newest.id), field, in: keyspace, as: .optionalStrings)
            }
        }
    }

    /// The fields that the names denote, with the directions of the criteria.
    struct Fields {
        let sort: [RankField]
        let criteria: [RankField]
        let directions: [Direction]

        /// The fields, without duplicates.
        var stored: [String] {
            var names: [String] = []
            for name in (criteria + sort).compactMap(\.stored)
            where !names.contains(where: { $0.hasSameBytes(as: name) }) { names.append(name) }
            return names
        }

        /// The fields to read: the sources of a duration in its place.
        var sources: [String] {
            let names = stored
            let hasSpans = names.contains(where: OwnField.spans.contains)
            let others = names.filter { !OwnField.spans.contains($0) }
            return others + (hasSpans ? OwnField.spanSources.filter { !others.contains($0) } : [])
        }
    }

    /// Returns the fields. The pipeline of ``append(to:)`` must have run.
    func fields(
        in store: Store, _ batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> Fields {
        let criteriaFields = try criteriaSearch.fields(in: store, batteries, warnings: &warnings)
        var directions: [Direction] = []
        for (index, field) in criteriaFields.enumerated() {
            var declared: Direction?
            for reply in declarations[index] where declared == nil {
                declared = try reply.value(or: [], warnings: &warnings).first.flatMap(\.self).flatMap {
                    Direction(rawValue: $0)
                }
            }
            directions.append(
                try criteria[index].direction(of: field, in: batteries[batteries.count - 1], declared: declared))
        }
        return Fields(
            sort: try sortSearch.fields(in: store, batteries, warnings: &warnings), criteria: criteriaFields,
            directions: directions)
    }
}

extension ParetoCriterion {
    /// Returns the direction of the criterion.
    ///
    /// - Parameters:
    ///   - field: the field that the name denotes.
    ///   - battery: the newest battery.
    ///   - declared: the direction of the channel that the battery declares.
    /// - Throws: ``QueryError/Code/invalidArgument(reason:)`` if the direction is not known.
    fileprivate func direction(
        of field: RankField, in battery: StoredBattery, declared: Direction?
    ) throws(QueryError) -> Direction {
        if let direction { return direction }
        switch field.stored.map({ ($0, FieldName($0)) }) {
        case (_, .maximum(let channel))?:
            if channel.hasSameBytes(as: battery.objective) { return battery.direction }
            if let declared { return declared }
            if Direction.isLowerBetter(named: channel) { return .min }
        case (_, .meta(let name))? where Direction.isLowerBetter(named: name): return .min
        case (OwnField.duration, _)?: return .min
        default: break
        }
        throw QueryError(
            .invalidArgument(
                reason: "the better direction of '\(printable(name))' is not known. Write \(printable(name)):max or "
                    + "\(printable(name)):min"))
    }
}

extension Store {
    /// Reads all experiments of a walk that fulfil a condition, and chooses and sorts them.
    ///
    /// O(N) hashes, 500 per round trip. Holds the values of the fields of all experiments in memory.
    ///
    /// - Parameter ranked: the experiments of the walk if they were read already; empty otherwise.
    func arrange(
        _ walk: inout MemberWalk, ranked: [RankedExperiment], by arrangement: RankArrangement,
        fields: RankArrangement.Fields, where condition: BoundCondition, in batteries: [StoredBattery], limit: Int
    ) throws(QueryError) -> Arrangement {
        var members: [RankedExperiment] = []
        var values: [[SortValue]] = []
        var points: [[Double]] = []
        var missing = fields.criteria.map { _ in 0 }
        // The rows report the malformed values of the hashes that are shown.
        var ignored: [String] = []
        try survey(
            &walk, ranked: ranked, where: condition, fields: fields.sources, in: batteries, warnings: &ignored
        ) { member, experiment in
            let battery = batteries[experiment.battery]
            let rank = member.rank ?? 0
            members.append(member)
            values.append(fields.sort.map { $0.value(of: experiment, rank: rank, battery: battery) })
            guard !fields.criteria.isEmpty else { return }
            points.append(
                fields.criteria.indices.map { index in
                    let value = fields.criteria[index].value(of: experiment, rank: rank, battery: battery)
                    guard case .number(let number) = value, number.value.isFinite else {
                        missing[index] += 1
                        return .nan
                    }
                    return fields.directions[index] == .max ? -number.value : number.value
                })
        }
        var rows = fields.criteria.isEmpty ? Array(members.indices) : ParetoFront.indexes(of: points)
        rows.sort { left, right in
            if let precedes = SortValue.precedes(values[left], values[right], by: arrangement.sort) { return precedes }
            if !fields.criteria.isEmpty, points[left] != points[right] {
                return points[left].lexicographicallyPrecedes(points[right])
            }
            return left < right
        }
        return Arrangement(
            rows: rows.prefix(limit).map { members[$0] }, count: rows.count, memberCount: members.count,
            first: members.first, missingCounts: missing)
    }

    /// The rows of a ranking that are chosen or sorted by other values.
    struct Arrangement {
        /// The first rows with their ranks.
        let rows: [RankedExperiment]
        /// The number of rows without the limit.
        let count: Int
        /// The number of ranked experiments that fulfil the condition.
        let memberCount: Int
        /// The experiment of the first rank.
        let first: RankedExperiment?
        /// The numbers of experiments without a finite number, by criterion.
        let missingCounts: [Int]
    }

    /// Reads all experiments of a walk, and passes those that fulfil a condition to the body, with their ranks among them.
    ///
    /// - Parameters:
    ///   - ranked: the experiments of the walk if they were read already, by their learning curves; empty otherwise.
    ///   - fields: the fields to read. The status and the last sign of life are read if one of them or the condition needs
    ///     them.
    ///   - visited: called with each experiment, also if it does not fulfil the condition.
    func survey(
        _ walk: inout MemberWalk, ranked: [RankedExperiment], where condition: BoundCondition, fields: [String],
        in batteries: [StoredBattery], warnings: inout [String], visited: (ScannedExperiment) -> Void = { _ in },
        body: (RankedExperiment, ScannedExperiment) -> Void
    ) throws(QueryError) {
        let needsLiveness = fields.contains { $0 == ExperimentField.status || $0 == OwnField.lastSeen }
        let request = HashRequest(
            fields: fields + condition.fields, hasLiveness: needsLiveness || condition.needsLiveness, of: batteries)
        var position = 0
        var all = RankCounter()
        var fulfilling = RankCounter()
        var bounds = ExperimentScan(order: walk.order, fields: nil)
        bounds.bound(values: fields.count)
        try scan(
            &walk, request, firstChunk: bounds.firstChunk, largestChunk: bounds.largestChunk, warnings: &warnings
        ) { (experiments) throws(QueryError) in
            for experiment in experiments {
                defer { position += 1 }
                visited(experiment)
                let rank = all.next(experiment.score)
                guard condition.holds(for: experiment, rank: rank, firstValue: fields.count) else { continue }
                var member =
                    position < ranked.count
                    ? ranked[position] : RankedExperiment(experiment.member, in: batteries)
                member.rank = fulfilling.next(member.value)
                body(member, experiment)
            }
            return .next
        }
    }
}
