import HyperoRedis
import HyperoSchema

/// The result of a ranking whose index is empty in all partitions.
struct UnindexedRanking {
    /// The first experiments by the best values of their learning curves. Empty if the curves were not read.
    var top: [RankedExperiment] = []
    /// The number of experiments with a finite value of the channel.
    var count = 0
    /// The curves that were read; nil if none were.
    var scan: Leaderboard.CurveScan?
    /// The channels that experiments logged, if ``count`` is 0.
    var channels: [String] = []
    /// Those of them that have a finite value, as far as the rankings and the curves of the newest experiments show it.
    var rankableChannels: [String] = []
    /// True if an experiment has a value of the channel that is nan or infinite.
    var hasNonfinite = false
    /// True if an experiment has a finite maxima value, so that another client has removed the ranking.
    var isMissing = false
}

extension Store {
    /// Ranks experiments by their learning curves, because no experiment has a finite maxima value of the channel.
    ///
    /// Ranks nothing if the channel is the objective, because its best value is always in the maxima. Reads only the curves of
    /// the newest experiments then, which show whether its values are nan or infinite.
    ///
    /// - Throws: ``QueryError/Code/channelNotFound(_:suggestion:)`` if no experiment logged the channel.
    func rankWithoutIndex(
        _ channel: String, isObjective: Bool, in batteries: [StoredBattery], limit: Int, highestFirst: Bool,
        warnings: inout [String]
    ) throws(QueryError) -> UnindexedRanking {
        let channels = try loggedChannels(in: batteries, warnings: &warnings)
        let isLogged = channels.contains { $0.hasSameBytes(as: channel) }
        let isMissing = try isRankingMissing(channel, in: batteries)
        if isObjective {
            var result = UnindexedRanking(
                channels: channels,
                rankableChannels: try rankable(channels, besides: channel, in: batteries, warnings: &warnings))
            if isLogged {
                for curve in try curves(
                    newest: Self.sampleSize, in: batteries, as: .best(of: channel, highestFirst: highestFirst),
                    warnings: &warnings)
                where try curve.reply.valueIfAvailable()?.hasNonfinite ?? false { result.hasNonfinite = true }
            }
            result.isMissing = isMissing
            return result
        }
        guard isLogged else { throw channelNotFound(channel, among: channels, warnings: warnings) }
        var result = try rankByCurves(
            channel, in: batteries, limit: limit, highestFirst: highestFirst, warnings: &warnings)
        if result.count == 0 {
            result.channels = channels
            result.rankableChannels = try rankable(channels, besides: channel, in: batteries, warnings: &warnings)
        }
        result.isMissing = isMissing
        return result
    }

    /// Returns whether another client has removed a ranking: one of the newest experiments has a finite maxima value of the channel, and
    /// the ranking is still empty after that was read. The ingest writes both in one transaction.
    private func isRankingMissing(_ channel: String, in batteries: [StoredBattery]) throws(QueryError) -> Bool {
        let scan = ExperimentScan(
            order: .newestFirst, fields: [ExperimentField.battery, Prefix.max + channel],
            firstChunk: ExperimentScan.firstSearchChunk)
        var isFound = false
        var ignored: [String] = []
        try self.scan(batteries, scan, warnings: &ignored) { (experiments) throws(QueryError) in
            isFound = experiments.contains { experiment in
                experiment.values.count > 1 && experiment.values[0] == batteries[experiment.battery].id.text
                    && experiment.values[1].flatMap { Number(text: $0) }?.isFinite == true
            }
            return .stop
        }
        guard isFound else { return false }
        var pipeline = CommandPipeline()
        let sizes = batteries.flatMap { battery in
            battery.keyspaces.map {
                pipeline.append("ZCARD", $0.rank(of: battery.id, by: channel), in: $0, as: .count)
            }
        }
        try connections.run(pipeline)
        for size in sizes where try size.valueIfAvailable() ?? 0 > 0 { return false }
        return true
    }

