import Glibc

/// The progress of all experiments of a run, accumulated from the workers' messages.
struct RunProgress: Sendable, Equatable {
    let experiments: Int
    let epochs: Int

    private(set) var endedByStatus: [TrainingResult.Status: Int] = [:]
    /// The result with the best valid accuracy; the first one if several are equal.
    private(set) var best: TrainingResult?
    /// The number of events that did not reach Redis.
    private(set) var unsent: UInt64 = 0
    /// The distinct problems of the workers.
    private(set) var problems: [String] = []
    /// The best valid accuracy of all epochs, including those of running experiments.
    private(set) var bestValid: Double?

    /// The number of epochs of ended experiments. An experiment that ends early counts with all its epochs.
    private var endedEpochs = 0
    /// The number of finished epochs of the running experiment, by the index of its worker.
    private var runningEpochs: [Int: Int] = [:]

    init(experiments: Int, epochs: Int) {
        self.experiments = experiments
        self.epochs = epochs
    }

    /// The number of ended experiments.
    var endedCount: Int { endedByStatus.values.reduce(0, +) }

    /// The finished share of the run, 0...1.
    var fraction: Double {
        let done = endedEpochs + runningEpochs.values.reduce(0, +)
        return Double(done) / Double(experiments * epochs)
    }

    /// Adds a message.
    ///
    /// - Parameter worker: the index of the worker.
    mutating func add(_ message: WorkerMessage, from worker: Int) {
        switch message {
        case .epoch(let valid):
            runningEpochs[worker, default: 0] += 1
            bestValid = max(bestValid ?? valid, valid)
        case .end(let result):
            runningEpochs[worker] = nil
            endedEpochs += epochs
            endedByStatus[result.status, default: 0] += 1
            if let candidate = result.best, candidate.valid > best?.best?.valid ?? -1 { best = result }
        case .unsent(let count): unsent += count
        case .problem(let text): if !problems.contains(text) { problems.append(text) }
        }
    }

    /// Returns the text to print at the end of the run.
    ///
    /// - Parameters:
    ///   - name: the name of the battery.
    ///   - version: the version of the battery.
    func summary(name: String, version: Int) -> String {
        let parts = TrainingResult.Status.allCases.compactMap { status in
            endedByStatus[status].map { "\($0) \(status.rawValue)" }
        }
        let counts = parts.isEmpty ? "none ended" : parts.joined(separator: ", ")
        let noun = experiments == 1 ? "experiment" : "experiments"
        var text = "\(experiments) \(noun) of \"\(name)\" version \(version): \(counts)\n"
        if let best, let epoch = best.best {
            text +=
                "best valid accuracy \(epoch.valid.fourDecimals), test \(epoch.test.fourDecimals): \(best.experiment)\n"
        }
        return text
    }
}

extension Double {
    /// The number with four decimals, as in the tables of hypero-query.
    var fourDecimals: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 320) { buffer in
            _ = withVaList([self]) { vsnprintf(buffer.baseAddress!, buffer.count, "%.4f", $0) }
            return String(cString: buffer.baseAddress!)
        }
    }
}
