import HyperoRedis
import HyperoSchema
import HyperoSearch

extension Store {
    /// Computes the importance of a battery's hyper-parameters for a channel, by PED-ANOVA.
    ///
    ///     let report = try store.importance(of: "digits mlp")
    ///     for parameter in report.importance.parameters { print(parameter.name, parameter.share ?? 0) }
    ///
    /// Reads the hyper-parameters, the status and the value of the channel of each experiment, and the distributions from which
    /// hyper-parameters were drawn. Experiments without a finite value are left out. Running experiments count with their best value
    /// so far.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil merges all versions of the name.
    ///   - channel: the channel that counts; nil for the objective of the newest version.
    ///   - filter: the condition on the experiments; nil for all.
    ///   - limit: the maximum number of experiments to read, from the newest on, 1 to 100,000. With many hyper-parameters it is at
    ///     most ``maxImportanceValues`` divided by their number.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version or channel does not exist, and
    ///   of the other categories if the limit is out of range or Redis fails.
    public func importance(
        of name: String, version: Int? = nil, by channel: String? = nil, where filter: Filter? = nil,
        limit: Int = 100_000
    ) throws(QueryError) -> ImportanceReport {
        try check(limit: limit)
        return try answer { () throws(QueryError) in
            try report(of: name, version: version, by: channel, where: filter, limit: limit)
        }
    }

    private func report(
        of name: String, version: Int?, by channel: String?, where filter: Filter?, limit: Int
    ) throws(QueryError) -> ImportanceReport {
        var warnings: [String] = []
        let subject = try rankedBatteries(
            of: name, version: version, by: channel, order: .bestFirst, warnings: &warnings)
        let (batteries, channel, direction) = (subject.batteries, subject.channel, subject.direction)
        let columns = try columns(of: batteries, warnings: &warnings)
        let isKnown = columns.contains { $0.hasSameBytes(as: Prefix.max + channel) }
        guard isKnown || subject.isByObjective else {
            throw unknownChannel(channel, among: columns, warnings: warnings)
        }
        let params = columns.filter { if case .param = FieldName($0) { true } else { false } }
        let (scales, experimentCount) = try scales(of: params, in: batteries, warnings: &warnings)

        var data = ImportanceData(
            parameters: zip(params, scales).map { ParameterValues(FieldName.unprefixed($0), scales: $1) })
        var (examinedCount, runningCount) = (0, 0)
        let limit = min(limit, max(Self.maxImportanceValues / max(params.count, 1), 1))
        var malformed: [String] = []
        var scan = ExperimentScan(
            order: .newestFirst, fields: [Prefix.max + channel, ExperimentField.status] + params)
        scan.bound(values: params.count)
        let bound = try bind(filter, to: batteries, warnings: &warnings)
        try self.scan(batteries, scan, where: bound, warnings: &warnings) { (experiments) throws(QueryError) in
            for experiment in experiments where examinedCount < limit {
                examinedCount += 1
                let objective = experiment.values.first?.flatMap { text in
                    let number = Number(text: text)
                    if number == nil {
                        addScanWarning(
                            "\(experiment.source): \(printable(Prefix.max + channel)) must be a number, not "
                                + "'\(printable(text))'", to: &malformed)
                    }
                    return number?.value
                }
                guard data.append(objective: objective, group: experiment.battery) else { continue }
                if experiment.values[1] == ExperimentStatus.running.rawValue { runningCount += 1 }
                for index in params.indices { data.append(experiment.values[2 + index], toParameter: index) }
            }
            return examinedCount < limit ? .next : .stop
        }
        return ImportanceReport(
            name: subject.newest.name, source: BatterySource(batteries), channel: channel,
            isLowestBest: direction.direction == .min, directionSource: direction.source,
            experimentCount: max(experimentCount, examinedCount), examinedCount: examinedCount,
            runningCount: runningCount, missingCount: data.missingCount, nonfiniteCount: data.nonfiniteCount,
            importance: Importance(of: data, lowestIsBest: direction.direction == .min),
            warnings: warnings + malformed, filter: filter.flatMap { $0.isEmpty ? nil : $0 })
    }

    /// The number of values of hyper-parameters that one query of the importance holds, 12 bytes each.
    public static let maxImportanceValues = 10_000_000

    /// Reads the recorded distributions and the number of experiments. One round trip.
    ///
    /// - Returns: the scales per hyper-parameter and battery.
    private func scales(
        of params: [String], in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> (scales: [[ParameterScale?]], experimentCount: Int) {
        var pipeline = CommandPipeline()
        let replies = batteries.map { battery in
            battery.keyspaces.map { keyspace in
                (
                    space: pipeline.append("HGETALL", keyspace.space(of: battery.id), in: keyspace, as: .pairs),
                    size: pipeline.append("ZCARD", keyspace.experiments(of: battery.id), in: keyspace, as: .count)
                )
            }
        }
        try connections.run(pipeline)
        var experimentCount = 0
        var spaces: [[ExactText: String]] = []
        for replies in replies {
            var space: [ExactText: String] = [:]
            for reply in replies {
                experimentCount += try reply.size.valueIfAvailable() ?? 0
                for (name, text) in try reply.space.value(or: [], warnings: &warnings) { space[ExactText(name)] = text }
            }
            spaces.append(space)
        }
        let scales = params.map { param in
            spaces.map { $0[FieldName.unprefixed(param)].flatMap { ParameterScale(distribution: $0) } }
        }
        return (scales, experimentCount)
    }

    /// Returns the error for a channel that no experiment has at its best epoch.
    private func unknownChannel(_ channel: String, among columns: [String], warnings: [String]) -> QueryError {
        guard !columns.contains(where: { $0.hasSameBytes(as: Prefix.curve + channel) }) else {
            return QueryError(.columnOnlyInCurves(Prefix.max + channel, channel: channel), warnings: warnings)
        }
        let channels = columns.compactMap { column in
            if case .maximum(let channel) = FieldName(column) { channel } else { nil }
        }
        return QueryError(
            .channelNotFound(channel, suggestion: Suggestion(for: channel, among: channels)), warnings: warnings)
    }
}
