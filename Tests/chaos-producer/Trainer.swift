import ChaosLog
import Glibc
import Hypero
import HyperoSchema
import Synchronization

/// A logging thread of a producer. Logs experiments one after another in bursts, and records each call in a side file
/// before making the call.
final class Trainer {
    let client: Client
    let options: ChaosProducer
    let children = Children()
    private let hypero: Hypero
    private let batteries: [Battery]
    private let side: SideFile
    private let forks: Forks
    private var random: SplitMix64
    /// The current experiment and the index of its battery.
    private(set) var experiment: (handle: Experiment, battery: Int)?
    /// The share of this process in the epochs and names of the current experiment: 0 for the process that has begun it,
    /// and else the number of the child. Shares are disjoint, because the order of two processes is not determined.
    private var share = 0
    /// The number of children that share the current experiment.
    private var shareCount = 0
    /// The highest epoch of the current experiment.
    private var epochs = 0
    /// The epoch of the next value of `loss` in the current experiment.
    private var nextLoss = 1
    /// The latest value of each name that the current experiment overwrites.
    private var counters: [String: Int] = [:]
    private(set) var remainingEvents: Int

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
        self.random = random
        hypero = Hypero(client)
        side = Self.openSide(options.sides, seed: client.seed, number: number)
        batteries = ChaosBattery.all.map { [hypero] in
            hypero.battery(
                $0.name, version: $0.version, description: $0.description, objective: $0.objective,
                direction: $0.isMinimized ? .min : .max)
        }
        remainingEvents = options.events > 0 ? options.events : .max
        write(.client(pid: getpid(), seed: client.seed, isShared: isShared, partitions: options.partitions))
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
        random = SplitMix64(seed: seed)
        side = Self.openSide(options.sides, seed: seed, number: 1)
        remainingEvents = events
        (epochs, nextLoss) = (firstEpoch - 1, firstEpoch)
        write(.client(pid: getpid(), seed: client.seed, isShared: false, partitions: options.partitions))
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
        while shouldContinue {
            begin()
            forkDuringExperiment(forks)
            burst(count: Int.random(in: 1...8, using: &random))
            if forks == .pool, children.wait() { break }
            // A quarter of the experiments never end, as after a crash.
            if Int.random(in: 0..<4, using: &random) > 0 { end() }
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

    private var shouldContinue: Bool { remainingEvents > 0 && !isTerminated.load(ordering: .acquiring) }

    func write(_ line: SideLine) { side.write(line, dropped: hypero.counters.dropped.total) }

    func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    /// Returns the number of a new child in the current experiment.
    func nextShare() -> Int {
        shareCount += 1
        return shareCount
    }

    func drawSeed() -> UInt64 { random.next() >> 1 }

    private func begin() {
        let battery =
            options.wrongType ? ChaosBattery.wrongType : ChaosBattery.ordinary.randomElement(using: &random) ?? 0
        write(.begin(battery: battery))
        let experiment = batteries[battery].experiment()
        write(.began(experiment: experiment.id))
        self.experiment = (experiment, battery)
        (share, shareCount, counters) = (0, 0, [:])
        (epochs, nextLoss) = (0, 1)
        remainingEvents -= min(remainingEvents, 2)
    }

    /// Logs several bursts with pauses.
    private func burst(count: Int) {
        for _ in 0..<count where shouldContinue {
            let burst = Int.random(in: 10...100, using: &random)
            for _ in 0..<burst where remainingEvents > 0 { step() }
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

    /// The first epoch of this process' share of the current experiment.
    private var firstEpoch: Int { share * 1_000_000 + 1 }

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
        experiment.log(epoch: epoch, ["valid": valid, "tick": .nan])
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
