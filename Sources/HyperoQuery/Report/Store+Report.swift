import HyperoRedis
import HyperoSchema
import HyperoSearch

extension Store {
    /// The largest number of rows of a report.
    package static let maxReportRows = 20_000
    /// The number of values of a report's rows, which bounds its memory.
    private static let maxReportValues = 4_000_000
    private static let curvesPerRoundTrip = 32

    /// Reads all that a page of a battery shows.
    ///
    /// Reads the fields of the best experiments, 500 per round trip, the importance of the hyper-parameters, which reads them of up
    /// to 100,000 experiments, and the learning curves of the first 200 rows. The noise is that of the rows, and of all experiments if
    /// some were left out, which are read for it.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil for all versions of the name.
    ///   - filter: a condition on the experiments; nil for none.
    ///   - limit: the number of rows, 1 to ``maxReportRows``.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery or version does not exist, and of the
    ///   other categories if the filter is not valid or Redis fails.
    package func report(
        of name: String, version: Int? = nil, where filter: Filter? = nil, limit: Int = maxReportRows
    ) throws(QueryError) -> BatteryReport {
        try answer { () throws(QueryError) in
            try readReport(of: name, version: version, where: filter, limit: limit)
        }
    }

    private func readReport(
        of name: String, version: Int?, where filter: Filter?, limit: Int
    ) throws(QueryError) -> BatteryReport {
        var warnings: [String] = []
        let subject = try rankedBatteries(of: name, version: version, by: nil, order: .bestFirst, warnings: &warnings)
        let batteries = subject.batteries
        let bound = try bind(filter, to: batteries, warnings: &warnings)
        var columns = ReportColumns(
            try self.columns(of: batteries, warnings: &warnings), objective: subject.channel, in: batteries)
        let limit = min(limit, max(Self.maxReportValues / columns.fields.count, 1))

        let isCut = try readRows(
            into: &columns, of: subject, where: bound, limit: limit, warnings: &warnings)
        let curves = try readCurves(of: columns.members, objective: subject.channel, warnings: &warnings)
        let importance = try importance(of: name, version: version, where: filter)
        var noise = columns.noise(curve: curves.best)
        var groupWarnings: [String] = []
        if isCut {
            let groups = try groups(of: name, by: .replicas, version: version, where: filter, limit: 1)
            (noise, groupWarnings) = (groups.noise, groups.warnings)
        }
        var scales: [String: BatteryReport.Scale] = [:]
        for parameter in importance.importance.parameters {
            scales[parameter.name] = BatteryReport.Scale(parameter.scale)
        }
        for warning in importance.warnings + groupWarnings where !warnings.contains(warning) {
            warnings.append(warning)
        }
        let found = columns.columns(scales: scales)
        let lowestIsBest = try channelsWithLowBest(
            found.filter { $0.kind == .maximum }.map(\.label), in: subject.newest, warnings: &warnings)
        let source = BatterySource(batteries)
        let searches = try searches(of: batteries, warnings: &warnings)
        return BatteryReport(
            name: subject.newest.name, ids: source.batteries.map(\.id), versionsText: source.versionsText,
            description: subject.newest.description, objective: subject.channel,
            isHighestBest: subject.isHighestFirst, lowestIsBest: lowestIsBest, now: clock(),
            total: max(importance.experimentCount, columns.count), filter: filter,
            count: columns.count, isCut: isCut, columns: found, channels: curves.channels,
            lines: curves.lines, importance: importance, noise: noise, searches: searches,
            warnings: warnings)
    }

    /// Returns those of some channels of which low values are better, by their declarations or names.
    private func channelsWithLowBest(
        _ channels: [String], in battery: StoredBattery, warnings: inout [String]
    ) throws(QueryError) -> [String] {
        guard let keyspace = battery.keyspaces.first, !channels.isEmpty else { return [] }
        var pipeline = CommandPipeline()
        let reply = pipeline.append(
            arguments: ["HMGET", keyspace.battery(battery.id)] + channels.map { Prefix.direction + $0 }, in: keyspace,
            as: .optionalStrings)
        try connections.run(pipeline)
        let declared = try reply.value(or: [], warnings: &warnings)
        return channels.enumerated().filter { index, channel in
            let direction = declared.indices.contains(index) ? declared[index].flatMap(Direction.init) : nil
            return battery.direction(of: channel, declared: direction) == .min
        }.map(\.element)
    }

