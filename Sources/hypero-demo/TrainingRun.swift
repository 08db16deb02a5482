import Foundation
import Hypero

/// One experiment: draws its hyper-parameters, trains, logs a row an epoch and says how it ended.
struct TrainingRun {
    let dataset: Dataset
    let epochs: Int
    /// Asked before every epoch.
    let isInterrupted: () -> Bool

    /// - Parameter report: called after each epoch, when its row is in the log.
    func run(_ experiment: Experiment, report: (EpochRow) -> Void) -> Outcome {
        let parameters = HyperParameters(drawnFor: experiment)
        var trainer = Trainer(parameters, dataset: dataset, epochs: epochs)
        describe(parameters, trainer, in: experiment)

        var best: Outcome.Best?
        var slowest = Duration.zero
        let clock = ContinuousClock()
        let start = clock.now
        var status = Outcome.Status.done

        for _ in 0..<epochs {
            if isInterrupted() {
                status = .stopped
                break
            }
            let epochStart = clock.now
            let row = trainer.trainEpoch()
            experiment.log(
                epoch: row.epoch, ["train": row.train, "valid": row.valid, "test": row.test, "loss": row.loss])
            slowest = max(slowest, clock.now - epochStart)
            if row.valid > best?.valid ?? -1 { best = Outcome.Best(valid: row.valid, test: row.test) }
            report(row)
            if row.isDiverged {
                status = .failed
                break
            }
        }

        experiment.updateMeta("seconds", (clock.now - start) / .seconds(1))
        // With the time of the log call in it: a log that waits for the network would show here.
        experiment.updateMeta("slowest epoch seconds", slowest / .seconds(1))
        switch status {
        case .done: experiment.finish()
        case .failed: experiment.fail("diverged")
        case .stopped: experiment.stop("interrupted")
        }
        return Outcome(experiment: experiment.id, status: status, best: best)
    }

    private func describe(_ parameters: HyperParameters, _ trainer: Trainer, in experiment: Experiment) {
        let layers = parameters.widths.map(String.init).joined(separator: "-")
        experiment.insertHP("epochs", epochs)
        experiment.updateName("\(parameters.activation.rawValue) \(layers)")
        experiment.updateHostname(ProcessInfo.processInfo.hostName)
        experiment.updateDataset("digits")
        experiment.updatePreprocess("pixels / \(Digits.brightest)")
        experiment.updateMeta("split", [dataset.train.count, dataset.valid.count, dataset.test.count])
        experiment.updateMeta("weights", trainer.perceptron.parameters.count)
    }
}
