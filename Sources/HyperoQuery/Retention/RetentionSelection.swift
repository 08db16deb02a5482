package import HyperoSchema

/// The experiments that a rule covers.
package struct RetentionSelection: Sendable {
    /// The best experiments of a battery, which stay.
    package struct Best: Sendable, Hashable {
        /// The name and the version of the battery.
        package let name: String
        package let version: Int
        /// The number of experiments that stay as the best.
        package let count: Int
        /// The number of all experiments of the battery.
        package let total: Int
        package let objective: String
        package let direction: Direction
    }

    /// The ids, the oldest of each battery first.
    package var ids: [String] = []
    /// The states of those that did not run when they were read (``ControlCondition/stamp(status:since:updated:alive:)``), by partition
    /// and id.
    package var stamps: [Keyspace: [String: String]] = [:]
    /// The time since the last sign of life of those that are lost, as a text such as `3 d 2 h`, by id.
    package var lost: [String: String] = [:]
    /// The batteries of which the best experiments stay; empty if the rule has no number of them.
    package var best: [Best] = []

    package init() {}

    /// Adds an experiment.
    ///
    /// - Parameter stamp: its state; nil if it may change.
    mutating func add(_ member: ScanMember, stamp: String?) {
        ids.append(member.experiment)
        if let stamp { stamps[member.keyspace, default: [:]][member.experiment] = stamp }
    }
}
