import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the columns of a battery: its hyper-parameters, metadata and channels.
    ///
    ///     for column in try store.columns(of: "digits mlp").columns { print(column.kind, column.name) }
    ///
    /// Costs O(columns) and four round trips, one more per 1,000 channels. The experiments that have a hyper-parameter or
    /// metadata are counted in batteries of at most ``maxCountedExperiments`` experiments, by reading their hashes.
    ///
    /// - Parameters:
    ///   - name: the battery's name, or its id.
    ///   - version: the battery's version; nil merges all versions of the name.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery or version does not exist, and of the
    ///   other categories if Redis fails.
    public func columns(of name: String, version: Int? = nil) throws(QueryError) -> BatteryColumns {
        try answer { () throws(QueryError) in try readColumns(of: name, version: version) }
    }

    private func readColumns(of name: String, version: Int?) throws(QueryError) -> BatteryColumns {
        var warnings: [String] = []
        let batteries = try storedBatteries(of: name, version: version, warnings: &warnings)
        var pipeline = CommandPipeline()
        let replies = batteries.flatMap { battery in
            battery.keyspaces.map { keyspace in
                (
                    size: pipeline.append("ZCARD", keyspace.experiments(of: battery.id), in: keyspace, as: .count),
                    columns: pipeline.append(
                        "ZRANGE", keyspace.columns(of: battery.id), "0", "-1", "WITHSCORES", in: keyspace, as: .pairs),
                    space: pipeline.append("HGETALL", keyspace.space(of: battery.id), in: keyspace, as: .pairs)
                )
            }
        }
        try connections.run(pipeline)
        var experimentCount = 0
        var found = FoundColumns()
        for reply in replies {
            experimentCount += try reply.size.valueIfAvailable() ?? 0
            for (column, score) in try reply.columns.value(or: [], warnings: &warnings) {
                found.add(column, firstSeen: Double(score).flatMap { Int64(exactly: $0.rounded()) })
            }
            for (name, text) in try reply.space.value(or: [], warnings: &warnings) { found.add(text, to: name) }
        }
        var columns = found.sorted
        try countChannels(in: &columns, of: batteries, warnings: &warnings)
        if experimentCount <= Self.maxCountedExperiments {
            try countFields(in: &columns, of: batteries, warnings: &warnings)
        }
        return BatteryColumns(
            name: batteries[batteries.count - 1].name, source: BatterySource(batteries),
            experimentCount: experimentCount,
            columns: columns, warnings: warnings)
    }

    /// The number of experiments up to which those with a hyper-parameter or metadata are counted.
    public static let maxCountedExperiments = 1_000

    /// Counts the members of the rankings by each channel.
    private func countChannels(
        in columns: inout [BatteryColumns.Column], of batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) {
        var pipeline = CommandPipeline()
        var counts: [(column: Int, reply: PendingReply<Int>)] = []
        for (index, column) in columns.enumerated() where column.kind == .channel {
            for battery in batteries {
                for keyspace in battery.keyspaces {
                    let key = keyspace.rank(of: battery.id, by: column.name)
                    counts.append((index, pipeline.append("ZCARD", key, in: keyspace, as: .count)))
                }
            }
        }
        try connections.run(pipeline)
        for (column, reply) in counts {
            columns[column].experimentCount =
                (columns[column].experimentCount ?? 0) + (try reply.value(or: 0, warnings: &warnings))
        }
    }

    /// Counts the experiments that have each hyper-parameter and each piece of metadata.
    private func countFields(
        in columns: inout [BatteryColumns.Column], of batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) {
        var counts: [ExactText: Int] = [:]
        try scan(batteries, ExperimentScan(order: .unordered, fields: nil), warnings: &warnings) { experiments in
            for experiment in experiments {
                for name in experiment.names { counts[ExactText(name), default: 0] += 1 }
            }
            return .next
        }
        for index in columns.indices where columns[index].kind != .channel {
            columns[index].experimentCount = counts[columns[index].column] ?? 0
        }
    }
}

/// The columns of several batteries and partitions, without duplicates.
private struct FoundColumns {
    private var firstSeen: [ExactText: Int64?] = [:]
    private var distributions: [ExactText: [String]] = [:]

    /// Adds a name with its prefix.
    mutating func add(_ column: String, firstSeen time: Int64?) {
        let column = ExactText(column)
        let earlier = firstSeen[column] ?? nil
        firstSeen[column] = .some([earlier, time].compactMap(\.self).min())
    }

    /// Adds the distribution of a hyper-parameter.
    mutating func add(_ distribution: String, to parameter: String) {
        let known = distributions[ExactText(parameter)] ?? []
        guard !known.contains(where: { $0.hasSameBytes(as: distribution) }) else { return }
        distributions[ExactText(parameter)] = known + [distribution]
    }

    /// The columns in the order of ``BatteryColumns/columns``. A channel with a value at the best epoch and a curve is one column.
    var sorted: [BatteryColumns.Column] {
        var params: [BatteryColumns.Column] = []
        var meta: [BatteryColumns.Column] = []
        var channels: [BatteryColumns.Column] = []
        for (column, time) in firstSeen {
            func make(_ kind: BatteryColumns.Kind, _ name: String, firstSeen: Int64?) -> BatteryColumns.Column {
                BatteryColumns.Column(
                    column: column.text, kind: kind, name: name, experimentCount: nil,
                    distributions: kind == .param ? distributions[ExactText(name)] ?? [] : [], firstSeen: firstSeen)
            }
            switch FieldName(column.text) {
            case .param(let name): params.append(make(.param, name, firstSeen: time))
            case .meta(let name): meta.append(make(.meta, name, firstSeen: time))
            case .maximum(let name):
                let curve = firstSeen[ExactText(Prefix.curve + name)] ?? nil
                channels.append(make(.channel, name, firstSeen: [time, curve].compactMap(\.self).min()))
            case .curve(let name) where firstSeen[ExactText(Prefix.max + name)] == nil:
                channels.append(make(.channel, name, firstSeen: time))
            case .curve, .other: break
            }
        }
        return params.sorted { ExactText($0.name) < ExactText($1.name) }
            + meta.sorted { ExactText($0.name) < ExactText($1.name) }
            + channels.sorted { ChannelOrder($0.name) < ChannelOrder($1.name) }
    }
}
