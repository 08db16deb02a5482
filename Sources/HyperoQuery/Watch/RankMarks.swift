package import HyperoCore

/// The marks of rows that are new in a ranking or have moved by a change of their own value: `new`, `▲2` or `▼1`.
///
/// A row that only another one has pushed down or up has no mark: after a new best result, all other rows would have one.
package struct RankMarks: Sendable, Hashable {
    /// The time for which a row has its mark.
    package static let lifetime: Duration = .seconds(10)

    private struct Mark: Hashable {
        let text: Text
        let end: MonotonicTime
    }

    private enum Text: Hashable {
        case new
        /// The number of ranks upwards, which is negative for a move downwards.
        case moved(Int)
    }

    private struct Place: Hashable {
        let rank: Int
        let value: Double
    }

    /// The rows of the latest ranking; nil before the first one.
    private var places: [String: Place]?
    private var marks: [String: Mark] = [:]

    package init() {}

    /// Forgets the latest ranking. The next one gets no marks, because it has other rows for another reason than new events.
    package mutating func reset() {
        places = nil
        marks = [:]
    }

    /// Compares the rows of a ranking with those of the latest one.
    package mutating func update(_ rows: [Leaderboard.Row], at now: MonotonicTime) {
        let end = now + Self.lifetime
        for row in rows {
            guard let places else { break }
            guard let place = places[row.experiment] else {
                marks[row.experiment] = Mark(text: .new, end: end)
                continue
            }
            guard place.rank != row.rank, place.value != row.value else { continue }
            marks[row.experiment] = Mark(text: .moved(place.rank - row.rank), end: end)
        }
        marks = marks.filter { $0.value.end > now }
        places = Dictionary(rows.map { ($0.experiment, Place(rank: $0.rank, value: $0.value)) }) { first, _ in first }
    }

    /// Returns the marks by the ids of the experiments.
    package func texts(at now: MonotonicTime, isUnicode: Bool) -> [String: String] {
        marks.filter { $0.value.end > now }.mapValues { mark in
            switch mark.text {
            case .new: "new"
            case .moved(let ranks):
                (ranks > 0 ? isUnicode ? "▲" : "^" : isUnicode ? "▼" : "v") + String(ranks.magnitude)
            }
        }
    }
}
