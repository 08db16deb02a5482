import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the experiments of a battery, newest first.
    ///
    ///     let lost = try store.experiments(of: "digits mlp", filter: ExperimentFilter(statuses: [.lost]))
    ///
    /// Without a filter, costs O(log N + k) and four round trips, as a ranking does. A filter looks at the experiments from
    /// the newest on, 1,000 in each two round trips, until it has found k.
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
        var warnings: [String] = []
        let batteries = try storedBatteries(of: name, version: version, warnings: &warnings)
        let newest = batteries[batteries.count - 1]
        let pageSize = filter.isEmpty ? limit : max(limit, Self.filterPageSize)

        var search = ColumnSearch(columns ?? [], in: batteries)
        var pipeline = CommandPipeline()
        let sizes = batteries.flatMap { battery in
            battery.keyspaces.map {
                pipeline.append("ZCARD", $0.experiments(of: battery.id), in: $0, as: .count)
            }
        }
        var lists = batteries.flatMap { battery in
            battery.keyspaces.map { ExperimentPages(battery: battery, keyspace: $0) }
        }
        for index in lists.indices { lists[index].appendNext(pageSize, to: &pipeline) }
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
        while true {
            for index in lists.indices { try lists[index].readNext(warnings: &warnings) }
            let page = ExperimentPages.removeNewest(pageSize, from: &lists)
            let read = try self.rows(of: page, filter: filter, index: index, fields: fields, warnings: &warnings)
            for row in read where rows.count < limit {
                examinedCount += 1
                if let row { rows.append(row) }
            }
            guard rows.count < limit, lists.contains(where: \.hasMore) else { break }
            var next = CommandPipeline()
            for index in lists.indices where lists[index].needsPage { lists[index].appendNext(pageSize, to: &next) }
            try connections.run(next)
        }
        return ExperimentList(
            name: newest.name, versions: Set(batteries.map(\.version)).sorted(), objective: newest.objective,
            source: BatterySource(batteries), count: max(count, rows.count), examinedCount: examinedCount,
            filter: filter,
            isFilteredByCurves: index.isByCurves, columns: fields,
            prefixedOwnFields: ColumnSearch.prefixedOwnFields(in: columns), rows: rows, warnings: warnings)
    }

    private static let filterPageSize = 1_000

    /// Reads experiments: the hashes, the producers' times, and the ranks if the filter needs them. One round trip per 1,000
    /// commands, and one more if other producers than those in the ids have resumed running experiments.
    ///
    /// - Returns: one element per experiment; nil for those that the filter leaves out.
    private func rows(
        of page: [ListedExperiment], filter: ExperimentFilter, index: UnrankedIndex, fields: [String]?,
        warnings: inout [String]
    ) throws(QueryError) -> [ExperimentList.Row?] {
        let requested = fields.map { fields in
            let own = ExperimentList.fixedFields + [ExperimentField.updated, ExperimentField.producer]
            return { (objective: String) in own + [Prefix.max + objective] + fields }
        }
        var pipeline = CommandPipeline()
        var producers = ProducerTimes()
        var replies: [(hash: PendingReply<[(name: String, value: String)]>, isRanked: PendingReply<Bool>?)] = []
        for member in page {
            producers.append(for: member.id, in: member.keyspace, to: &pipeline)
            let key = member.keyspace.experiment(member.id)
            let hash: PendingReply<[(name: String, value: String)]>
            if let names = requested?(member.battery.objective) {
                hash = pipeline.append(
                    arguments: ["HMGET", key] + names, in: member.keyspace,
                    as: ReplyReader { reply throws(RedisError) in
                        zip(names, try reply.strings(count: names.count)).compactMap { name, value in
                            value.map { (name, $0) }
                        }
                    })
            } else {
                hash = pipeline.append("HGETALL", key, in: member.keyspace, as: .pairs)
            }
            var isRanked: PendingReply<Bool>?
            switch index {
            case _ where !filter.isUnranked: break
            case .rankings:
                let key = member.keyspace.rank(of: member.battery.id, by: filter.channel ?? member.battery.objective)
                isRanked = pipeline.append("ZSCORE", key, member.id.text, in: member.keyspace, as: .isNotNull)
            case .curves(let channel):
                isRanked = pipeline.append(
                    "HGETALL", member.keyspace.curve(of: member.id), in: member.keyspace,
                    as: .hasFiniteValue(of: channel))
            }
            replies.append((hash, isRanked))
        }
        try connections.run(pipeline)
        var found: [(reader: HashReader, hash: ExperimentHash)?] = []
        var resumed = CommandPipeline()
        for (member, reply) in zip(page, replies) {
            if try reply.isRanked?.value(or: false, warnings: &warnings) ?? false {
                found.append(nil)
                continue
            }
            let pairs = try reply.hash.value(or: [], warnings: &warnings)
            let source = "experiment '\(member.id.text)'"
            if pairs.isEmpty { warnings.append("\(source) is listed, but its hash is missing") }
            var reader = HashReader(pairs, source: source)
            let hash = ExperimentHash(&reader)
            producers.append(for: hash, in: member.keyspace, to: &resumed)
            found.append((reader, hash))
        }
        try connections.run(resumed)
        var rows: [ExperimentList.Row?] = []
        for (member, found) in zip(page, found) {
            guard case (var reader, let hash)? = found else {
                rows.append(nil)
                continue
            }
            let row = try row(of: member, hash, reader: &reader, producers: producers)
            if !filter.statuses.isEmpty, !(row.status.map(filter.statuses.contains) ?? false) {
                rows.append(nil)
            } else {
                warnings += reader.warnings
                rows.append(row)
            }
        }
        return rows
    }

    private func row(
        of member: ListedExperiment, _ hash: ExperimentHash, reader: inout HashReader, producers: ProducerTimes
    ) throws(QueryError) -> ExperimentList.Row {
        let battery = member.battery
        return ExperimentList.Row(
            experiment: member.id.text, battery: battery.id.text, batteryName: battery.name,
            batteryVersion: battery.version,
            liveness: try liveness(of: hash, id: member.id, in: member.keyspace, producers: producers),
            started: reader.integer(ExperimentField.started) ?? member.started,
            lastEpoch: reader.integer(ExperimentField.epochs).map { Int($0) }, bestEpoch: hash.bestEpoch,
            objective: battery.objective,
            number: hash.maxima.first { $0.channel.hasSameBytes(as: battery.objective) }?.number,
            host: hash.fields[ExperimentField.host], reason: hash.fields[ExperimentField.reason], maxima: hash.maxima,
            params: hash.params, meta: hash.meta, fields: hash.fields)
    }
}
