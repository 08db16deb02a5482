/// Where an experiment is in its life.
public enum ExperimentStatus: String, Sendable, Hashable, CaseIterable {
    /// It began and has not said that it ended.
    case running
    /// It ran to its end.
    case done
    /// It ended by an error.
    case failed
    /// Somebody or some rule ended it early.
    case stopped
}

/// Who said the maxima of an experiment.
package enum MaximaSource: String, Sendable, Hashable {
    /// The row of the learning curves where the objective is best.
    case curve
    /// A `maxima` event, which from then on wins over what the curve says.
    case user
}
