package import HyperoSchema

/// The deleted experiments and batteries among those with events, whose further events are dropped.
///
/// Redis may have a million others. A tombstone is read with the state of its experiment or battery.
package struct Tombstones: Sendable, Hashable {
    /// The times of the deletions in Unix milliseconds, by member of the list in Redis.
    private var times: [String: Int64] = [:]

    /// The time for which the events of a deleted subject are dropped: 30 days, in milliseconds. A producer forgets its
    /// events after the same time.
    package static let lifetime: Int64 = 30 * 24 * 60 * 60 * 1_000

    package init() {}

    package var isEmpty: Bool { times.isEmpty }

    /// Returns the time of a battery's deletion in Unix milliseconds; nil if the battery was not deleted.
    func time(of battery: BatteryID) -> Int64? { times[battery.text] }

    /// Returns the time of an experiment's deletion in Unix milliseconds; nil if the experiment was not deleted.
    func time(of experiment: ExperimentID) -> Int64? { times[experiment.text] }

    /// Returns the time of a battery's deletion in Unix milliseconds, if events of an experiment were dropped because of it; nil
    /// if none were.
    func time(of experiment: ExperimentID, in battery: BatteryID) -> Int64? {
        times[Self.member(for: experiment, in: battery)]
    }

    /// Returns the member for an experiment that stays away from one battery: `<battery>:<experiment>`. No id has a colon.
    ///
    /// The id alone would keep the experiment away from all batteries. An account that may only append could then do so to
    /// future experiments of others.
    static func member(for experiment: ExperimentID, in battery: BatteryID) -> String {
        "\(battery.text):\(experiment.text)"
    }

    /// Returns whether events at a time are no longer dropped.
    ///
    /// - Parameters:
    ///   - deleted: the time of the deletion in Unix milliseconds.
    ///   - time: a time of the server's clock in Unix milliseconds.
    static func isExpired(_ deleted: Int64, at time: Int64) -> Bool { deleted < time - lifetime }

    package mutating func insert(_ experiment: ExperimentID, at time: Int64) { times[experiment.text] = time }

    package mutating func insert(_ battery: BatteryID, at time: Int64) { times[battery.text] = time }

    mutating func insert(_ experiment: ExperimentID, in battery: BatteryID, at time: Int64) {
        times[Self.member(for: experiment, in: battery)] = time
    }

    /// Adds tombstones that were read.
    mutating func merge(_ others: Tombstones) {
        if !others.isEmpty { times.merge(others.times) { $1 } }
    }

    /// Adds and removes what a batch has deleted and revived.
    package mutating func update(with result: FoldResult) {
        for (battery, _) in result.revived { times[battery.text] = nil }
        for (member, deleted) in result.withheld { times[member] = deleted }
    }

    /// Restores the state before a batch that is folded again.
    mutating func undo(_ result: FoldResult) {
        for (member, _) in result.withheld { times[member] = nil }
        for (battery, deleted) in result.revived { insert(battery, at: deleted) }
    }
}
