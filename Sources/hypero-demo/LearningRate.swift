/// The learning rate of each epoch, by the rule of a decay.
struct LearningRate: Sendable {
    /// So many epochs may pass without a better valid accuracy before an adaptive rate is halved.
    static let patience = 3

    let initial: Double
    let decay: Decay
    let epochs: Int

    private var epoch = 0
    private var factor = 1.0
    private var best = -Double.infinity
    private var epochsSinceBest = 0

    init(initial: Double, decay: Decay, epochs: Int) {
        self.initial = initial
        self.decay = decay
        self.epochs = epochs
    }

    /// The rate of the epoch to come.
    var current: Double {
        switch decay {
        case .linear: initial * Double(epochs - epoch) / Double(epochs)
        case .adaptive, .none: initial * factor
        }
    }

    /// Takes note of how an epoch ended.
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
