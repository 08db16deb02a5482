package import HyperoSchema

/// What the fold knows of a battery.
package struct BatteryState: Sendable, Hashable {
    /// What decides "best"; nil when the battery was never declared.
    package struct Rule: Sendable, Hashable {
        package let objective: String
        package let direction: Direction

        package init(objective: String, direction: Direction) {
            self.objective = objective
            self.direction = direction
        }
    }

    package var rule: Rule?
    /// Unix milliseconds of the latest event.
    package var updated: Int64 = .min
    /// Fields that are known to be in the columns; some others may be there too.
    package var columns: Set<ExactText> = []
    /// Why the battery cannot be read, when its key holds something else.
    package var problem: String?

    /// More columns than this are not remembered but written again: that changes nothing and costs little.
    package static let columnLimit = 1_024

    package init() {}

    /// What ``BatteryField`` holds.
    package init(objective: String?, direction: String?, updated: String?) {
        rule = objective.map { Rule(objective: $0, direction: direction.flatMap { Direction(rawValue: $0) } ?? .max) }
        self.updated = updated.flatMap { Int64($0) } ?? .min
    }

    /// A battery whose key cannot be read.
    package init(problem: String) {
        self.problem = problem
    }
}
