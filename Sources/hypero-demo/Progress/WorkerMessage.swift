/// A message of a worker to the pool: one line of text on the worker's standard output.
enum WorkerMessage: Sendable, Equatable {
    /// An epoch has ended with this valid accuracy.
    case epoch(valid: Double)
    /// An experiment has ended.
    case end(TrainingResult)
    /// The worker exits, and this number of events has not reached Redis.
    case unsent(UInt64)
    /// The worker cannot run, for this reason.
    case problem(String)

    /// The message as a line, with its newline.
    var line: String {
        switch self {
        case .epoch(let valid): "epoch \(valid)\n"
        case .end(let result):
            if let best = result.best {
                "end \(result.status.rawValue) \(result.experiment) \(best.valid) \(best.test)\n"
            } else {
                "end \(result.status.rawValue) \(result.experiment)\n"
            }
        case .unsent(let count): "unsent \(count)\n"
        case .problem(let text): "problem \(text.split(whereSeparator: \.isNewline).joined(separator: " "))\n"
        }
    }

    /// Parses a line without its newline; nil if the line is not a message.
    init?(line: some StringProtocol) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        switch (words.first, words.count) {
        case ("epoch", 2):
            guard let valid = Double(words[1]) else { return nil }
            self = .epoch(valid: valid)
        case ("end", 3), ("end", 5):
            guard let status = TrainingResult.Status(rawValue: String(words[1])), !words[2].isEmpty else { return nil }
            var best: TrainingResult.BestEpoch?
            if words.count == 5 {
                guard let valid = Double(words[3]), let test = Double(words[4]) else { return nil }
                best = .init(valid: valid, test: test)
            }
            self = .end(TrainingResult(experiment: String(words[2]), status: status, best: best))
        case ("unsent", 2):
            guard let count = UInt64(words[1]) else { return nil }
            self = .unsent(count)
        case ("problem", 2...):
            self = .problem(words.dropFirst().joined(separator: " "))
        default: return nil
        }
    }
}
