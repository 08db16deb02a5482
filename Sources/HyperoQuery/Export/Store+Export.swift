import HyperoRedis
import HyperoSchema

extension Store {
    /// Writes all experiments of a battery, one row each, or their learning curves.
    ///
    /// The rows go to the sink in chunks of about 256 KiB while they are read, so that the memory does not depend on the number of
    /// experiments. Only an order by a hyper-parameter, metadata or another field keeps the id and the field of each.
    ///
    /// The columns are `experiment battery name version status reason host seed attempt started last_seen epochs epoch source`, then
    /// `max.…`, `param.…` and `meta.…`: those that any experiment has, or the requested ones. Times are in UTC by ISO 8601. An
    /// experiment that starts, or changes its place in the order, during the export may be missing or be written twice.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - request: the experiments, columns and form.
    ///   - progress: called before each chunk is written, with the number of experiments so far and of all.
    ///   - sink: receives the text in order. The bytes are valid during the call.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version or a column does not exist, and
    ///   of the other categories if an argument is out of range or Redis fails; any error of the sink.
    @discardableResult
    public func export(
        _ name: String, _ request: ExportRequest = ExportRequest(),
        progress: (_ count: Int, _ of: Int) -> Void = { _, _ in },
        to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> ExportSummary {
        try check(request)
        var warnings: [String] = []
        let batteries = try exportedBatteries(of: name, request, warnings: &warnings)
        let (columns, total) = try exportedColumns(of: batteries, warnings: &warnings)
        var selection = ExportSelection(among: columns)
        let order = ExportOrder(field: try request.orderBy.map { try selection.field(named: $0) })
        let rows: any ExportRows
        if let form = request.curves {
            rows = CurveRows(
                form, channels: try selection.names(.curve, request.maxima), isFiltered: request.maxima != nil)
        } else {
            rows = ExperimentRows(
                maxima: try selection.names(.maximum, request.maxima),
                params: try selection.names(.param, request.params),
                metas: try selection.names(.meta, request.metas), of: batteries)
        }
        warnings += selection.warnings
        let filter = try bind(request.filter, to: batteries, warnings: &warnings)

        var writer = ExportWriter(rows.columns, format: request.format, style: request.style)
        writer.header()
        try writer.flush(to: sink)
        var (rowCount, experimentCount, examinedCount) = (0, 0, 0)
        var found: [String] = []
        // The body of a scan throws errors of queries only.
        var failure: (any Error)?
        try walk(
            batteries, rows, order, isDescending: request.isDescending, where: filter, warnings: &warnings,
            examined: { count in
                examinedCount += count
                progress(min(examinedCount, total), total)
            }
        ) { (experiments) throws(QueryError) in
            experimentCount += experiments.count
            try rows.write(experiments, from: self, warnings: &found) { cells in
                writer.beginRow()
                for cell in cells { writer.add(cell) }
                writer.endRow()
                rowCount += 1
                guard writer.isFull, failure == nil else { return }
                do { try writer.flush(to: sink) } catch { failure = error }
            }
            return failure == nil ? .next : .stop
        }
        if let failure { throw failure }
        try writer.flush(to: sink)
        return ExportSummary(
            rowCount: rowCount, experimentCount: experimentCount, columns: rows.columns,
            warnings: Array((warnings + found).prefix(1_000)), examinedCount: examinedCount, filterUse: filter?.use)
    }

    private func check(_ request: ExportRequest) throws(QueryError) {
        if let precision = request.style.precision, !ExportStyle.precisions.contains(precision) {
            throw QueryError(.invalidArgument(reason: "precision must be between 1 and 17, not \(precision)"))
        }
    }

    private func exportedBatteries(
        of name: String, _ request: ExportRequest, warnings: inout [String]
    ) throws(QueryError) -> [StoredBattery] {
        let batteries = try storedBatteries(of: name, version: request.version, warnings: &warnings)
        guard let least = request.minVersion else { return batteries }
        let selected = batteries.filter { $0.version >= least }
        guard !selected.isEmpty else {
            throw QueryError(
                .versionNotFound(least, battery: name, existing: Set(batteries.map(\.version)).sorted()),
                warnings: warnings)
        }
        return selected
    }

    /// Returns the columns and the number of experiments. Two round trips.
    private func exportedColumns(
        of batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> (columns: [String], total: Int) {
        var pipeline = CommandPipeline()
        let sizes = batteries.flatMap { battery in
            battery.keyspaces.map { pipeline.append("ZCARD", $0.experiments(of: battery.id), in: $0, as: .count) }
        }
        try connections.run(pipeline)
        var total = 0
        for size in sizes { total += try size.valueIfAvailable() ?? 0 }
        return (try columns(of: batteries, warnings: &warnings), total)
    }

    /// Walks over all experiments in an order.
    private func walk(
        _ batteries: [StoredBattery], _ rows: any ExportRows, _ order: ExportOrder, isDescending: Bool,
        where filter: BatteryFilter?, warnings: inout [String], examined: (Int) -> Void,
        body: ([ScannedExperiment]) throws(QueryError) -> ScanStep
    ) throws(QueryError) {
        var scan = ExperimentScan(order: .oldestFirst, fields: rows.fields, hasLiveness: rows.needsLiveness)
        scan.bound(values: rows.fields.count)
        switch order {
        case .time:
            if isDescending { scan.order = .newestFirst }
            try self.scan(batteries, scan, where: filter, warnings: &warnings, examined: examined, body: body)
        case .ranking(let channel):
            var isStopped = false
            let stored = Prefix.max + channel
            scan.fields = rows.fields + [stored]
            scan.order = .ranking(by: channel, highestFirst: isDescending)
            try self.scan(batteries, scan, where: filter, warnings: &warnings, examined: examined) {
                (experiments) throws(QueryError) in
                isStopped = try body(experiments) == .stop
                return isStopped ? .stop : .next
            }
            guard !isStopped else { return }
            scan.order = .oldestFirst
            try self.scan(batteries, scan, where: filter, warnings: &warnings, examined: examined) {
                (experiments) throws(QueryError) in
                let unranked = experiments.filter { experiment in
                    !(experiment[stored].flatMap { Number(text: $0) }?.isFinite ?? false)
                }
                return unranked.isEmpty ? .next : try body(unranked)
            }
        case .field(let field):
            var entries: [ExportOrder.Entry] = []
            try self.scan(
                batteries, ExperimentScan(order: .unordered, fields: [field]), where: filter, warnings: &warnings,
                examined: examined
            ) {
                (experiments) throws(QueryError) in
                for experiment in experiments {
                    entries.append(
                        ExportOrder.Entry(
                            key: ExportOrder.Key(stored: experiment.values.first ?? nil), member: experiment.member))
                }
                return .next
            }
            ExportOrder.sort(&entries, isDescending: isDescending)
            var members = MemberWalk(of: entries.map(\.member))
            entries = []
            let request = HashRequest(fields: scan.fields, hasLiveness: scan.hasLiveness, of: batteries)
            try self.scan(
                &members, request, firstChunk: scan.firstChunk, largestChunk: scan.largestChunk, warnings: &warnings,
                body: body)
        }
    }
}
