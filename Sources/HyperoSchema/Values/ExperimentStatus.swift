/// The state of an experiment.
///
/// The raw value is the value of the field `status`, in `end` events and in the hash of the experiment.
public enum ExperimentStatus: String, Sendable, Hashable, CaseIterable {
    /// The experiment has started and not reported its end.
    case running
    /// The experiment completed.
    case done
    /// The experiment ended with an error.
    case failed
    /// The user or a stopping rule ended the experiment early.
    case stopped
    /// The process ended without an end of the experiment, or was silent for too long.
    case lost
}

/// The origin of the maxima of an experiment.
///
/// The raw value is the value of the field `max.source` in the hash of the experiment.
package enum MaximaSource: String, Sendable, Hashable, CaseIterable {
    /// The row of the learning curves in which the objective is best.
    case curve
    /// `maxima` events of the user.
    case user
    /// Some channels as the user stated them, and the others from the curve.
    case both
}
