import ChaosLog
import Glibc
import Hypero
import enum HyperoCore.WallClock
import struct HyperoCore.MonotonicTime
import HyperoSchema
import Synchronization

/// A logging thread of a producer. Logs experiments one after another in bursts, and records each call in a side file
/// before making the call.
final class Trainer {
    let client: Client
    let options: ChaosProducer
    let children = Children()
    private let hypero: Hypero
    /// The batteries of ``ChaosBattery/all``, each with its ``ChaosBattery/variants``.
    private let batteries: [[Battery]]
    private let side: SideFile
    private let forks: Forks
    /// True in a forked child that has inherited an experiment.
    private let isForked: Bool
    private var random: SplitMix64
    /// The indices of the batteries that this thread has declared.
    private var declared: Set<Int> = []
    /// The current experiment and the index of its battery.
    private(set) var experiment: (handle: Experiment, battery: Int)?
    /// The number of this process among those that ran the current experiment.
    private var attempt = 1
    /// The share of this process in the epochs and names of the current experiment: 0 for the process that has begun it,
    /// and else the number of the child or the attempt. Shares are disjoint, because the order of two processes is not
    /// determined.
    private var share = 0
    /// The first epoch of this process' share of the current experiment.
    private var firstEpoch = 1
    /// The number of children that share the current experiment.
    private var shareCount = 0
    /// The highest epoch of the current experiment.
    private var epochs = 0
    /// The epoch of the next value of `loss` in the current experiment.
    private var nextLoss = 1
    /// The latest value of each name that the current experiment overwrites.
    private var counters: [String: Int] = [:]
    private(set) var remainingEvents: Int
    /// The longest calls of a row, without and with a sleep. Calls of less than a millisecond are not recorded.
    private var slowestAwake = Duration.zero
    private var slowestAsleep = Duration.zero

    /// - Parameters:
    ///   - client: the client.
    ///   - number: the number of the thread, from 1, which is part of the name of its side file.
    ///   - isShared: true if other threads log to the same client.
    ///   - options: the options of the command.
    ///   - forks: the children that the thread forks.
    ///   - random: the generator of all random choices.
    init(_ client: Client, number: Int, isShared: Bool, options: ChaosProducer, forks: Forks, random: SplitMix64) {
        self.client = client
        self.options = options
        self.forks = forks
        isForked = false
        self.random = random
        hypero = Hypero(client)
        side = Self.openSide(options.sides, seed: client.seed, number: number)
        batteries = ChaosBattery.all.map { [hypero] battery in
            ChaosBattery.variants.map { variant in
                let variant = battery.variant(variant)
                return hypero.battery(
                    variant.name, version: variant.version, description: variant.description,
                    objective: variant.objective, direction: variant.isMinimized ? .min : .max)
            }
        }
        remainingEvents = options.events > 0 ? options.events : .max
        writeClient(isShared: isShared)
    }

    /// Creates the trainer of a forked child, which continues its parent's experiment with its parent's client.
    init(inheriting parent: Trainer, share: Int, events: Int, seed: UInt64) {
        client = parent.client
        hypero = parent.hypero
        batteries = parent.batteries
        experiment = parent.experiment
        var options = parent.options
        options.rate = 2_000
        options.threads = 1
        self.options = options
        self.share = share
        forks = .none
        isForked = true
        random = SplitMix64(seed: seed)
        side = Self.openSide(options.sides, seed: seed, number: 1)
        remainingEvents = events
        setShare(share, firstEpoch: share * 1_000_000 + 1)
        writeClient(isShared: false)
        if let experiment {
            write(.inherited(experiment: experiment.handle.id, battery: experiment.battery))
        }
    }

    private static func openSide(_ folder: String, seed: UInt64, number: Int) -> SideFile {
        let path = "\(folder)/\(getpid())-\(seed)-\(number).side"
        guard let side = SideFile(path: path) else { fatalError("\(path): errno \(errno)") }
        return side
    }

