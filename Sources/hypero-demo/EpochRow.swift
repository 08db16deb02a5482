/// How a training stands after an epoch.
struct EpochRow: Sendable, Equatable {
    let epoch: Int
    /// Accuracies, 0...1.
    let train: Double
    let valid: Double
    let test: Double
    /// The mean cross entropy of the samples trained on, as it was while the epoch went on.
    let loss: Double

    /// Whether the weights ran away: from a loss that is no finite number no training comes back.
    var isDiverged: Bool { !loss.isFinite }
}
