// The direction that the name of a channel says.
extension Direction {
    /// The direction of an objective whose declaration states none: `min` if its name says that lower values are better, such as
    /// `val_loss`, else `max`.
    package init(ofObjectiveNamed channel: String) {
        self = Self.isLowerBetter(named: channel) ? .min : .max
    }

    /// The words for losses, errors, distances to a target, costs and durations.
    private static let lowerIsBetter: Set = [
        "loss", "losses", "logloss", "nll", "ce", "bce", "xent", "crossentropy", "bpb", "bpc", "bpd", "perplexity",
        "ppl",
        "brier", "error", "errors", "err", "mse", "rmse", "mae", "mape", "smape", "msle", "rmsle", "ece", "crps", "eer",
        "wer", "cer", "ter", "der", "mcd", "fid", "lpips", "regret", "latency", "time", "times", "runtime", "walltime",
        "wallclock", "duration", "durations", "elapsed", "delay", "cost", "costs", "penalty", "penalties", "risk",
        "violation", "violations", "misclassification", "misclassifications", "mistakes", "miss", "failures",
        "collisions", "residual", "residuals", "discrepancy", "distortion", "consumption", "overhead", "kl", "kld",
        "kldiv", "jsd", "mmd", "kid", "fvd", "epe", "divergence", "chamfer", "hausdorff", "wasserstein", "emd",
        "levenshtein", "fpr", "fnr",
    ]
    /// Words that are a distance to a target, and so best when lowest, before `distance`.
    private static let targetDistances: Set = [
        "edit", "levenshtein", "hamming", "chamfer", "hausdorff", "wasserstein", "frechet", "inception", "mover",
        "movers",
        "cosine",
    ]
    /// The words for quantities of which one wants the lowest in one experiment and the highest in another, if they are the last
    /// ones of a name.
    private static let ambiguous: Set = [
        "energy", "energies", "distance", "distances", "deviation", "std", "stddev", "variance", "entropy", "size",
        "length", "len", "steps", "gap", "margin", "memory", "ram", "vram", "flops", "macs", "params", "parameters",
        "power", "complexity", "sparsity", "temperature", "norm", "depth", "width", "count", "volume", "pressure",
    ]
    /// The units of the sizes in a name.
    private static let sizeUnits: Set = ["b", "kb", "mb", "gb", "kib", "mib", "gib", "bytes", "j", "kj", "kwh", "w"]
    /// The words after which the name of a channel may state the unit, the statistic or the data of its values.
    private static let qualifiers: Set = [
        "ns", "us", "ms", "s", "sec", "secs", "second", "seconds", "min", "minutes", "hours", "rate", "score", "mean",
        "avg",
        "average", "median", "max", "sum", "total", "p", "k", "best", "last", "final", "ema", "smoothed", "train",
        "training", "val", "valid", "validation", "dev", "eval", "test",
    ]
    /// The units of time that name a duration by themselves, as in `seconds`.
    private static let longTimeUnits: Set = [
        "secs", "seconds", "milliseconds", "millis", "microseconds", "nanoseconds", "minutes", "hours",
    ]
    /// The units of time that name a duration after a part of a training, as in `epoch_ms`.
    private static let shortTimeUnits: Set = ["ns", "us", "ms", "sec"]
    /// The parts of a training that a unit of time may follow. After any other word, it may be a rate, as in `tokens/sec`, or the
    /// length of something else.
    private static let timedParts: Set = [
        "epoch", "step", "iter", "iteration", "batch", "inference", "forward", "backward", "fit", "wall", "cpu", "gpu",
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
    /// `Loss/test`, `word-error-rate` and `time_per_step` before what describes the values, and `seconds` and `epoch_ms`, a unit of
    /// time alone or after a part of a training, `bits_per_byte` and `edit_distance`. `tokens/sec`, `perplexity_gain`, `lossless` and
    /// `loss_scale` do not.
    package static func isLowerBetter(named channel: String) -> Bool {
        var words = words(of: channel)
        guard !words.contains(where: { negations.contains($0) || relations.contains($0) }) else { return false }
        let reference = words.firstIndex { references.contains($0) }
        // Not those per second, which are a rate.
        let isPer =
            reference.map {
                words[$0] == "per" && !["second", "sec", "s"].contains(words[($0 + 1)...].first ?? "")
            } ?? false
        if let reference { words.removeSubrange(reference...) }
        let parts = words.dropLast()
        if let unit = words.last, longTimeUnits.contains(unit) || shortTimeUnits.contains(unit) && !parts.isEmpty,
            parts.allSatisfy({ qualifiers.contains($0) || timedParts.contains($0) })
        {
            return !isRate(channel)
        }
        while words.count > 1, let last = words.last, qualifiers.contains(last) { words.removeLast() }
        guard let last = words.last else { return false }
        if lowerIsBetter.contains(last) || lowerPairs.contains(Array(words.suffix(2))) { return true }
        // `bits_per_byte`
        if isPer, last == "bits" || last == "nats" { return true }
        return ["distance", "distances"].contains(last) && words.dropLast().last.map(targetDistances.contains) ?? false
    }

    /// The last two words of names for which lower is better.
    private static let lowerPairs: Set = [["cross", "entropy"], ["free", "energy"], ["false", "positives"]]

    /// Returns whether a name does not tell which values are better although it names a quantity for which lower ones often are: its
    /// last word is in the list above, as in `energy`, `model_size_mb` and `distance`, or it relates a time to something else, as
    /// in `time_to_goal`. The direction of such an objective should be declared.
    package static func isAmbiguous(named channel: String) -> Bool {
        guard !isLowerBetter(named: channel) else { return false }
        var words = words(of: channel)
        guard !words.contains(where: { negations.contains($0) }) else { return false }
        if let relation = words.firstIndex(where: { ["to", "until", "before"].contains($0) }) {
            return words[..<relation].contains { lowerIsBetter.contains($0) || ambiguous.contains($0) }
        }
        guard !words.contains(where: { relations.contains($0) }) else { return false }
        if let reference = words.firstIndex(where: { references.contains($0) }) { words.removeSubrange(reference...) }
        while words.count > 1, let last = words.last, qualifiers.contains(last) || sizeUnits.contains(last) {
            words.removeLast()
        }
        return words.last.map(ambiguous.contains) ?? false
    }

    /// Returns whether a name ends with a slash and one unit of time, such as `step/sec`: a number per second.
    private static func isRate(_ channel: String) -> Bool {
        ["sec", "ms"].contains { channel.lowercased().hasSuffix("/\($0)") }
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
