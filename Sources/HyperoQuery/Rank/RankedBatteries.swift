import HyperoSchema

/// The batteries of a ranking, and the channel and the direction by which their experiments are ranked.
struct RankedBatteries {
    /// The batteries, sorted by version. There is at least one.
    let batteries: [StoredBattery]
    /// The channel: the requested one, else the objective of the newest version.
    let channel: String
    /// The direction of the channel.
    let direction: ChannelDirection
    /// True if the highest value is first.
    let isHighestFirst: Bool
    /// True if a version differs from the newest in an objective or direction that the ranking depends on.
    let versionsDisagree: Bool

    /// The newest version, which decides.
    var newest: StoredBattery { batteries[batteries.count - 1] }
    /// True if the channel is the objective of the newest version.
    var isByObjective: Bool { channel.hasSameBytes(as: newest.objective) }

    fileprivate init(_ batteries: [StoredBattery], by channel: String?, order: RankingOrder) {
        let newest = batteries[batteries.count - 1]
        let channel = channel ?? newest.objective
        let direction = ChannelDirection(of: channel, in: newest)
        self.batteries = batteries
        self.channel = channel
        self.direction = direction
        isHighestFirst = order.isHighestFirst(direction: direction.direction)
        versionsDisagree = !batteries.allSatisfy {
            (channel != newest.objective || $0.objective == newest.objective)
                && (order != .bestFirst || ChannelDirection(of: channel, in: $0).direction == direction.direction)
        }
    }

    private static let maxNamed = 8

    /// The warning about batteries that disagree. Batteries of one version differ in their descriptions, and only their ids tell
    /// them apart.
    fileprivate var disagreementWarning: String {
        let name = printable(newest.name)
        guard Set(batteries.map(\.version)).count < batteries.count else {
            return "the versions of '\(name)' differ in objective or direction, and version \(newest.version) decides. "
                + "Choose one version, or a channel and an order"
        }
        let ids = batteries.prefix(Self.maxNamed).map(\.id.text).joined(separator: ", ")
        let more = batteries.count > Self.maxNamed ? " and \(batteries.count - Self.maxNamed) more" : ""
        return
            "the batteries of the name '\(name)', \(ids)\(more), differ in objective or direction, and \(newest.id.text) "
            + "decides. Choose one battery by its id, or a channel and an order"
    }
}

extension Store {
    /// Reads the batteries of a ranking, and adds a warning if they disagree.
    ///
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery or version does not exist, and of the
    ///   other categories if Redis fails.
    func rankedBatteries(
        of name: String, version: Int?, by channel: String?, order: RankingOrder, warnings: inout [String]
    ) throws(QueryError) -> RankedBatteries {
        let batteries = try storedBatteries(of: name, version: version, channel: channel, warnings: &warnings)
        let subject = RankedBatteries(batteries, by: channel, order: order)
        if subject.versionsDisagree { warnings.append(subject.disagreementWarning) }
        return subject
    }
}
