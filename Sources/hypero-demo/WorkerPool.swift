import Foundation
import HyperoCore

/// The parent: starts the workers, shows how far they are, passes interrupts on and sums up.
struct WorkerPool {
    let training: TrainingOptions
    let redis: RedisOptions

    /// How long a signal that comes just before `poll` goes unnoticed, at most.
    private static let pollMilliseconds: Int32 = 100

    init(training: TrainingOptions, redis: RedisOptions) {
        var training = training
        // A worker without an experiment would only start and leave.
        training.workers = min(training.workers, training.experiments)
        self.training = training
        self.redis = redis
    }

    func run() throws -> ExitReason {
        // A missing file is said once here, and not by each of the workers.
        _ = try Digits.bundled()
        let stream = StandardStream.error
        var bar = ProgressBar(columns: stream.isTerminal ? stream.columns : nil)
        var tally = Tally(experiments: training.experiments, epochs: training.epochs)
        var status = ExitReason.success
        var signalsPassed = 0

        var workers: [WorkerProcess] = []
        for index in 0..<training.workers {
            do {
                workers.append(try WorkerProcess(index: index, training: training, redis: redis))
            } catch {
                say("worker \(index + 1) of \(training.workers) could not be started: \(error)", &bar)
                status = .failure
            }
        }

        while !workers.isEmpty {
            let interrupts = Interrupt.count
            if interrupts > signalsPassed {
                if interrupts == 1 {
                    say("interrupted; the workers end their experiments (once more, and they are killed)", &bar)
                }
                workers.forEach { $0.send(interrupts == 1 ? SIGTERM : SIGKILL) }
                signalsPassed = interrupts
            }
            for worker in readable(workers) {
                for message in worker.read() {
                    if case .end = message { worker.endedCount += 1 }
                    tally.receive(message, from: worker.index)
                }
                guard !worker.isOpen else { continue }
                let end = worker.wait()
                workers.removeAll { $0 === worker }
                // Told to end before it was ready for signals, or told twice, a worker did as it was told.
                let wasTold = end == .killed(signal: SIGTERM) || end == .killed(signal: SIGKILL)
                if signalsPassed > 0 && wasTold { continue }
                status = end.merged(into: status)
                if let death = end.death { say(obituary(worker, death, remaining: workers.count), &bar) }
            }
            stream.write(bar.update(tally))
        }

        stream.write(bar.isDrawn ? "\n" : "")
        tally.problems.forEach { say($0, &bar) }
        if tally.unsent > 0 {
            say(
                "\(tally.unsent) events wait in the journal, Redis did not take them in time; see whether it answers at "
                    + "--redis or $HYPERO_REDIS", &bar)
        }
        if tally.endedCount > 0 || tally.problems.isEmpty {
            StandardStream.output.write(tally.summary(name: training.name, version: training.version))
        }
        return signalsPassed > 0 ? .interrupted : status
    }

    /// The workers that have something to say, or have left.
    private func readable(_ workers: [WorkerProcess]) -> [WorkerProcess] {
        var entries = workers.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), Self.pollMilliseconds) > 0 else { return [] }
        return zip(workers, entries).filter { $1.revents != 0 }.map(\.0)
    }

    private func obituary(_ worker: WorkerProcess, _ death: String, remaining: Int) -> String {
        let share = Share(
            worker: worker.index, of: training.workers, experiments: training.experiments, seed: training.seed)
        let rest = remaining > 0 ? "; the others go on" : ""
        return "worker \(worker.index + 1) of \(training.workers) \(death) after \(worker.endedCount) of its "
            + "\(share.experiments) experiments\(rest)"
    }

    private func say(_ message: String, _ bar: inout ProgressBar) {
        StandardStream.error.write(bar.clear() + "hypero-demo: \(message)\n")
    }
}
