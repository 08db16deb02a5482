import TestSupport

/// A fixed number of trainings of all kinds.
///
/// A training that has ended or was killed is replaced by a training of the same kind. Otherwise the kinds that end by
/// themselves would soon be missing.
final class Fleet {
    private static let size = 6

    private let redis: String
    private let sides: String
    private let journal: String
    private let rate: Int
    private let kinds: [TrainingKind]
    private var random: SeededGenerator
    /// The training of each slot; nil before the first start. The slot determines the kind.
    private var slots = [Training?](repeating: nil, count: size)
    private var endedLogs: [String] = []
    private(set) var startedCount = 0

    /// - Parameters:
    ///   - redis: the Redis URL of the trainings.
    ///   - sides: the folder of the side files.
    ///   - journal: the folder of the journals.
    ///   - rate: events per second of all trainings together.
    ///   - kinds: the kinds of trainings, which are assigned to the slots in turn.
    ///   - seed: determines the sizes and seeds of the trainings.
    init(redis: String, sides: String, journal: String, rate: Int, kinds: [TrainingKind], seed: UInt64) {
        self.redis = redis
        self.sides = sides
        self.journal = journal
        self.rate = rate
        self.kinds = kinds
        random = SeededGenerator(seed: seed &+ 1)
    }

    var runningCount: Int { trainings.count { $0.process.isRunning } }

    private var trainings: [Training] { slots.compactMap(\.self) }

    /// Starts a training in each slot whose training has ended.
    func replaceEnded() throws {
        for (slot, training) in slots.enumerated() {
            if let training, training.process.isRunning { continue }
            if let log = training?.log { endedLogs.append(log) }
            try training?.checkEnding()
            startedCount += 1
            slots[slot] = try Training(
                kinds[slot % kinds.count], redis: redis, sides: sides, journal: journal, rate: rate / Self.size,
                random: &random)
        }
    }

    /// Kills a random training.
    func killOne(using random: inout SeededGenerator) {
        guard !trainings.isEmpty else { return }
        random.pick(trainings).kill()
    }

    /// Sends SIGTERM to all trainings, and waits until all have ended.
    func stop() throws {
        for training in trainings { training.process.terminate() }
        for training in trainings {
            guard training.process.wait(within: .seconds(60)) != nil else {
                throw TestFailure(
                    "\(training.process) did not end within 60 s after SIGTERM; its client closes within 10 s")
            }
            try training.checkEnding()
        }
        endedLogs += trainings.compactMap(\.log)
        slots = []
    }

    /// Kills all trainings.
    func kill() {
        for training in trainings { training.process.kill() }
    }

    /// The standard error of all trainings.
    var log: String { (endedLogs + trainings.compactMap(\.log)).joined(separator: "----\n") }
}
