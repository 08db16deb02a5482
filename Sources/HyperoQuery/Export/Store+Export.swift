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
    /// Partitions that do not answer are left out, with a warning, unless the request needs all. One that fails after the first
    /// chunk of rows ends the export with an error.
    ///
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version or a column does not exist, and
    ///   of the other categories if an argument is out of range or Redis fails; any error of the sink.
    @discardableResult
    public func export(
        _ name: String, _ request: ExportRequest = ExportRequest(),
        progress: (_ count: Int, _ of: Int) -> Void = { _, _ in },
        to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> ExportSummary {
        try check(request)
        var isWritten = false
        return try answerThrowing(from: request.needsAllPartitions ? .all : .available, mayRestart: { !isWritten }) {
            try write(name, request, progress: progress) { bytes in
                isWritten = true
                try sink(bytes)
            }
        }
    }

    private func write(
        _ name: String, _ request: ExportRequest, progress: (_ count: Int, _ of: Int) -> Void,
        to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> ExportSummary {
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
        var (rowCount, experimentCount, examinedCount) = (0, 0, 0)
        var found: [String] = []
        // The body of a scan throws errors of queries only.
        var failure: (any Error)?
        try walk(
            batteries, rows, order, isDescending: request.isDescending, total: total, where: filter,
            warnings: &warnings,
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
        try checkCompleteness(examinedCount, of: total, batteries, warnings: &warnings)
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
        let total = try experimentCount(of: batteries)
        return (try columns(of: batteries, warnings: &warnings), total)
    }

    /// Returns the number of experiments of batteries. One round trip.
    func experimentCount(of batteries: [StoredBattery]) throws(QueryError) -> Int {
        var pipeline = CommandPipeline()
        let sizes = batteries.flatMap { battery in
            battery.keyspaces.map { pipeline.append("ZCARD", $0.experiments(of: battery.id), in: $0, as: .count) }
        }
        try connections.run(pipeline)
        var total = 0
        for size in sizes { total += try size.valueIfAvailable() ?? 0 }
        return total
    }

    /// Adds a warning if experiments were deleted during an export.
    ///
    /// - Throws: ``QueryError/Code/deletedMeanwhile(battery:)`` if no experiment is left, so that a file is not replaced by a part.
    private func checkCompleteness(
        _ count: Int, of total: Int, _ batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) {
        guard count < total, let battery = batteries.last else { return }
        guard try experimentCount(of: batteries) > 0 else {
            throw QueryError(.deletedMeanwhile(battery: battery.name), warnings: warnings)
        }
        warnings.append("\(total - count) of \(total) experiments were deleted during the export, or cannot be read")
    }

    /// Walks over all experiments in an order.
    private func walk(
        _ batteries: [StoredBattery], _ rows: any ExportRows, _ order: ExportOrder, isDescending: Bool, total: Int,
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
            // Those that are not in the ranking: without a finite value, and those whose entry another client removed.
            var members = MemberWalk(.oldestFirst, over: batteries, firstPage: 4 * ExperimentScan.maxChunk)
            var unranked = try self.members(
                of: &members, where: nil, in: batteries,
                probe: { member, pipeline in
                    let key = member.keyspace.rank(of: batteries[member.battery].id, by: channel)
                    return pipeline.append("ZSCORE", key, member.experiment, in: member.keyspace, as: .isNotNull)
                })
            examined(unranked.count)
            if filter != nil {
                members = MemberWalk(of: unranked)
                unranked = try self.members(of: &members, where: filter, in: batteries)
            }
            try scanSorted(unranked, scan, in: batteries, warnings: &warnings, body: body)
        case .field(let field):
            var entries: [ExportOrder.Entry] = []
            // An array that grows needs up to three times its size. The number is what the server says, so it is bounded.
            entries.reserveCapacity(min(total, 1 << 22))
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
            let positions = ExportOrder.order(of: entries, isDescending: isDescending)
            try scanSorted(
                positions.lazy.map { entries[Int($0)].member }, scan, in: batteries, warnings: &warnings, body: body)
        }
    }

    /// Reads experiments in the order of a list, a part of them at a time.
    private func scanSorted(
        _ members: some Sequence<ScanMember>, _ scan: ExperimentScan, in batteries: [StoredBattery],
        warnings: inout [String], body: ([ScannedExperiment]) throws(QueryError) -> ScanStep
    ) throws(QueryError) {
        let request = HashRequest(fields: scan.fields, hasLiveness: scan.hasLiveness, of: batteries)
        var iterator = members.makeIterator()
        var isStopped = false
        while !isStopped {
            var part: [ScanMember] = []
            while part.count < Self.sortedPart, let member = iterator.next() { part.append(member) }
            guard !part.isEmpty else { return }
            var walk = MemberWalk(of: part)
            try self.scan(
                &walk, request, firstChunk: scan.firstChunk, largestChunk: scan.largestChunk, warnings: &warnings
            ) { (experiments) throws(QueryError) in
                isStopped = try body(experiments) == .stop
                return isStopped ? .stop : .next
            }
        }
    }

    /// The number of sorted experiments that are read at once. A copy of all would double their memory.
    private static let sortedPart = 16 * ExperimentScan.maxChunk
}
