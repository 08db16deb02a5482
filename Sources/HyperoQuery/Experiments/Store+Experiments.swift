import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the experiments of a battery, newest first.
    ///
    ///     let lost = try store.experiments(of: "digits mlp", filter: ExperimentFilter(statuses: [.lost]))
    ///
    /// Without a filter, costs O(log N + k) and four round trips, as a ranking does. A filter looks at the experiments from
    /// the newest on, up to 500 in each round trip, until it has found k.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil merges all versions of the name.
    ///   - filter: the experiments to list.
    ///   - limit: the maximum number of experiments, 1 to 100,000.
    ///   - columns: the fields to read of each experiment, with or without prefix (`param.lr`, `lr`); nil reads all.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version, a column or the channel of
    ///   the filter does not exist, and of the other categories if the limit is out of range or Redis fails.
    public func experiments(
        of name: String, version: Int? = nil, filter: ExperimentFilter = ExperimentFilter(), limit: Int = 20,
        columns: [String]? = nil
    ) throws(QueryError) -> ExperimentList {
        try check(limit: limit)
        return try answer { () throws(QueryError) in
            try list(of: name, version: version, filter: filter, limit: limit, columns: columns)
        }
    }

    private func list(
        of name: String, version: Int?, filter: ExperimentFilter, limit: Int, columns: [String]?
    ) throws(QueryError) -> ExperimentList {
        var warnings: [String] = []
        let batteries = try storedBatteries(of: name, version: version, warnings: &warnings)
        let newest = batteries[batteries.count - 1]
        // Without a filter, the first chunk of a small list is all of it.
        let chunk = filter.isEmpty ? min(limit, ExperimentScan.maxChunk) : ExperimentScan.maxChunk

        var search = ColumnSearch(columns ?? [], in: batteries)
        var pipeline = CommandPipeline()
        let sizes = batteries.flatMap { battery in
            battery.keyspaces.map {
                pipeline.append("ZCARD", $0.experiments(of: battery.id), in: $0, as: .count)
            }
        }
        var walk = MemberWalk(.newestFirst, over: batteries, firstPage: chunk)
        walk.appendPages(ahead: 1, to: &pipeline)
        search.append(to: &pipeline)
        let indexSizes = indexSizes(of: filter, in: batteries, pipeline: &pipeline)
        try connections.run(pipeline)
        let index = try unrankedIndex(of: filter, sizes: indexSizes, in: batteries, warnings: &warnings)
        var count = 0
        for size in sizes { count += try size.valueIfAvailable() ?? 0 }
        let found = try fields(of: search, in: batteries, warnings: &warnings)
        let fields = columns == nil ? nil : found

        var rows: [ExperimentList.Row] = []
        var examinedCount = 0
        try walk.readPages(warnings: &warnings)
        let request = HashRequest(fields: fields.map { _ in [] }, hasLiveness: true, of: batteries) { battery in
            ExperimentList.fixedFields + [Prefix.max + battery.objective] + (fields ?? [])
        }
        var probe = filter.isUnranked ? index.probe(channel: filter.channel, batteries: batteries) : nil
        var statuses = filter.statuses
        let expression = try bind(filter.expression, to: batteries, warnings: &warnings)
        if let expression {
            // Only the fields of the expression are read of all experiments.
            let found = try members(
                of: &walk, where: expression, statuses: statuses, in: batteries, limit: limit, probe: probe,
                examined: { examinedCount = $0 })
            walk = MemberWalk(of: found)
            statuses = []
            probe = nil
        }
        var problems: [String] = []
        try scan(&walk, request, firstChunk: chunk, probe: probe, warnings: &warnings) {
            (experiments) throws(QueryError) in
            for experiment in experiments where rows.count < limit {
                if expression == nil { examinedCount += 1 }
                guard try !(experiment.probe?.value(or: false, warnings: &problems) ?? false) else { continue }
                if experiment.isEmpty {
                    addScanWarning("\(experiment.source) is listed, but its hash is missing", to: &problems)
                }
                if !statuses.isEmpty, !(experiment.liveness?.status.map(statuses.contains) ?? false) { continue }
                rows.append(Self.row(of: experiment, in: batteries[experiment.battery], warnings: &problems))
            }
            return rows.count < limit ? .next : .stop
        }
        warnings += problems
        return ExperimentList(
            name: newest.name, versions: Set(batteries.map(\.version)).sorted(), objective: newest.objective,
            source: BatterySource(batteries), count: max(count, rows.count), examinedCount: examinedCount,
            filter: filter,
            isFilteredByCurves: index.isByCurves, columns: fields,
            prefixedOwnFields: ColumnSearch.prefixedOwnFields(in: columns), rows: rows, warnings: warnings,
            filterUse: expression?.use)
    }

    private static func row(
        of experiment: ScannedExperiment, in battery: StoredBattery, warnings: inout [String]
    ) -> ExperimentList.Row {
        var reader = experiment.reader()
        let hash = ExperimentHash(&reader)
        let row = ExperimentList.Row(
            experiment: experiment.experiment, battery: battery.id.text, batteryName: battery.name,
            batteryVersion: battery.version,
            liveness: experiment.liveness ?? .unknown,
            started: reader.integer(ExperimentField.started)
                ?? Int64(exactly: experiment.score.rounded()) ?? 0,
            lastEpoch: reader.integer(ExperimentField.epochs).map { Int($0) }, bestEpoch: hash.bestEpoch,
            objective: battery.objective,
            number: hash.maxima.first { $0.channel.hasSameBytes(as: battery.objective) }?.number,
            host: hash.fields[ExperimentField.host], reason: hash.fields[ExperimentField.reason], maxima: hash.maxima,
            params: hash.params, meta: hash.meta, fields: hash.fields)
        for warning in reader.warnings { addScanWarning(warning, to: &warnings) }
        return row
    }
}
