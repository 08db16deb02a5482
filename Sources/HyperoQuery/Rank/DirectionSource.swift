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

    private static let lowerIsBetter: Set = [
        "loss", "error", "err", "perplexity", "ppl", "mse", "mae", "rmse", "nll", "wer", "cer", "fid", "latency",
        "time",
    ]
    /// The words that reverse the direction, for example in `neg_mean_squared_error` of scikit-learn.
    private static let negations: Set = ["neg", "negative"]

    /// Returns whether a name says that lower values are better: one of its words is in the list above, and none negates
    /// it. `val_loss`, `train.error`, `top1err` and `valLoss` have such a word, `lossless` and `timestep` do not.
    static func isLowerBetter(named channel: String) -> Bool {
        let words = words(of: channel)
        return words.contains { lowerIsBetter.contains($0) } && !words.contains { negations.contains($0) }
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