    /// Reads the ranked experiments, then those without a rank, the newest first.
    ///
    /// - Returns: true if there are more experiments than the limit.
    private func readRows(
        into columns: inout ReportColumns, of subject: RankedBatteries, where filter: BatteryFilter?, limit: Int,
        warnings: inout [String]
    ) throws(QueryError) -> Bool {
        let batteries = subject.batteries
        var scan = ExperimentScan(
            order: .ranking(by: subject.channel, highestFirst: subject.isHighestFirst), fields: columns.fields,
            hasLiveness: true)
        scan.bound(values: columns.fields.count)
        var isCut = false
        var problems: [String] = []
        try self.scan(batteries, scan, where: filter, warnings: &warnings) { (experiments) throws(QueryError) in
            for experiment in experiments {
                guard columns.count < limit else {
                    isCut = true
                    return .stop
                }
                if experiment.isEmpty {
                    addScanWarning("\(experiment.source) is ranked, but its hash is missing", to: &problems)
                }
                append(experiment, to: &columns, isRanked: true)
            }
            return .next
        }
        for problem in problems { addScanWarning(problem, to: &warnings) }
        guard !isCut else { return true }
        var walk = MemberWalk(.newestFirst, over: batteries, firstPage: 4 * ExperimentScan.maxChunk)
        let missing = limit - columns.count
        var members = try members(
            of: &walk, where: filter, in: batteries, limit: missing + 1,
            probe: { member, pipeline in
                let key = member.keyspace.rank(of: batteries[member.battery].id, by: subject.channel)
                return pipeline.append("ZSCORE", key, member.experiment, in: member.keyspace, as: .isNotNull)
            })
        if members.count > missing {
            isCut = true
            members.removeLast(members.count - missing)
        }
        guard !members.isEmpty else { return isCut }
        var unranked = MemberWalk(of: members)
        let request = HashRequest(fields: scan.fields, hasLiveness: true, of: batteries)
        try self.scan(
            &unranked, request, firstChunk: scan.firstChunk, largestChunk: scan.largestChunk, warnings: &warnings
        ) { experiments in
            for experiment in experiments { append(experiment, to: &columns, isRanked: false) }
            return .next
        }
        return isCut
    }

    private func append(_ experiment: ScannedExperiment, to columns: inout ReportColumns, isRanked: Bool) {
        guard !experiment.isEmpty, experiment.values.count >= columns.fields.count else { return }
        columns.append(experiment, isRanked: isRanked)
    }

    /// Reads the learning curves of experiments.
    ///
    /// - Parameter others: the number of experiments whose curves of other channels than the objective are kept.
    func readCurves(
        of members: [ScanMember], objective: String, others: Int = ReportCurves.maxOfOthers, warnings: inout [String]
    ) throws(QueryError) -> ReportCurves {
        var curves = ReportCurves(objective: objective, others: others)
        let members = members.prefix(ReportCurves.maxExperiments)
        var start = 0
        while start < members.count {
            let part = members[start..<min(start + Self.curvesPerRoundTrip, members.count)]
            var pipeline = CommandPipeline()
            let replies = part.map { member in
                member.id.map { id in
                    let key = member.keyspace.curve(of: id)
                    return (key, pipeline.append("HGETALL", key, in: member.keyspace, as: .pairs))
                }
            }
            try connections.run(pipeline)
            for (offset, reply) in replies.enumerated() {
                guard let (key, reply) = reply else { continue }
                let rows = try reply.value(or: [], warnings: &warnings)
                curves.add(LearningCurves(rows: rows, key: key, warnings: &warnings), row: start + offset)
            }
            start = part.endIndex
        }
        return curves
    }
}
