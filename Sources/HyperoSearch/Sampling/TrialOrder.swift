import HyperoSchema

/// The place of an ended trial in the order from the best to the worst.
///
/// Finished trials are first, by value. Stopped trials follow, those that were stopped later first, then by value. The last ones are
/// trials whose value is nan or infinite, because their trainings have diverged. Equal trials are in the order of their numbers, so the
/// order does not depend on that in which the trials ended.
struct TrialOrder: Comparable {
    private let group: Int
    /// The epochs of a stopped trial, with a sign so that fewer are worse.
    private let epochs: Int
    /// The value of the objective, with a sign so that less is better.
    private let value: Double
    private let number: Int

    /// - Returns: nil for a running trial.
    init?(of trial: PastTrial, direction: Direction) {
        number = trial.number
        let value: Double
        switch trial.outcome {
        case .finished(let result): (group, epochs, value) = (result.isFinite ? 0 : 2, 0, result)
        case .stopped(let epoch, let result): (group, epochs, value) = (result.isFinite ? 1 : 2, ~epoch, result)
        case .running: return nil
        }
        self.value = value.isFinite ? (direction == .max ? -value : value) : 0
    }

    /// true if the value is a finite number.
    var isFinite: Bool { group < 2 }

    static func < (left: Self, right: Self) -> Bool {
        (left.group, left.epochs, left.value, left.number) < (right.group, right.epochs, right.value, right.number)
    }
}
