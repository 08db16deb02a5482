/// The direction in which the values of an objective get better.
///
/// The raw value is the value of the field `direction`, in `battery` events and in the hash of the battery.
public enum Direction: String, Sendable, Hashable, CaseIterable {
    /// Higher is better, for example an accuracy.
    case max
    /// Lower is better, for example a loss.
    case min

    /// Returns whether a value is strictly better than another one.
    package func prefers(_ value: Double, over other: Double) -> Bool {
        switch self {
        case .max: value > other
        case .min: value < other
        }
    }
}
