package import HyperoSchema

/// The learning curves of some experiments in some channels.
///
///     let set = try store.curves(ofTop: 5, in: "digits mlp")
///     for row in set.rows { print(row.experiment, row.epoch, row.channel, row.value) }
public struct CurveSet: Sendable, Hashable {
    /// An experiment with its rank.
    public struct Entry: Sendable, Hashable {
        /// The experiment with all its learning curves.
        public let record: ExperimentRecord
        /// The rank in the ranking that the experiments were taken from; nil if they were named.
        public let rank: Int?
    }

    /// A value of a learning curve.
    public struct Row: Sendable, Hashable {
        /// The experiment's id.
        public let experiment: String
        /// The epoch, at least 0.
        public let epoch: Int
        /// The channel's name.
        public let channel: String
        /// The value with its digits as stored.
        package let number: Number

        /// The value, which may be nan or infinite.
        public var value: Double { number.value }
    }

    /// The experiments in the order of the query.
    public private(set) var entries: [Entry]
    /// The channels in the order of the query.
    public let channels: [String]
    /// The name of the battery whose best experiments these are; nil if the experiments were named.
    public let battery: String?
    /// The batteries of that name; nil if the experiments were named.
    let source: BatterySource?
    /// The reason why there are no experiments; nil if none is ranked, and if there are some.
    let emptyText: String?
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]

    /// - Parameters:
    ///   - channels: the requested channels, or patterns of them; nil for the objectives of the experiments.
    ///   - source: the batteries of ``battery``.
    ///   - emptyText: the reason why there are no experiments.
    /// - Throws: ``QueryError/Code/curveNotFound(_:suggestion:)`` if none of the experiments has a requested channel.
    init(
        _ entries: [Entry], channels requested: [String]?, battery: String? = nil, source: BatterySource? = nil,
        emptyText: String? = nil, warnings: [String] = []
    ) throws(QueryError) {
        self.entries = entries
        self.battery = battery
        self.source = source
        self.emptyText = emptyText
        var all: [String] = []
        var seen: Set<ExactText> = []
        for channel in entries.flatMap(\.record.curves.channels) where seen.insert(ExactText(channel.name)).inserted {
            all.append(channel.name)
        }
        let logged = all.sorted { ChannelOrder($0) < ChannelOrder($1) }
        var channels: [String] = []
        for channel in requested ?? entries.compactMap(\.record.objective) {
            var found = [channel]
            if requested != nil, !seen.contains(ExactText(channel)) {
                found = ColumnPattern(channel).map { logged.filter($0.matches) } ?? []
                guard !found.isEmpty else {
                    throw QueryError(.curveNotFound(channel, suggestion: Suggestion(for: channel, among: logged)))
                }
            }
            for channel in found where !channels.contains(where: { $0.hasSameBytes(as: channel) }) {
                channels.append(channel)
            }
        }
        self.channels = channels
        self.logged = logged
        var distinct: Set<String> = []
        self.warnings = (warnings + entries.flatMap(\.record.warnings)).filter { distinct.insert($0).inserted }
    }

    /// The channels that at least one of the experiments has.
    let logged: [String]

    /// Returns the curves with the ranks of experiments that were named.
    ///
    /// - Parameter standings: the places of the experiments, in order.
    package func ranked(_ standings: [Standing?]) -> CurveSet {
        var set = self
        set.entries = zip(entries, standings).map { Entry(record: $0.record, rank: $1?.rank) }
        return set
    }

    /// The values in long form: by experiment, then channel, then epoch. A value that was not logged has no row.
    public var rows: [Row] {
        entries.flatMap { entry in
            channels.flatMap { channel in
                entry.record.curves.numbers(of: channel).map { epoch, number in
                    Row(experiment: entry.record.id, epoch: epoch, channel: channel, number: number)
                }
            }
        }
    }
}
