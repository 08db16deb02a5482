/// A remark about a result that is right but not all that the user may expect, for example experiments that a ranking leaves
/// out.
///
/// A table ends with the notes. Programs print the notes of JSON and CSV on standard error.
package struct Note: Sendable, Hashable {
    /// The subject, by which a program adds advice.
    package let topic: AdviceTopic
    /// The remark, a sentence without a full stop.
    package let text: String

    /// The remark about a battery without experiments.
    static let noExperiments = Note(
        topic: .noExperiments, text: "the battery has no experiments: none has started yet, or all were deleted")

    /// Returns the text, followed by advice if there is some.
    package func text(with advice: [AdviceTopic: String]) -> String {
        advice[topic].map { "\(text). \($0)" } ?? text
    }
}

/// A subject about which a program may advise. The advice names options and commands, which the library does not know.
package enum AdviceTopic: Sendable, Hashable {
    /// A table has more columns than the display has room for.
    case hiddenColumns
    /// Experiments are missing in a ranking.
    case unranked
    /// No experiment of a ranking has a finite value of the channel.
    case nothingRanked
    /// A ranking by the best values of the learning curves.
    case rankedByCurves
    /// Rows of learning curves were removed.
    case thinnedCurves
    /// The battery has no experiments.
    case noExperiments
    /// The store has no batteries.
    case noBatteries
    /// The battery has no searches.
    case noSearches
    /// Ended trials that the history of a search lacks.
    case searchHistory
    /// The values of a trial that are not those that its history leads to.
    case explanation
    /// The result contains batteries that differ only in their descriptions.
    case severalBatteries
    /// Rows that differ from the best one by no more than luck.
    case noise
    /// Experiments without a number by which they are chosen.
    case leftOut
    /// There are more rows than the limit.
    case moreRows
    /// The search of a list ended at the limit of rows.
    case olderExperiments
    /// The data of an importance.
    case importance
    /// A chart leaves points out that are above or below its vertical axis.
    case pointsOutside
    /// A chart without colours leaves curves out.
    case hiddenCurves
    /// Keys that differ and that can be derived again.
    case rebuilding
    /// Learning curves are left out, because a table of them would be nearly empty.
    case sparseCurves
}
