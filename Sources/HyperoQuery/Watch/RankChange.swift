/// A change of one row between two rankings.
package struct RankChange: Sendable, Hashable {
    /// The experiment's id.
    package let experiment: String
    /// The row now; nil if the experiment is not among the first ones any more.
    package let row: Leaderboard.Row?
    /// The rank before; nil if the experiment was not among the first ones.
    package let previous: Int?
}

extension Leaderboard {
    /// Returns the object of a change on one line: `time event previous`, then the keys of a row of the ranking, of which one that left
    /// has only `rank`, which is null, and `experiment`.
    ///
    /// - Parameter time: the time of the read, in Unix milliseconds.
    package func json(of change: RankChange, time: Int64) -> String {
        var object = JSONObject()
        object.add("time", value: time)
        object.add("event", value: "rank")
        object.add("previous", value: change.previous)
        if let row = change.row {
            add(row, to: &object)
        } else {
            object.add("rank", value: Int?.none)
            object.add("experiment", value: change.experiment)
        }
        return object.text
    }

    /// Returns the rows that differ from those of an earlier ranking, by rank, and then those that have left. All rows if there is
    /// none. A later sign of life is no difference.
    package func changes(since earlier: Leaderboard?) -> [RankChange] {
        let before = Dictionary((earlier?.rows ?? []).map { ($0.experiment, $0) }) { first, _ in first }
        var changes: [RankChange] = []
        for row in rows {
            let old = before[row.experiment]
            if let old, row.isEqual(to: old) { continue }
            changes.append(RankChange(experiment: row.experiment, row: row, previous: old?.rank))
        }
        let present = Set(rows.map(\.experiment))
        for row in earlier?.rows ?? [] where !present.contains(row.experiment) {
            changes.append(RankChange(experiment: row.experiment, row: nil, previous: row.rank))
        }
        return changes
    }
}

extension Leaderboard.Row {
    fileprivate func isEqual(to other: Leaderboard.Row) -> Bool {
        rank == other.rank && number == other.number && status == other.status && bestEpoch == other.bestEpoch
            && maxima == other.maxima && params == other.params && meta == other.meta
    }
}
