import HyperoSchema

/// In which order a leaderboard stands.
public enum RankingOrder: Sendable, Hashable {
    /// The best first, by the battery's direction.
    case bestFirst
    /// The lowest value first.
    case ascending
    /// The highest value first.
    case descending

    func putsHighestFirst(_ direction: Direction) -> Bool {
        switch self {
        case .bestFirst: direction == .max
        case .ascending: false
        case .descending: true
        }
    }
}
