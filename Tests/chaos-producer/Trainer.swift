import ChaosLog
import Glibc
import Hypero
import Synchronization

/// A logging thread of a producer. Logs experiments one after another in bursts, and records each call in a side file
/// before making the call.
final class Trainer {
    private let hypero: Hypero
    private let batteries: [Battery]
    private let side: SideFile
    private let options: ChaosProducer
    private let forks: Bool
    private var random: SplitMix64
    private var experiment: Experiment?
    /// The highest epoch of the current experiment.
    private var epochs = 0
    /// The epoch of the next value of `loss` in the current experiment.
    private var nextLoss = 1
    /// The latest value of each name that the current experiment overwrites.
    private var counters: [String: Int] = [:]
    private var remainingEvents: Int

    /// - Parameters:
    ///   - hypero: the client.
    ///   - number: the number of the thread, from 1, which is part of the name of its side file.
    ///   - isShared: true if other threads log to the same client.
    ///   - options: the options of the command.
    ///   - forks: true to fork children between experiments.
    ///   - random: the generator of all random choices.
    init(
        _ hypero: Hypero, number: Int, isShared: Bool, options: ChaosProducer, forks: Bool, random: SplitMix64
    ) {
        let path = "\(options.sides)/\(getpid())-\(hypero.seed)-\(number).side"
        guard let side = SideFile(path: path) else { fatalError("\(path): errno \(errno)") }
        self.hypero = hypero
        self.side = side
        self.options = options
        self.forks = forks
        self.random = random
        batteries = ChaosBattery.all.map {
            hypero.battery(
                $0.name, version: $0.version, description: $0.description, objective: $0.objective,
                direction: $0.isMinimized ? .min : .max)
        }
        remainingEvents = options.events > 0 ? options.events : .max
        write(.client(pid: getpid(), seed: hypero.seed, isShared: isShared))
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

    private func run() {
        while shouldContinue {
            begin()
            for _ in 0..<Int.random(in: 1...8, using: &random) where shouldContinue {
                let burst = Int.random(in: 10...100, using: &random)
                for _ in 0..<burst where remainingEvents > 0 { step() }
                pause(after: burst)
            }
            // A quarter of the experiments never end, as after a crash.
            if Int.random(in: 0..<4, using: &random) > 0 { end() }
            if forks { forkChild() }
        }
        write(.over)
    }

    private var shouldContinue: Bool { remainingEvents > 0 && !isTerminated.load(ordering: .acquiring) }

    private func write(_ line: SideLine) { side.write(line, dropped: hypero.counters.dropped.total) }

    private func begin() {
        let battery = Int.random(in: batteries.indices, using: &random)
        write(.begin(battery: battery))
        let experiment = batteries[battery].experiment()
        write(.began(experiment: experiment.id))
        self.experiment = experiment
        (epochs, nextLoss, counters) = (0, 1, [:])
        remainingEvents -= min(remainingEvents, 2)
    }

    private func step() {
        guard let experiment else { return }
        remainingEvents -= 1
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
        case 3 where epochs > 0: row(Int.random(in: 1...epochs, using: &random), of: experiment)
        default:
            epochs += 1
            row(epochs, of: experiment)
        }
    }

    /// Overwrites a name with the next higher value. If events are applied in order, the index has the highest value.
    private func increment(_ name: String, line: (String, Int) -> SideLine, log: (String, Int) -> Void) {
        let value = counters[name, default: 0] + 1
        counters[name] = value
        write(line(name, value))
        log(name, value)
    }

    private func row(_ epoch: Int, of experiment: Experiment) {
        let valid = Double.random(in: 0..<1, using: &random)
        write(.row(epoch: epoch, valid: valid))
        experiment.log(epoch: epoch, ["valid": valid, "tick": .nan])
    }

    private func end() {
        guard let experiment, remainingEvents >= 2 else { return }
        if Int.random(in: 0..<3, using: &random) == 0, epochs > 0 {
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

    /// Forks a child with a probability of 1/2. Half of the children exit without logging, which must not change the
    /// parent's journal. The others log with their own client.
    private func forkChild() {
        let choice = Int.random(in: 0..<4, using: &random)
        let seed = random.next()
        guard choice < 2, fork() == 0 else { return }
        guard choice == 0, let ownClient = try? Hypero.connect(options.redis, seed: seed) else { _exit(0) }
        var options = options
        options.events = 200
        options.rate = 2_000
        Trainer(
            ownClient, number: 1, isShared: false, options: options, forks: false, random: SplitMix64(seed: seed)
        ).run()
        ownClient.close(timeout: .seconds(5))
        _exit(0)
    }
}

/// A reproducible random number generator.
///
/// Source: <https://prng.di.unimi.it/splitmix64.c>
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }
}
