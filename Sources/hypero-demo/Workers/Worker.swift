import Glibc
import Hypero
import HyperoCore

/// A worker process: runs its share of the experiments, and reports to the pool on standard output.
struct Worker {
    let index: Int
    let training: TrainingOptions
    let redis: RedisOptions

    func run() -> ExitStatus {
        // If the parent has exited, write(2) fails instead of ending this process.
        signal(SIGPIPE, SIG_IGN)
        let assignment = WorkerAssignment(worker: index, training: training)

        let hypero: Hypero
        do {
            hypero = try Hypero.connect(
                redis.redis, namespace: redis.namespace, partitions: redis.partitions, seed: assignment.seed)
        } catch {
            send(.problem("\(error)"))
            return .usage
        }
        let battery = hypero.battery(
            training.name, version: training.version, description: training.description, objective: "valid",
            direction: .max)
        let run = TrainingRun(dataset: Dataset(Digits.embedded), epochs: training.epochs) {
            InterruptCounter.isInterrupted
        }
        func train(_ experiment: Experiment) {
            send(.end(run.run(experiment) { metrics in send(.epoch(valid: metrics.valid)) }))
        }
        if let sampler = training.search {
            let search = battery.search(
                trials: training.experiments, seed: training.seed, sampler: sampler.sampler,
                stopping: training.stopEarly ? .halving(epochs: training.epochs) : nil)
            // Not a loop over the search, which would not end at an interrupt while it waits for a trial.
            while !InterruptCounter.isInterrupted, !search.isFinished {
                if let trial = search.next(timeout: .milliseconds(100)) { train(trial) }
            }
        } else {
            for _ in 0..<assignment.experiments where !InterruptCounter.isInterrupted { train(battery.experiment()) }
        }

        let isSent = close(hypero)
        if InterruptCounter.isInterrupted { return .interrupted }
        return isSent ? .success : .unsent
    }

    /// Sends the queued events within about six seconds, and reports those that were not sent.
    ///
    /// - Returns: whether all events were sent.
    private func close(_ hypero: Hypero) -> Bool {
        hypero.flush(until: .sent, timeout: .seconds(5))
        let queued = hypero.counters.queued
        let isSent = hypero.close(timeout: .seconds(1))
        if !isSent { send(.unsent(queued)) }
        return isSent
    }

    /// Sends a message to the pool. If the pool's process has exited, the worker ends as if interrupted.
    private func send(_ message: WorkerMessage) {
        if StandardStream.output.write(message.line) != 0 { InterruptCounter.increment() }
    }
}

/// The number of experiments that one worker runs, and the seed of their draws.
struct WorkerAssignment: Sendable, Equatable {
    let experiments: Int
    let seed: UInt64

    /// - Parameters:
    ///   - worker: the index of the worker, 0..<workers.
    ///   - workers: the number of workers; each runs the same number of experiments, or one more.
    ///   - experiments: the number of experiments of the run.
    ///   - seed: the seed of the run.
    init(worker: Int, of workers: Int, experiments: Int, seed: UInt64) {
        self.experiments = experiments / workers + (worker < experiments % workers ? 1 : 0)
        // Not seed + worker, which would give worker 1 of seed 1 the draws of worker 0 of seed 2.
        var generator = SplitMix64(seed: seed)
        for _ in 0..<worker { _ = generator.next() }
        self.seed = generator.next()
    }

    init(worker: Int, training: TrainingOptions) {
        self.init(worker: worker, of: training.workers, experiments: training.experiments, seed: training.seed)
    }
}
