import ChaosLog
import Glibc
import TestSupport

/// A fixed number of trainings of all kinds.
///
/// A training that has ended or was killed is replaced by a training of the next kind of its slot. Otherwise the kinds
/// that end by themselves would soon be missing.
final class Fleet {
    private static let size = 8
    /// The number of orphans above which no further training that leaves orphans is started.
    private static let maxOrphans = 8

    /// The settings of the trainings that start from now on.
    private(set) var settings: Training.Settings
    private let kinds: [TrainingKind]
    private var random: SeededGenerator
    /// The training of each slot; nil before the first start.
    private var slots = [Training?](repeating: nil, count: size)
    private var nextKind = 0
    private var endedLogs: [String] = []
    /// The ended trainings whose orphans may still write to their standard error.
    private var endedParents: [Training] = []
    private(set) var startedCount = 0
    private let orphans: Orphans
    /// The orphans that ran at the latest look.
    private(set) var runningOrphans: [pid_t] = []
    private(set) var orphanCount = 0
    private var lastCollection = ContinuousClock.now
    /// Experiments of ended trainings, which further trainings resume. Each at most once at a time.
    private var resumables: [Resumable] = []
    private static let maxResumables = 64

    /// - Parameters:
    ///   - settings: the settings of the trainings. The rate is that of all trainings together.
    ///   - kinds: the kinds of trainings, which are assigned to the slots in turn.
    ///   - seed: determines the sizes and seeds of the trainings.
    init(_ settings: Training.Settings, kinds: [TrainingKind], seed: UInt64) throws {
        self.settings = settings
        self.kinds = kinds
        random = SeededGenerator(seed: seed &+ 1)
        orphans = try Orphans()
    }

    /// Sets the number of partitions of the trainings that start from now on. An experiment stays in its partition, so
    /// none is resumed with another number.
    func usePartitions(_ count: Int) {
        settings.partitions = count
        resumables = []
    }

    /// The trainings per fleet, which share the rate.
    static func rate(of total: Int) -> Int { max(total / size, 1) }

    var runningCount: Int { trainings.count { $0.process.isRunning } + runningOrphans.count }

    /// The process ids of all trainings and orphans that run.
    var runningPIDs: [pid_t] { trainings.filter(\.process.isRunning).map(\.process.pid) + runningOrphans }

    private var trainings: [Training] { slots.compactMap(\.self) }

    /// Starts a training in each slot whose training has ended.
    func replaceEnded() throws {
        if ContinuousClock.now > lastCollection + .milliseconds(250) { try collectOrphans() }
        for (slot, training) in slots.enumerated() {
            if let training, training.process.isRunning { continue }
            if let training { try retire(training) }
            slots[slot] = nil
            guard let kind = drawKind() else { continue }
            startedCount += 1
            let resumed = kind == .resuming ? drawResumable() : nil
            slots[slot] = try Training(kind, settings, resumed: resumed, random: &random)
        }
    }

    /// Returns the next kind; nil if all kinds leave orphans and there are too many of them.
    private func drawKind() -> TrainingKind? {
        for _ in kinds {
            let kind = kinds[nextKind % kinds.count]
            nextKind += 1
            if kind == .resuming, resumables.isEmpty { continue }
            if !kind.leavesOrphans || runningOrphans.count < Self.maxOrphans { return kind }
        }
        return nil
    }

    private func drawResumable() -> Resumable? {
        resumables.isEmpty ? nil : resumables.remove(at: Int.random(in: resumables.indices, using: &random))
    }

    /// Adds the last experiment of an ended training, and the one that it has resumed.
    private func addResumables(of training: Training) {
        guard training.kind.isResumable, settings.partitions == training.partitions else { return }
        let found = Resumable.all(inSideFile: training.side, after: training.resumed).filter {
            $0.battery != ChaosBattery.deletable
        }
        let resumed = found.filter { $0.id == training.resumed?.id }
        resumables += resumed + found.suffix(1).filter { $0.id != training.resumed?.id }
        resumables.removeFirst(max(resumables.count - Self.maxResumables, 0))
    }

    /// Kills a random training or orphan.
    func killOne(using random: inout SeededGenerator) {
        let index = Int.random(in: 0..<max(trainings.count + runningOrphans.count, 1), using: &random)
        if index < trainings.count {
            trainings[index].kill()
        } else if index - trainings.count < runningOrphans.count {
            // The process id cannot be reused, because only this process reaps the orphan.
            Glibc.kill(runningOrphans[index - trainings.count], SIGKILL)
        }
    }

    /// Sets the search of the trainings that start from now on.
    func useSearch(trials: Int, seed: UInt64) { settings.search = (trials, seed) }

    /// Suspends a random training; nil if none runs.
    func suspendOne(using random: inout SeededGenerator) -> ChildProcess? {
        let process = trainings.map(\.process).filter(\.isRunning).randomElement(using: &random)
        process?.suspend()
        return process
    }

    /// Sends SIGTERM to all trainings and their children, and waits until all have ended.
    func stop() throws {
        for training in trainings { training.process.terminate() }
        for training in trainings {
            guard training.process.wait(within: .seconds(60)) != nil else {
                throw TestFailure(
                    "\(training.process) did not end within 60 s after SIGTERM; its client closes within 10 s")
            }
            try retire(training)
        }
        slots = slots.map { _ in nil }
        try collectOrphans()
        for orphan in runningOrphans { Glibc.kill(orphan, SIGTERM) }
        let haveEnded = try eventually(within: .seconds(60)) {
            try collectOrphans()
            return runningOrphans.isEmpty
        }
        guard haveEnded else {
            throw TestFailure("forked children of trainings did not end within 60 s after SIGTERM: \(runningOrphans)")
        }
    }

    /// Kills all trainings and their children.
    func kill() {
        for training in trainings { training.process.kill() }
        try? collectOrphans()
        for orphan in runningOrphans { Glibc.kill(orphan, SIGKILL) }
    }

    private func retire(_ training: Training) throws {
        addResumables(of: training)
        // The orphans of a training write to its standard error.
        if training.kind.leavesOrphans {
            endedParents.append(training)
        } else if let log = training.log {
            endedLogs.append(log)
        }
        try training.checkEnding()
    }

    private func collectOrphans() throws {
        lastCollection = .now
        let before = Set(runningOrphans)
        runningOrphans = try orphans.collect(except: Set(trainings.map(\.process.pid)))
        orphanCount += runningOrphans.count { !before.contains($0) }
    }

    /// The standard error of all trainings.
    var log: String { (endedLogs + (endedParents + trainings).compactMap(\.log)).joined(separator: "----\n") }
}
