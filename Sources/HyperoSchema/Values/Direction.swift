/// Which values of an objective are the better ones.
public enum Direction: String, Sendable, Hashable, CaseIterable {
    /// Higher is better, as for an accuracy.
    case max
    /// Lower is better, as for a loss.
    case min

    /// Whether one value beats another; equal values do not beat each other.
    package func prefers(_ value: Double, over other: Double) -> Bool {
        switch self {
        case .max: value > other
        case .min: value < other
        }
    }
}
