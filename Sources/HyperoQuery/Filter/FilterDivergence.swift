import HyperoSchema

/// The values that show that no epoch of an experiment has a finite value of the objective.
///
/// Such an experiment has no best epoch, and so no value of the objective in its hash, as one that has logged nothing. It has
/// epochs and values that are nan or infinite, though.
struct FilterDivergence {
    /// The indexes of the fields in ``BoundFilter/fields``.
    let epochs: Int
    let bestEpoch: Int
    let nonfinite: Int

    /// The fields, in the order of the indexes.
    static let fields = [ExperimentField.epochs, ExperimentField.maxEpoch, ExperimentField.nonfinite]

    func isShown(by experiment: BoundFilter.Experiment) -> Bool {
        experiment.value(epochs) != nil && experiment.value(bestEpoch) == nil
            && (experiment.value(nonfinite).flatMap { Int64($0) } ?? 0) > 0
    }
}
