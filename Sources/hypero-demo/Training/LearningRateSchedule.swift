/// The learning rate of each epoch.
struct LearningRateSchedule: Sendable {
    /// The number of epochs without a better valid accuracy after which an adaptive rate is halved.
    static let patience = 3

    let initial: Double
    let decay: LearningRateDecay
    let epochs: Int

    private var epoch = 0
    private var factor = 1.0
    private var best = -Double.infinity
    private var epochsSinceBest = 0

    init(initial: Double, decay: LearningRateDecay, epochs: Int) {
        self.initial = initial
        self.decay = decay
        self.epochs = epochs
    }

    /// The rate of the next epoch.
    var current: Double {
        switch decay {
        case .linear: initial * Double(epochs - epoch) / Double(epochs)
        case .adaptive, .none: initial * factor
        }
    }

    /// Records the valid accuracy of a finished epoch.
    mutating func finishEpoch(valid: Double) {
        epoch += 1
        if valid > best {
            best = valid
            epochsSinceBest = 0
            return
        }
        epochsSinceBest += 1
        if decay == .adaptive && epochsSinceBest == Self.patience {
            factor /= 2
            epochsSinceBest = 0
        }
    }
}

/// The decay of the learning rate over a training.
enum LearningRateDecay: String, CaseIterable, Sendable {
    /// Linear, from the initial rate in the first epoch to zero after the last.
    case linear
    /// Halved whenever the valid accuracy has not improved for ``LearningRateSchedule/patience`` epochs.
    case adaptive
    /// A constant rate.
    case none
}
