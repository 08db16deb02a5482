import HyperoSchema

/// The part of a battery's state that the fold depends on.
package struct BatteryState: Sendable, Hashable {
    /// The objective and its direction.
    struct Rule: Sendable, Hashable {
        let objective: String
        let direction: Direction
    }

    /// Nil if the battery was never declared.
    var rule: Rule?
    /// The time of the latest event in Unix milliseconds.
    var updated: Int64 = .min
    /// Names known to be in the battery's columns in Redis, which may hold others too.
    var columns: Set<ExactText> = []
    /// The reason why the battery's key cannot be read, for example because it has another type.
    var readError: String?

    /// The maximum number of remembered columns.
    ///
    /// Beyond it none is remembered: columns are then written again, which costs little and changes nothing.
    static let maxColumns = 1_024

    package init() {}

    /// Creates the state from the values of ``BatteryField``.
    package init(objective: String?, direction: String?, updated: String?) {
        rule = objective.map { Rule(objective: $0, direction: direction.flatMap { Direction(rawValue: $0) } ?? .max) }
        self.updated = updated.flatMap { Int64($0) } ?? .min
    }

    /// Creates the state of a battery whose key cannot be read.
    package init(readError: String) {
        self.readError = readError
    }
}
