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
    public let entries: [Entry]
    /// The channels in the order of the query.
    public let channels: [String]
    /// The name of the battery whose best experiments these are; nil if the experiments were named.
    public let battery: String?
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]

    /// - Parameter channels: the requested channels; nil for the objectives of the experiments.
    /// - Throws: ``QueryError/Code/channelNotFound(_:suggestion:)`` if none of the experiments has a requested channel.
    init(
        _ entries: [Entry], channels requested: [String]?, battery: String? = nil, warnings: [String] = []
    ) throws(QueryError) {
        self.entries = entries
        self.battery = battery
        var all: [String] = []
        var seen: Set<ExactText> = []
        for channel in entries.flatMap(\.record.curves.channels) where seen.insert(ExactText(channel.name)).inserted {
            all.append(channel.name)
        }
        var channels: [String] = []
        for channel in requested ?? entries.compactMap(\.record.objective) {
            if requested != nil, !seen.contains(ExactText(channel)) {
                throw QueryError(.channelNotFound(channel, suggestion: Suggestion(for: channel, among: all)))
            }
            if !channels.contains(where: { $0.hasSameBytes(as: channel) }) { channels.append(channel) }
        }
        self.channels = channels
        logged = all.sorted { ChannelOrder($0) < ChannelOrder($1) }
        var distinct: Set<String> = []
        self.warnings = (warnings + entries.flatMap(\.record.warnings)).filter { distinct.insert($0).inserted }
    }

    /// The channels that at least one of the experiments has.
    let logged: [String]

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
