import HyperoSchema

/// The reason for the direction in which a ranking treats a channel's values as better.
public enum DirectionSource: Sendable, Hashable {
    /// The channel is the objective, whose direction the battery declares.
    case objective
    /// The battery declares the direction of the channel.
    case declaration
    /// The name says that lower values are better, for example `val_loss`.
    case name
    /// No declaration and no name says which values are better. The highest are first.
    case none
}

/// The direction in which the values of a channel are better.
struct ChannelDirection: Hashable {
    let direction: Direction
    let source: DirectionSource

    /// Determines the direction of a channel in a battery, whose declared direction of the channel was read.
    init(of channel: String, in battery: StoredBattery) {
        if channel.hasSameBytes(as: battery.objective) {
            self.init(direction: battery.direction, source: .objective)
        } else if let declared = battery.channelDirection {
            self.init(direction: declared, source: .declaration)
        } else if Self.isLowerBetter(named: channel) {
            self.init(direction: .min, source: .name)
        } else {
            self.init(direction: .max, source: .none)
        }
    }

    private init(direction: Direction, source: DirectionSource) {
        self.direction = direction
        self.source = source
    }

    /// The words for losses, errors and durations.
    private static let lowerIsBetter: Set = [
        "loss", "losses", "logloss", "nll", "ce", "bce", "xent", "crossentropy", "bpb", "bpc", "bpd", "perplexity",
        "ppl",
        "brier", "error", "errors", "err", "mse", "rmse", "mae", "mape", "smape", "msle", "rmsle", "ece", "crps", "eer",
        "wer", "cer", "ter", "der", "mcd", "fid", "lpips", "regret", "latency", "time", "runtime", "walltime",
    ]
    /// The words after which the name of a channel may state the unit, the statistic or the data of its values.
    private static let qualifiers: Set = [
        "ns", "us", "ms", "s", "sec", "secs", "second", "seconds", "min", "minutes", "hours", "rate", "score", "mean",
        "avg",
        "average", "median", "max", "sum", "total", "p", "k", "best", "last", "final", "ema", "smoothed", "train",
        "training", "val", "valid", "validation", "dev", "eval", "test",
    ]
    /// The words that reverse the direction, for example in `neg_mean_squared_error` of scikit-learn.
    private static let negations: Set = ["neg", "negative", "minus", "inv", "inverse"]
    /// The words after which a name states a reference: `loss_per_token` is a loss.
    private static let references: Set = ["per", "at", "on"]
    /// The words that relate two quantities: `accuracy_over_time` is no time, and `time_to_failure` may be better when higher.
    private static let relations: Set = ["over", "to", "until", "before", "after", "vs", "under", "without"]

    /// Returns whether a name says that lower values are better: its last word is in the list above, and none negates it.
    ///
    /// `val_loss`, `train/error`, `top1err`, `valLoss` and `log-loss` end with such a word, and so do `latency_ms`,
    /// `Loss/test`, `word-error-rate` and `time_per_step` before what describes the values. `perplexity_gain`, `lossless` and
    /// `loss_scale` do not.
    static func isLowerBetter(named channel: String) -> Bool {
        var words = words(of: channel)
        guard !words.contains(where: { negations.contains($0) || relations.contains($0) }) else { return false }
        if let reference = words.firstIndex(where: { references.contains($0) }) { words.removeSubrange(reference...) }
        while words.count > 1, let last = words.last, qualifiers.contains(last) { words.removeLast() }
        guard let last = words.last else { return false }
        return lowerIsBetter.contains(last) || words.suffix(2) == ["cross", "entropy"]
    }

    /// Returns the words of a name in lower case: the runs of letters, separated before the capital that begins a word, as
    /// in `valLoss` and `MSELoss`.
    private static func words(of name: String) -> [String] {
        let scalars = Array(name.unicodeScalars)
        var words: [String] = []
        var word = ""
        for (index, scalar) in scalars.enumerated() {
            let isUpper = scalar.properties.isUppercase
            let followsLower = index > 0 && scalars[index - 1].properties.isLowercase
            let precedesLower = index + 1 < scalars.count && scalars[index + 1].properties.isLowercase
            if !scalar.properties.isAlphabetic || isUpper && (followsLower || precedesLower) {
                words.append(word)
                word = ""
            }
            if scalar.properties.isAlphabetic { word.unicodeScalars.append(scalar) }
        }
        words.append(word)
        return words.filter { !$0.isEmpty }.map { $0.lowercased() }
    }
}
