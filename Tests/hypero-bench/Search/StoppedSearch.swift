import Hypero
import TestSupport

/// A search of known learning curves by 8 workers, whose trainings log through a client and are stopped by an ingest.
///
/// The workers run event by event in the order of simulated time, so that the verdict on an epoch arrives before the next epoch of any
/// training.
struct StoppedSearch {
    private static let workers = 8

    /// The share of all epochs that were run.
    private(set) var spent = 0.0
    /// The true last value of the chosen trial minus that of the best one.
    private(set) var regret = 0.0
    /// True if the best trial was stopped.
    private(set) var isBestLost = false

    init(_ curves: StoppingCurves.Curves, _ rule: Search.Stopping?, at url: String) throws {
        let client = try BenchClient(url)
        let battery = client.hypero.battery(
            "stopping \(curves.curves)", version: curves.seed, objective: "error", direction: .min)
        let search = battery.search(trials: curves.seen.count, sampler: .random, stopping: rule)
        var running: [(time: Double, epoch: Int, experiment: Experiment)] = []
        var (epochs, ended) = (0, [Int: Double]())

        func start(at now: Double) throws {
            guard let experiment = search.next(timeout: .seconds(60)), let number = experiment.trialNumber else {
                guard search.isFinished || running.count + ended.count > 0 else {
                    throw BenchError("the ingest has not given a trial in time")
                }
                return
            }
            running.append((now + curves.pace[number - 1], 1, experiment))
        }
        for _ in 0..<min(Self.workers, curves.seen.count) { try start(at: 0) }
        var startedCount = running.count
        while let index = running.indices.min(by: { running[$0].time < running[$1].time }) {
            let (now, epoch, experiment) = running[index]
            let number = (experiment.trialNumber ?? 1) - 1
            epochs += 1
            let value = curves.seen[number][epoch - 1]
            experiment.log(epoch: epoch, ["error": value])
            guard client.hypero.flush(timeout: .seconds(60)) else {
                throw BenchError("the ingest has not applied a row")
            }
            let mustStop = experiment.shouldStop
            if epoch == curves.epochs { ended[number] = value }
            guard epoch == curves.epochs || mustStop else {
                running[index] = (now + curves.pace[number], epoch + 1, experiment)
                continue
            }
            experiment.finish()
            running.remove(at: index)
            if startedCount < curves.seen.count {
                startedCount += 1
                try start(at: now)
            }
        }
        try client.close()
        spent = Double(epochs) / Double(curves.seen.count * curves.epochs)
        let best = curves.last.indices.min { curves.last[$0] < curves.last[$1] } ?? 0
        let chosen = ended.min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
        regret = chosen.map { curves.last[$0] - curves.last[best] } ?? .nan
        isBestLost = ended[best] == nil
    }
}