    /// Returns the first channels by which experiments can be ranked: they have a finite value in the maxima or in the curves of
    /// the newest experiments. Three round trips.
    private func rankable(
        _ channels: [String], besides channel: String, in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [String] {
        let candidates = channels.filter { !$0.hasSameBytes(as: channel) }.prefix(Leaderboard.maxChannels)
        guard !candidates.isEmpty else { return [] }
        var pipeline = CommandPipeline()
        let sizes = candidates.map { candidate in
            batteries.flatMap { battery in
                battery.keyspaces.map {
                    pipeline.append("ZCARD", $0.rank(of: battery.id, by: candidate), in: $0, as: .count)
                }
            }
        }
        try connections.run(pipeline)
        var finite: Set<ExactText> = []
        for curve in try curves(newest: Self.sampleSize, in: batteries, as: .finiteChannels, warnings: &warnings) {
            finite.formUnion(try curve.reply.valueIfAvailable() ?? [])
        }
        var rankable: [String] = []
        for (candidate, sizes) in zip(candidates, sizes) {
            var isRanked = false
            for size in sizes where try size.valueIfAvailable() ?? 0 > 0 { isRanked = true }
            if isRanked || finite.contains(ExactText(candidate)) { rankable.append(candidate) }
        }
        return rankable
    }

    /// Throws ``QueryError/Code/channelNotFound(_:suggestion:)`` if no experiment of the batteries has logged a channel.
    func requireLogged(
        _ channel: String, in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) {
        let channels = try loggedChannels(in: batteries, warnings: &warnings)
        guard channels.contains(where: { $0.hasSameBytes(as: channel) }) else {
            throw channelNotFound(channel, among: channels, warnings: warnings)
        }
    }

    private func channelNotFound(_ channel: String, among channels: [String], warnings: [String]) -> QueryError {
        QueryError(
            .channelNotFound(
                channel, suggestion: Suggestion(for: ColumnAlternatives(of: channel).bareName, among: channels)),
            warnings: warnings)
    }

    /// Returns the channels that the experiments of the batteries logged, in the order of results. One round trip.
    ///
    /// The columns that an ingest of the first format wrote do not have the channels of the curves. Two more round trips then
    /// read the curves of the newest experiments.
    private func loggedChannels(
        in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [String] {
        var channels: Set<ExactText> = []
        var hasCurves = false
        for field in try columns(of: batteries, warnings: &warnings) {
            switch FieldName(field) {
            case .maximum(let channel): channels.insert(ExactText(channel))
            case .curve(let channel):
                channels.insert(ExactText(channel))
                hasCurves = true
            case .param, .meta, .other: break
            }
        }
        if !hasCurves {
            for curve in try curves(newest: Self.sampleSize, in: batteries, as: .channels, warnings: &warnings) {
                channels.formUnion(try curve.reply.value(or: [], warnings: &warnings))
            }
        }
        return channels.map(\.text).sorted { ChannelOrder($0) < ChannelOrder($1) }
    }

    /// The number of the newest experiments of each battery and partition whose curves show which channels are logged.
    private static let sampleSize = 5

    /// Reads all curves of the batteries, and keeps only the best value of each.
    private func rankByCurves(
        _ channel: String, in batteries: [StoredBattery], limit: Int, highestFirst: Bool, warnings: inout [String]
    ) throws(QueryError) -> UnindexedRanking {
        let curves = try curves(
            newest: nil, in: batteries, as: .best(of: channel, highestFirst: highestFirst), warnings: &warnings)
        var ranked: [RankedExperiment] = []
        var byteCount = 0
        var hasNonfinite = false
        for curve in curves {
            let best = try curve.reply.value(or: BestOfCurve(), warnings: &warnings)
            byteCount += best.byteCount
            hasNonfinite = hasNonfinite || best.hasNonfinite
            guard let point = best.point else { continue }
            ranked.append(
                RankedExperiment(
                    keyspace: curve.keyspace, battery: curve.battery, experiment: curve.experiment,
                    value: point.number.value, point: point))
        }
        return UnindexedRanking(
            top: RankedExperiment.sorted(ranked, limit: limit, highestFirst: highestFirst), count: ranked.count,
            scan: Leaderboard.CurveScan(experimentCount: curves.count, byteCount: byteCount), hasNonfinite: hasNonfinite
        )
    }

    private struct PendingCurve<Value> {
        let keyspace: Keyspace
        let battery: BatteryID
        let experiment: String
        let reply: PendingReply<Value>
    }

    /// Reads the curves of experiments, each with the reader.
    ///
    /// - Parameter count: the number of the newest experiments of each battery and partition; nil for all.
    private func curves<Value>(
        newest count: Int?, in batteries: [StoredBattery], as reader: ReplyReader<Value>, warnings: inout [String]
    ) throws(QueryError) -> [PendingCurve<Value>] {
        var pipeline = CommandPipeline()
        var lists: [(keyspace: Keyspace, battery: BatteryID, ids: PendingReply<[String]>)] = []
        for battery in batteries {
            for keyspace in battery.keyspaces {
                let ids = pipeline.append(
                    "ZRANGE", keyspace.experiments(of: battery.id), "0", count.map { String($0 - 1) } ?? "-1", "REV",
                    in: keyspace, as: .strings)
                lists.append((keyspace, battery.id, ids))
            }
        }
        try connections.run(pipeline)
        pipeline = CommandPipeline()
        var curves: [PendingCurve<Value>] = []
        for list in lists {
            for text in try list.ids.value(or: [], warnings: &warnings) {
                guard let id = ExperimentID(text) else { continue }
                let reply = pipeline.append(
                    "HGETALL", list.keyspace.curve(of: id), in: list.keyspace, as: reader)
                curves.append(
                    PendingCurve(keyspace: list.keyspace, battery: list.battery, experiment: text, reply: reply))
            }
        }
        try connections.run(pipeline)
        return curves
    }
}

/// The best finite value of a channel in a curve. Malformed rows are left out.
private struct BestOfCurve {
    var point: RankedExperiment.CurvePoint?
    /// The size of the curve in bytes.
    var byteCount = 0
    /// True if a value of the channel is nan or infinite.
    var hasNonfinite = false
}

extension ReplyReader<BestOfCurve> {
    /// HGETALL of a curve, reduced to the best value of a channel. Equal values count at the lowest epoch.
    fileprivate static func best(of channel: String, highestFirst: Bool) -> Self {
        Self { reply throws(RedisError) in
            let direction: Direction = highestFirst ? .max : .min
            var best = BestOfCurve()
            for (epoch, text) in try reply.pairs() {
                best.byteCount += epoch.utf8.count + text.utf8.count
                guard let epoch = Int(epoch), let number = CurveRow(text: text)?[channel] else { continue }
                guard number.isFinite else {
                    best.hasNonfinite = true
                    continue
                }
                if let other = best.point, !direction.prefers(number.value, over: other.number.value) {
                    guard number.value == other.number.value, epoch < other.epoch else { continue }
                }
                best.point = RankedExperiment.CurvePoint(number: number, epoch: epoch)
            }
            return best
        }
    }
}

extension ReplyReader<Bool> {
    /// HGETALL of a curve: true if a value of the channel is finite.
    static func hasFiniteValue(of channel: String) -> Self {
        Self { reply throws(RedisError) in
            try ReplyReader<BestOfCurve>.best(of: channel, highestFirst: true).read(&reply).point != nil
        }
    }
}

extension ReplyReader<Set<ExactText>> {
    /// HGETALL of a curve, reduced to the names of its channels.
    fileprivate static var channels: Self { names { _ in true } }

    /// HGETALL of a curve, reduced to the names of the channels that have a finite value.
    fileprivate static var finiteChannels: Self { names(with: \.isFinite) }

    private static func names(with condition: @escaping (Number) -> Bool) -> Self {
        Self { reply throws(RedisError) in
            var channels: Set<ExactText> = []
            for (_, text) in try reply.pairs() {
                for cell in CurveRow(text: text)?.cells ?? [] where condition(cell.number) {
                    channels.insert(ExactText(cell.channel))
                }
            }
            return channels
        }
    }
}
