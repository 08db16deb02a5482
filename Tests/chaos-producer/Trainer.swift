import ChaosLog
import Glibc
import Hypero
import Synchronization

/// A thread that logs one experiment after the other, in bursts, and writes down each call before it makes it.
final class Trainer {
    private let hypero: Hypero
    private let batteries: [Battery]
    private let side: SideFile
    private let options: ChaosProducer
    private let forks: Bool
    private var random: SplitMix
    private var experiment: Experiment?
    /// Of the experiment: how many rows and pieces of the loss there are, and what its counters stand at.
    private var epochs = 0
    private var losses = 1
    private var counters: [String: Int] = [:]
    /// How many more events to log.
    private var left: Int

    init(
        _ hypero: Hypero, number: Int, isShared: Bool, options: ChaosProducer, forks: Bool, random: SplitMix
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
        left = options.events > 0 ? options.events : .max
        write(.client(pid: getpid(), seed: hypero.seed, isShared: isShared))
    }

    func run() {
        while goesOn {
            begin()
            for _ in 0..<Int.random(in: 1...8, using: &random) where goesOn {
                let burst = Int.random(in: 10...100, using: &random)
                for _ in 0..<burst where left > 0 { step() }
                rest(burst)
            }
            // Some are left as a crash would leave them.
            if Int.random(in: 0..<4, using: &random) > 0 { end() }
            if forks { haveChild() }
        }
        write(.over)
    }

    private var goesOn: Bool { left > 0 && !isTerminated.load(ordering: .acquiring) }

    private func write(_ line: SideLine) { side.write(line, dropped: hypero.counters.dropped.total) }

    private func begin() {
        let battery = Int.random(in: batteries.indices, using: &random)
        write(.begin(battery: battery))
        let experiment = batteries[battery].experiment()
        write(.began(experiment: experiment.id))
        self.experiment = experiment
        (epochs, losses, counters) = (0, 1, [:])
        left -= min(left, 2)
    }

    private func step() {
        guard let experiment else { return }
        left -= 1
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            count("steps") {
                experiment.insertHP($0, $1)
            } line: {
                .param(name: $0, value: $1)
            }
        case 1:
            count("note") {
                experiment.updateMeta($0, $1)
            } line: {
                .meta(name: $0, value: $1)
            }
        case 2:
            let values = (0..<5).map { _ in Double.random(in: 0..<1, using: &random) }
            write(.curve(first: losses, losses: values))
            experiment.updateLearningCurve(first: losses, ["loss": values])
            losses += values.count
        case 3 where epochs > 0: row(Int.random(in: 1...epochs, using: &random), of: experiment)
        default:
            epochs += 1
            row(epochs, of: experiment)
        }
    }

    /// A name that is written again and again with higher values has to end at the highest.
    private func count(_ name: String, _ log: (String, Int) -> Void, line: (String, Int) -> SideLine) {
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
        guard let experiment, left >= 2 else { return }
        if Int.random(in: 0..<3, using: &random) == 0, epochs > 0 {
            let valid = Double.random(in: 0..<1, using: &random)
            write(.maxima(epoch: epochs, valid: valid))
            experiment.updateMaxima(epoch: epochs, ["valid": valid])
            left -= 1
        }
        write(.end)
        experiment.finish()
        left -= 1
    }

    /// As long as so many events may take, and not longer than until SIGTERM.
    private func rest(_ events: Int) {
        var microseconds = events * 1_000_000 * options.threads / max(options.rate, 1)
        while microseconds > 0, !isTerminated.load(ordering: .acquiring) {
            usleep(UInt32(min(microseconds, 20_000)))
            microseconds -= 20_000
        }
    }

    /// A child that leaves again without logging must not touch the journal of its parent; one that logs has a client of
    /// its own.
    private func haveChild() {
        let choice = Int.random(in: 0..<4, using: &random)
        let seed = random.next()
        guard choice < 2, fork() == 0 else { return }
        guard choice == 0, let own = try? Hypero.connect(options.redis, seed: seed) else { _exit(0) }
        var options = options
        options.events = 200
        options.rate = 2_000
        Trainer(own, number: 1, isShared: false, options: options, forks: false, random: SplitMix(seed: seed)).run()
        own.close(timeout: .seconds(5))
        _exit(0)
    }
}
