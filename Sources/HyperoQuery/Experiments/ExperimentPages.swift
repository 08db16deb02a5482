import HyperoRedis
import HyperoSchema

/// An experiment in the list of its battery.
struct ListedExperiment {
    let keyspace: Keyspace
    let battery: StoredBattery
    let id: ExperimentID
    /// The time of the first event, in Unix milliseconds.
    let started: Int64
}

/// The experiments of one battery in one partition, read page by page from the newest on.
struct ExperimentPages {
    let battery: StoredBattery
    let keyspace: Keyspace
    /// The experiments that were read and not removed yet, newest first.
    private var unread: ArraySlice<ListedExperiment> = []
    /// The number of experiments that were read.
    private var position = 0
    private var isComplete = false
    /// The experiments of the latest page. An experiment that starts between two pages moves the last ones of a page into the
    /// next one.
    private var latest: Set<ExactText> = []
    private var pending: (reply: PendingReply<[(name: String, value: String)]>, count: Int)?

    init(battery: StoredBattery, keyspace: Keyspace) {
        self.battery = battery
        self.keyspace = keyspace
    }

    /// True if there may be experiments that were not removed yet.
    var hasMore: Bool { !unread.isEmpty || !isComplete }

    /// True if all experiments that were read are removed, and there may be others.
    var needsPage: Bool { unread.isEmpty && !isComplete }

    /// Appends the command that reads the next page.
    mutating func appendNext(_ count: Int, to pipeline: inout CommandPipeline) {
        let reply = pipeline.append(
            "ZRANGE", keyspace.experiments(of: battery.id), String(position), String(position + count - 1), "REV",
            "WITHSCORES", in: keyspace, as: .pairs)
        pending = (reply, count)
    }

    /// Reads the reply of the latest command, if there is one. A page without new experiments is the last one, so that a
    /// hostile server cannot make the list endless by repeating a page.
    mutating func readNext(warnings: inout [String]) throws(QueryError) {
        guard let (reply, count) = pending else { return }
        pending = nil
        let members = try reply.value(or: [], warnings: &warnings)
        position += members.count
        let previous = latest
        latest.removeAll()
        defer { isComplete = members.count < count || latest.isSubset(of: previous) }
        for (text, score) in members {
            latest.insert(ExactText(text))
            guard !previous.contains(ExactText(text)) else { continue }
            guard let id = ExperimentID(text) else {
                warnings.append("\(keyspace.experiments(of: battery.id)): '\(printable(text))' is not an experiment id")
                continue
            }
            unread.append(
                ListedExperiment(
                    keyspace: keyspace, battery: battery, id: id,
                    started: Int64(exactly: (Double(score) ?? 0).rounded()) ?? 0))
        }
    }

    /// Removes the newest experiments of all lists and returns them, newest first. Equal times are in the order of Redis.
    ///
    /// Ends before an experiment that may be older than one that a list has not read yet.
    static func removeNewest(_ count: Int, from lists: inout [ExperimentPages]) -> [ListedExperiment] {
        var newest: [ListedExperiment] = []
        while newest.count < count {
            var best: Int?
            for index in lists.indices {
                guard let candidate = lists[index].unread.first else {
                    if lists[index].isComplete { continue }
                    return newest
                }
                if let other = best.flatMap({ lists[$0].unread.first }), !isNewer(candidate, than: other) { continue }
                best = index
            }
            guard let best else { return newest }
            newest.append(lists[best].unread.removeFirst())
        }
        return newest
    }

    private static func isNewer(_ experiment: ListedExperiment, than other: ListedExperiment) -> Bool {
        guard experiment.started == other.started else { return experiment.started > other.started }
        return other.id.text.utf8.lexicographicallyPrecedes(experiment.id.text.utf8)
    }
}
