/// What the parent knows of its workers' experiments, from their messages.
struct Tally: Sendable, Equatable {
    let experiments: Int
    let epochs: Int

    private(set) var ended: [Outcome.Status: Int] = [:]
    private(set) var best: Outcome?
    private(set) var unsent: UInt64 = 0
    /// Each different reason why workers could not work, once.
    private(set) var problems: [String] = []
    /// The best valid accuracy so far, also of experiments that go on.
    private(set) var bestValid: Double?

    /// Epochs of ended experiments, all counted as trained, and those of running ones by worker.
    private var endedEpochs = 0
    private var runningEpochs: [Int: Int] = [:]

    init(experiments: Int, epochs: Int) {
        self.experiments = experiments
        self.epochs = epochs
    }

    var endedCount: Int { ended.values.reduce(0, +) }

    /// The part of the work that is over, 0...1. An experiment that ends early is over as a whole.
    var progress: Double {
        let done = endedEpochs + runningEpochs.values.reduce(0, +)
        return Double(done) / Double(experiments * epochs)
    }

    mutating func receive(_ message: WorkerMessage, from worker: Int) {
        switch message {
        case .epoch(let valid):
            runningEpochs[worker, default: 0] += 1
            bestValid = max(bestValid ?? valid, valid)
        case .end(let outcome):
            runningEpochs[worker] = nil
            endedEpochs += epochs
            ended[outcome.status, default: 0] += 1
            if let candidate = outcome.best, candidate.valid > best?.best?.valid ?? -1 { best = outcome }
        case .unsent(let count): unsent += count
        case .problem(let text): if !problems.contains(text) { problems.append(text) }
        }
    }

    /// What to print at the end.
    func summary(name: String, version: Int) -> String {
        let parts = Outcome.Status.allCases.compactMap { status in
            ended[status].map { "\($0) \(status.rawValue)" }
        }
        let counts = parts.isEmpty ? "none ended" : parts.joined(separator: ", ")
        var text =
            "\(experiments) \(experiments == 1 ? "experiment" : "experiments") of \"\(name)\" version \(version): \(counts)\n"
        if let best, let values = best.best {
            text +=
                "best valid accuracy \(values.valid.formatted4), test \(values.test.formatted4): \(best.experiment)\n"
        }
        return text
    }
}
