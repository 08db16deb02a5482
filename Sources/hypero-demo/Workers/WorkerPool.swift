import Glibc
import HyperoCommandLine
import HyperoCore

/// The parent process: starts the workers, shows their progress, forwards interrupts, and prints the summary.
struct WorkerPool {
    private let training: TrainingOptions
    private let redis: RedisOptions
    private var workers: [WorkerProcess] = []
    private var progress: RunProgress
    private var bar = ProgressBar(columns: StandardStream.error.terminalColumns)
    private var status = ExitStatus.success
    /// The number of interrupts forwarded to the workers.
    private var forwardedInterrupts = 0

    /// The longest delay of a signal that arrives just before `poll(2)` blocks.
    private static let pollMilliseconds: Int32 = 100

    init(training: TrainingOptions, redis: RedisOptions) {
        var training = training
        // No worker is started without an experiment.
        training.workers = min(training.workers, training.experiments)
        self.training = training
        self.redis = redis
        progress = RunProgress(experiments: training.experiments, epochs: training.epochs)
    }

    /// Runs all experiments, and returns the exit status of the program.
    mutating func run() -> ExitStatus {
        startWorkers()
        while !workers.isEmpty {
            forwardInterrupts()
            for worker in readableWorkers() {
                for message in worker.read() { progress.add(message, from: worker.index) }
                if !worker.isOpen { remove(worker) }
            }
            StandardStream.error.write(bar.update(progress))
        }
        printResults()
        return forwardedInterrupts > 0 ? .interrupted : status
    }

    private mutating func startWorkers() {
        for index in 0..<training.workers {
            do {
                workers.append(try WorkerProcess(index: index, training: training, redis: redis))
            } catch {
                printError("cannot start worker \(index + 1) of \(training.workers): \(error)")
                status = .failure
            }
        }
    }

    /// Forwards the first interrupt as SIGTERM, which ends the running experiments, and the following ones as SIGKILL.
    private mutating func forwardInterrupts() {
        let interrupts = InterruptCounter.count
        guard interrupts > forwardedInterrupts else { return }
        if interrupts == 1 {
            printError("interrupted; stopping the running experiments. Interrupt again to kill the workers")
        }
        for worker in workers { worker.send(interrupts == 1 ? SIGTERM : SIGKILL) }
        forwardedInterrupts = interrupts
    }

    /// Returns the workers that have sent a message or exited. Waits for at most ``pollMilliseconds``.
    private func readableWorkers() -> [WorkerProcess] {
        var entries = workers.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), Self.pollMilliseconds) > 0 else { return [] }
        return zip(workers, entries).filter { $1.revents != 0 }.map(\.0)
    }

    /// Waits for a worker that has closed its pipe, and reports a failure.
    private mutating func remove(_ worker: WorkerProcess) {
        let termination = worker.wait()
        workers.removeAll { $0 === worker }
        // The pool's own signals kill a worker that has not installed its handlers yet, or that is interrupted twice.
        let isKilledByPool = termination == .killed(signal: SIGTERM) || termination == .killed(signal: SIGKILL)
        if forwardedInterrupts > 0 && isKilledByPool { return }
        status = termination.merged(into: status)
        guard let failure = termination.failure else { return }
        let experiments = WorkerAssignment(worker: worker.index, training: training).experiments
        let others = workers.isEmpty ? "" : "; the other workers continue"
        printError(
            "worker \(worker.index + 1) of \(training.workers) \(failure) after \(worker.endedCount) of its "
                + "\(experiments == 1 ? "1 experiment" : "\(experiments) experiments")\(others)")
    }

    private mutating func printResults() {
        StandardStream.error.write(bar.isDrawn ? "\n" : "")
        for problem in progress.problems { printError(problem) }
        if progress.unsent > 0 {
            printError(
                "\(progress.unsent) events were not sent, because Redis did not accept them in time. Correct what the messages above "
                    + "say of the server or the account; without one, check that the server at --redis or HYPERO_REDIS is reachable"
            )
        }
        if progress.endedCount > 0 || progress.problems.isEmpty {
            StandardStream.output.write(progress.summary(name: training.name, version: training.version))
        }
    }

    private mutating func printError(_ message: String) {
        StandardStream.error.write(bar.clear())
        Program.demo.printError(message)
    }
}
