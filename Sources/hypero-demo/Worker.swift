import Foundation
import Hypero

/// One process of the demo: runs its share of the experiments, and reports to its parent on standard output.
struct Worker {
    let index: Int
    let training: TrainingOptions
    let redis: RedisOptions

    func run() throws -> ExitReason {
        // A parent that is gone shows as a failed write, and not as the end of this process.
        signal(SIGPIPE, SIG_IGN)
        let share = Share(
            worker: index, of: training.workers, experiments: training.experiments, seed: training.seed)
        let dataset = Dataset(try Digits.bundled())

        let hypero: Hypero
        do {
            hypero = try Hypero.connect(
                redis.redis, namespace: redis.namespace, partitions: redis.partitions, seed: share.seed)
        } catch {
            tell(.problem("\(error)"))
            return .usage
        }
        let battery = hypero.battery(
            training.name, version: training.version, description: training.description, objective: "valid",
            direction: .max)
        let run = TrainingRun(dataset: dataset, epochs: training.epochs) { Interrupt.isRequested }
        for _ in 0..<share.experiments where !Interrupt.isRequested {
            let outcome = run.run(battery.experiment()) { row in tell(.epoch(valid: row.valid)) }
            tell(.end(outcome))
        }

        let isSent = close(hypero)
        if Interrupt.isRequested { return .interrupted }
        return isSent ? .success : .unsent
    }

    /// Sends what is left, within five seconds or so; the rest stays in the journal and is told.
    private func close(_ hypero: Hypero) -> Bool {
        hypero.flush(until: .sent, timeout: .seconds(5))
        let queued = hypero.counters.queued
        let isSent = hypero.close(timeout: .seconds(1))
        if !isSent { tell(.unsent(queued)) }
        return isSent
    }

    /// A worker nobody listens to ends like an interrupted one.
    private func tell(_ message: WorkerMessage) {
        if !StandardStream.output.write(message.line) { Interrupt.request() }
    }
}
