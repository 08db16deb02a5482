import TestSupport

/// The trainings: always as many, of every kind; one that ends or is killed gets a successor of its kind, or those that
/// end by themselves would soon be gone.
final class Fleet {
    private static let size = 6

    private let redis: String
    private let sides: String
    private let journal: String
    private let rate: Int
    private let kinds: [TrainingKind]
    private var random: SeededGenerator
    /// In the order of their places; a place without one gets one the next time.
    private var places = [Training?](repeating: nil, count: size)
    private var endedLogs: [String] = []
    private(set) var started = 0

    /// - Parameters:
    ///   - redis: where trainings are to log to.
    ///   - sides: the folder of their side files.
    ///   - journal: the folder of their journals.
    ///   - rate: events a second of all together.
    init(redis: String, sides: String, journal: String, rate: Int, kinds: [TrainingKind], seed: UInt64) {
        self.redis = redis
        self.sides = sides
        self.journal = journal
        self.rate = rate
        self.kinds = kinds
        random = SeededGenerator(seed: seed &+ 1)
    }

    var running: Int { trainings.count { $0.process.isRunning } }

    private var trainings: [Training] { places.compactMap(\.self) }

    /// Puts new ones in the place of those that have ended.
    func tend() throws {
        for (place, training) in places.enumerated() {
            if let training, training.process.isRunning { continue }
            if let log = training?.log { endedLogs.append(log) }
            try training?.check()
            started += 1
            places[place] = try Training(
                kinds[place % kinds.count], redis: redis, sides: sides, journal: journal, rate: rate / Self.size,
                &random)
        }
    }

    /// Kills one.
    func killOne(_ random: inout SeededGenerator) {
        guard !trainings.isEmpty else { return }
        random.pick(trainings).kill()
    }

    /// Lets all come to their end.
    func end() throws {
        for training in trainings { training.process.terminate() }
        for training in trainings {
            guard training.process.wait(within: .seconds(60)) != nil else {
                throw TestFailure("\(training.process) does not end, though closing has a deadline of 10 s")
            }
            try training.check()
        }
        endedLogs += trainings.compactMap(\.log)
        places = []
    }

    /// Ends all at once.
    func kill() {
        for training in trainings { training.process.kill() }
    }

    /// What all have said.
    var log: String { (endedLogs + trainings.compactMap(\.log)).joined(separator: "----\n") }
}
