import HyperoSchema

/// The reason for the direction in which a ranking treats a channel's values as better.
public enum DirectionSource: Sendable, Hashable {
    /// The channel is the objective, whose direction the battery declares.
    case objective
    /// The battery declares the direction of the channel.
    case declaration
    /// The name says that lower values are better, for example `val_loss`.
    case name
    /// No declaration and no name says which values are better. The highest are first.
    case none
}

/// The direction in which the values of a channel are better.
struct ChannelDirection: Hashable {
    let direction: Direction
    let source: DirectionSource

    /// Determines the direction of a channel in a battery, whose declared direction of the channel was read.
    init(of channel: String, in battery: StoredBattery) {
        if channel.hasSameBytes(as: battery.objective) {
            self.init(direction: battery.direction, source: .objective)
        } else if let declared = battery.channelDirection {
            self.init(direction: declared, source: .declaration)
        } else if Direction.isLowerBetter(named: channel) {
            self.init(direction: .min, source: .name)
        } else {
            self.init(direction: .max, source: .none)
        }
    }

    private init(direction: Direction, source: DirectionSource) {
        self.direction = direction
        self.source = source
    }
}
