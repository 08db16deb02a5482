import HyperoSchema

/// A battery with the numbers of its experiments that run and that are done.
package struct BatteryActivity: Sendable, Hashable {
    /// The battery.
    package let summary: BatterySummary
    /// The number of running experiments among those that were counted.
    package let running: Int
    /// The number of experiments that are done among those that were counted.
    package let done: Int
    /// The number of experiments whose statuses were read, the newest ones.
    package let counted: Int

    /// The largest number of experiments of a battery whose statuses are read.
    package static let maxCounted = 1_000

    /// True if some experiments were not counted.
    package var isPartial: Bool { counted < summary.experimentCount }

    /// The object of the battery on one line: `time event`, the keys of a row of the batteries, `running`, `done` and `counted`.
    ///
    /// - Parameter time: the time of the read, in Unix milliseconds.
    package func json(time: Int64) -> String {
        var object = JSONObject()
        object.add("time", value: time)
        object.add("event", value: "summary")
        object.add(membersOf: summary.json)
        object.add("running", value: running)
        object.add("done", value: done)
        object.add("counted", value: counted)
        return object.text
    }

    /// Returns whether the battery differs from an earlier one in more than the time of its latest event.
    func isEqual(to other: BatteryActivity) -> Bool {
        let (left, right) = (summary, other.summary)
        return left.name == right.name && left.experimentCount == right.experimentCount && left.best == right.best
            && left.conflict == right.conflict && running == other.running && done == other.done
    }
}

/// All batteries with the numbers of their running experiments.
package struct ActivityList: Sendable, Hashable {
    /// The batteries, by name, version and time of creation.
    package let batteries: [BatteryActivity]
    /// The malformed values that were left out, one sentence each.
    package let warnings: [String]

    /// Returns the batteries that are new, or that differ from those of an earlier list.
    package func changes(since earlier: ActivityList?) -> [BatteryActivity] {
        let before = Dictionary((earlier?.batteries ?? []).map { ($0.summary.id, $0) }) { first, _ in first }
        return batteries.filter { battery in before[battery.summary.id].map { !battery.isEqual(to: $0) } ?? true }
    }
}

extension Store {
    /// Reads all batteries, and the statuses of the newest 1,000 experiments of each.
    ///
    /// - Parameters:
    ///   - earlier: an earlier list, whose counts are kept where nothing has changed; nil for none.
    ///   - changed: the ids of the batteries that have changed since.
    package func activities(
        since earlier: ActivityList? = nil, changed: Set<String> = []
    ) throws(QueryError) -> ActivityList {
        try answer { () throws(QueryError) in try readActivities(since: earlier, changed: changed) }
    }

    private func readActivities(
        since earlier: ActivityList?, changed: Set<String>
    ) throws(QueryError) -> ActivityList {
        var warnings: [String] = []
        let stored = try storedBatteries(warnings: &warnings)
        let summaries = try summaries(of: stored, warnings: &warnings)
        let before = Dictionary((earlier?.batteries ?? []).map { ($0.summary.id, $0) }) { first, _ in first }
        var activities: [BatteryActivity] = []
        for (battery, summary) in zip(stored, summaries) {
            if let old = before[summary.id], !changed.contains(summary.id),
                old.summary.experimentCount == summary.experimentCount
            {
                activities.append(
                    BatteryActivity(summary: summary, running: old.running, done: old.done, counted: old.counted))
            } else {
                activities.append(try activity(of: battery, summary: summary))
            }
        }
        return ActivityList(batteries: activities, warnings: warnings)
    }

    private func activity(of battery: StoredBattery, summary: BatterySummary) throws(QueryError) -> BatteryActivity {
        var (running, done, counted) = (0, 0, 0)
        // The list of the experiments has no place for malformed values of the hashes.
        var ignored: [String] = []
        let scan = ExperimentScan(order: .newestFirst, fields: [], hasLiveness: true)
        try self.scan([battery], scan, warnings: &ignored) { (experiments) throws(QueryError) in
            for experiment in experiments where counted < BatteryActivity.maxCounted {
                counted += 1
                switch experiment.liveness?.status {
                case .running: running += 1
                case .done: done += 1
                default: break
                }
            }
            return counted < BatteryActivity.maxCounted ? .next : .stop
        }
        return BatteryActivity(summary: summary, running: running, done: done, counted: counted)
    }
}
