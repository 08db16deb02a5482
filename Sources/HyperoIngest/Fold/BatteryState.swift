import HyperoSchema

/// The part of a battery's state that the fold depends on.
package struct BatteryState: Sendable, Hashable {
    /// The channel that decides the best epoch, with its direction.
    package struct Objective: Sendable, Hashable {
        let channel: String
        let direction: Direction
    }

    /// The objective; nil if the battery was never declared.
    var objective: Objective?
    /// The time of the latest event in Unix milliseconds.
    var updated: Int64 = .min
    /// The names that are known to be in the battery's columns in Redis. Redis may have more.
    var columns: Set<ExactText> = []
    /// The reason why the battery's key cannot be read, for example because it has another type.
    var readError: String?

    /// The maximum number of remembered columns.
    ///
    /// If a battery has more, none is remembered, and all are written again. This costs little and changes nothing.
    static let maxColumns = 1_024

    package init() {}

    /// Creates the state from the values of ``BatteryField``; a malformed value counts as absent.
    package init(objective: String?, direction: String?, updated: String?) {
        self.objective = objective.map {
            Objective(channel: $0, direction: direction.flatMap { Direction(rawValue: $0) } ?? .max)
        }
        self.updated = updated.flatMap { Int64($0) } ?? .min
    }

    /// Creates the state of a battery whose key cannot be read.
    package init(readError: String) {
        self.readError = readError
    }
}
