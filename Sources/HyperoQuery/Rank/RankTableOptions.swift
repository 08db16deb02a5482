import HyperoSchema

/// The choices for the table of a ranking. JSON and CSV do not depend on them.
package struct RankTableOptions: Sendable, Hashable {
    /// True for columns of all hyper-parameters, constants too, and of all metadata.
    package var showsAllColumns = false
    /// The number of significant digits, one of ``allowedPrecisions``; nil for six, or more where different numbers would look
    /// alike.
    package var precision: Int?
    /// True to show the difference to the value of the first rank instead of the value.
    package var showsDifferences = false
    /// The marks of rows in a column of their own, by the ids of the experiments: `▲2`. Nil for no such column.
    package var marks: [String: String]?
    /// The noise by which rows are marked that may be as good as the best one; nil for no marks.
    package var noise: Noise?
    /// True for a note about the noise also if no row is marked or the noise is not known.
    package var explainsNoise = false
    /// The id of the row that is shown in reverse video.
    package var selected: String?

    package init() {}
}

extension Leaderboard {
    /// Returns the texts of the values, or of their differences to the value of the first rank.
    func valueTexts() -> [String?] {
        guard options.showsDifferences, let best = leader?.number.value else {
            return numberTexts(rows.map(\.number), precision: options.precision)
        }
        // The difference of two decimals has digits that neither has. Fifteen of them are exact.
        return numberTexts(rows.map { Number(rounded($0.value - best)) }, precision: options.precision ?? 6)
    }

    /// Returns whether the difference of a row to the best one may be luck, as that of an equal one. False for the best one.
    func isWithinNoise(_ row: Row) -> Bool {
        guard let noise = options.noise, let leader, row.experiment != leader.experiment else { return false }
        return noise.covers(row.value - leader.number.value)
    }

    /// Returns a difference without the digits that come from the rounding of its operands: 0.98 - 0.95 is 0.03.
    private func rounded(_ difference: Double) -> Double {
        let text = numberTexts([difference], precision: 15)[0]
        return Double(text) ?? difference
    }
}
