/// What a worker tells its parent: one line of text each, on the worker's standard output.
enum WorkerMessage: Sendable, Equatable {
    /// An epoch is over, with this valid accuracy.
    case epoch(valid: Double)
    /// An experiment is over.
    case end(Outcome)
    /// The worker leaves, and so many events have not reached Redis.
    case unsent(UInt64)
    /// The worker cannot work, for this reason.
    case problem(String)

    var line: String {
        switch self {
        case .epoch(let valid): "epoch \(valid)\n"
        case .end(let outcome):
            if let best = outcome.best {
                "end \(outcome.status.rawValue) \(outcome.experiment) \(best.valid) \(best.test)\n"
            } else {
                "end \(outcome.status.rawValue) \(outcome.experiment)\n"
            }
        case .unsent(let count): "unsent \(count)\n"
        case .problem(let text): "problem \(text.split(whereSeparator: \.isNewline).joined(separator: " "))\n"
        }
    }

    /// Reads a line without its newline; nil when it is no message.
    init?(line: some StringProtocol) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        switch (words.first, words.count) {
        case ("epoch", 2):
            guard let valid = Double(words[1]) else { return nil }
            self = .epoch(valid: valid)
        case ("end", 3), ("end", 5):
            guard let status = Outcome.Status(rawValue: String(words[1])), !words[2].isEmpty else { return nil }
            var best: Outcome.Best?
            if words.count == 5 {
                guard let valid = Double(words[3]), let test = Double(words[4]) else { return nil }
                best = Outcome.Best(valid: valid, test: test)
            }
            self = .end(Outcome(experiment: String(words[2]), status: status, best: best))
        case ("unsent", 2):
            guard let count = UInt64(words[1]) else { return nil }
            self = .unsent(count)
        case ("problem", 2...):
            self = .problem(words.dropFirst().joined(separator: " "))
        default: return nil
        }
    }
}