    /// Runs each trainer on its own thread, and waits until all have ended. The first runs on the calling thread.
    ///
    /// Not TestSupport's `ThreadGroup`: this executable depends only on the client and on ChaosLog, like a real training.
    static func runConcurrently(_ trainers: [Trainer]) {
        var threads: [pthread_t] = []
        for trainer in trainers.dropFirst() {
            var thread = pthread_t()
            let argument = Unmanaged.passRetained(trainer).toOpaque()
            let code = pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Trainer>.fromOpaque(argument).takeRetainedValue().run() }
                    return nil
                }, argument)
            precondition(code == 0, "pthread_create: errno \(code)")
            threads.append(thread)
        }
        trainers.first?.run()
        for thread in threads { pthread_join(thread, nil) }
    }

    func run() {
        if let resumed = options.resumed {
            resume(resumed)
            burst(count: draw(1...8))
            endOften()
        }
        while shouldContinue {
            begin()
            forkDuringExperiment(forks)
            burst(count: draw(1...8))
            if forks == .pool, children.wait() { break }
            endOften()
            if forks == .none, !options.flushes, draw(0...5) == 0 { resumeOwn() }
            forkAfterExperiment(forks)
            children.reap()
        }
        write(.over)
    }

    /// Logs to the inherited experiment, and then to one that this process begins.
    func runInherited(ends: Bool) {
        // The first call of the process is an event of its parent's experiment. It creates the producer.
        step()
        write(.producer(id: client.producer.text, seed: client.seed))
        burst(count: Int.random(in: 1...4, using: &random))
        if ends { end() }
        if shouldContinue {
            begin()
            burst(count: 2)
            end()
        }
        write(.over)
    }

    /// Closes the client, after all its threads have logged.
    func close(within timeout: Duration) {
        write(.closing)
        if ChaosProducer.close(client, within: timeout) { write(.closed) }
    }

    private var shouldContinue: Bool { remainingEvents > 0 && !isTerminated.load(ordering: .acquiring) }

    private func writeClient(isShared: Bool) {
        write(
            .client(
                pid: getpid(), seed: client.seed, isShared: isShared, partitions: options.partitions,
                time: WallClock.milliseconds))
    }

    func write(_ line: SideLine) { side.write(line, dropped: hypero.counters.dropped.total) }

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    /// Returns the number of a new child in the current experiment.
    func nextShare() -> Int {
        shareCount += 1
        return shareCount
    }

    func drawSeed() -> UInt64 { random.next() >> 1 }

    private func begin() {
        // Not in a process that forks, and not in its children: the first declaration of a child would be the one of its
        // parent's experiment.
        let isAlone = forks == .none && options.forks != .outliving && !isForked && !options.wrongType
        let battery =
            options.wrongType
            ? ChaosBattery.wrongType
            : isAlone && draw(0...4) == 0
                ? ChaosBattery.deletable : draw(0...ChaosBattery.ordinary.upperBound - 1)
        let hasConflict =
            isAlone && !options.flushes && battery != ChaosBattery.deletable && declared.contains(battery)
            && draw(0...15) == 0
        let variant = hasConflict ? draw(1...ChaosBattery.variants.count - 1) : 0
        declared.insert(battery)
        write(.begin(battery: battery, variant: variant))
        let experiment = batteries[battery][variant].experiment()
        write(.began(experiment: experiment.id))
        self.experiment = (experiment, battery)
        attempt = 1
        setShare(0, firstEpoch: 1)
        remainingEvents -= min(remainingEvents, 2)
    }

    /// Begins the share of this process in the epochs and names of the current experiment.
    private func setShare(_ share: Int, firstEpoch: Int) {
        (self.share, self.firstEpoch) = (share, firstEpoch)
        (epochs, nextLoss) = (firstEpoch - 1, firstEpoch)
        (shareCount, counters) = (0, [:])
    }

    /// Resumes an experiment that another process has left.
    private func resume(_ resumed: ResumedExperiment) {
        write(
            .resume(
                experiment: resumed.id, battery: resumed.battery, attempt: resumed.attempt, from: resumed.from,
                producer: client.producer.text))
        let handle = batteries[resumed.battery][0].experiment(
            resuming: resumed.id, from: resumed.from, attempt: resumed.attempt)
        experiment = (handle, resumed.battery)
        declared.insert(resumed.battery)
        attempt = resumed.attempt
        setShare(attempt, firstEpoch: resumed.from ?? attempt * 10_000_000 + 1)
        remainingEvents -= min(remainingEvents, 2)
    }

    /// Resumes the experiment that this process has begun last, from an epoch that it may have logged, and goes on with it.
    private func resumeOwn() {
        guard shouldContinue, !options.wrongType, attempt == 1, share == 0, let (handle, battery) = experiment,
            battery != ChaosBattery.deletable
        else { return }
        // Two starts of the same millisecond and the same epoch are one start that arrives twice.
        usleep(2_000)
        resume(
            ResumedExperiment(
                id: handle.id, battery: battery, attempt: 2, from: draw(0...2) == 0 ? nil : draw(0...epochs + 2)))
        burst(count: draw(1...4))
        endOften()
    }

    /// Ends three quarters of the experiments. The others never end, as after a crash.
    private func endOften() {
        if draw(0...3) > 0 { end() }
    }

    /// Logs several bursts with pauses.
    private func burst(count: Int) {
        for _ in 0..<count where shouldContinue {
            let burst = Int.random(in: 10...100, using: &random)
            for _ in 0..<burst where remainingEvents > 0 { step() }
            if options.flushes, draw(0...2) == 0 {
                write(.flush(time: WallClock.milliseconds))
                if hypero.flush(until: .applied, timeout: .seconds(2)) { write(.flushed) }
            }
            pause(after: burst)
        }
    }

    private func step() {
        guard let experiment = experiment?.handle else { return }
        remainingEvents -= 1
        guard !options.wrongType else { return logUniqueName(to: experiment) }
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            increment("steps") {
                .param(name: $0, value: $1)
            } log: {
                experiment.insertHP($0, $1)
            }
        case 1:
            increment("note") {
                .meta(name: $0, value: $1)
            } log: {
                experiment.updateMeta($0, $1)
            }
        case 2:
            let values = (0..<5).map { _ in Double.random(in: 0..<1, using: &random) }
            write(.curve(first: nextLoss, losses: values))
            experiment.updateLearningCurve(first: nextLoss, ["loss": values])
            nextLoss += values.count
        case 3 where epochs >= firstEpoch: row(Int.random(in: firstEpoch...epochs, using: &random), of: experiment)
        default:
            epochs += 1
            row(epochs, of: experiment)
        }
    }

    /// Overwrites a name with the next higher value. If events are applied in order, the index has the highest value.
    private func increment(_ name: String, line: (String, Int) -> SideLine, log: (String, Int) -> Void) {
        let name = share == 0 ? name : "\(name)-\(share)"
        let value = counters[name, default: 0] + 1
        counters[name] = value
        write(line(name, value))
        log(name, value)
    }

    /// Logs a hyper-parameter that no other event of the battery has.
    private func logUniqueName(to experiment: Experiment) {
        let name = "n\(remainingEvents)-\(experiment.id)"
        write(.param(name: name, value: 1))
        experiment.insertHP(name, 1)
    }

    private func row(_ epoch: Int, of experiment: Experiment) {
        let valid = Double.random(in: 0..<1, using: &random)
        write(.row(epoch: epoch, valid: valid))
        let (sleeps, start) = (Self.sleeps, MonotonicTime.now)
        experiment.log(epoch: epoch, ["valid": valid, "tick": .nan])
        let call = Duration.nanoseconds(MonotonicTime.now.nanoseconds - start.nanoseconds)
        let slept = Self.sleeps - sleeps
        guard call > max(slept == 0 ? slowestAwake : slowestAsleep, .milliseconds(1)) else { return }
        if slept == 0 { slowestAwake = call } else { slowestAsleep = call }
        write(.slowest(microseconds: Int(call / .microseconds(1)), sleeps: slept))
    }

    /// The number of times that the calling thread waited for something other than a processor.
    private static var sleeps: Int {
        var usage = rusage()
        // RUSAGE_THREAD, which glibc declares only with _GNU_SOURCE.
        getrusage(__rusage_who_t(1), &usage)
        return usage.ru_nvcsw
    }

    private func end() {
        guard let (experiment, _) = experiment, remainingEvents >= 2 else { return }
        // Only for an experiment of one process: maxima of the user replace those of the rows that were applied before.
        if Int.random(in: 0..<3, using: &random) == 0, epochs > 0, share == 0, shareCount == 0, !options.wrongType {
            let valid = Double.random(in: 0..<1, using: &random)
            write(.maxima(epoch: epochs, valid: valid))
            experiment.updateMaxima(epoch: epochs, ["valid": valid])
            remainingEvents -= 1
        }
        write(.end)
        experiment.finish()
        remainingEvents -= 1
    }

    /// Sleeps for the duration of the events at the configured rate. SIGTERM ends the sleep.
    private func pause(after events: Int) {
        var microseconds = events * 1_000_000 * options.threads / max(options.rate, 1)
        while microseconds > 0, !isTerminated.load(ordering: .acquiring) {
            usleep(UInt32(min(microseconds, 20_000)))
            microseconds -= 20_000
        }
    }
}
