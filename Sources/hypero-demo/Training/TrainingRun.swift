import Hypero
import HyperoCore

/// Runs one experiment: draws its hyper-parameters, trains, and logs a row per epoch and the end.
struct TrainingRun {
    let dataset: Dataset
    let epochs: Int
    /// Called before every epoch. If it returns true, the experiment ends as stopped.
    let isInterrupted: () -> Bool

    /// - Parameter report: called after each epoch, after the row is logged.
    func run(_ experiment: Experiment, report: (EpochMetrics) -> Void) -> TrainingResult {
        let parameters = HyperParameters(drawnFor: experiment)
        var trainer = Trainer(parameters, dataset: dataset, epochs: epochs)
        describe(experiment, parameters: parameters, weights: trainer.perceptron.parameters.count)

        var best: TrainingResult.BestEpoch?
        var slowest = Duration.zero
        let clock = ContinuousClock()
        let start = clock.now
        var status = TrainingResult.Status.done

        for _ in 0..<epochs {
            if isInterrupted() {
                status = .stopped
                break
            }
            let epochStart = clock.now
            let metrics = trainer.trainEpoch()
            experiment.log(
                epoch: metrics.epoch,
                ["train": metrics.train, "valid": metrics.valid, "test": metrics.test, "loss": metrics.loss])
            slowest = max(slowest, clock.now - epochStart)
            if metrics.valid > best?.valid ?? -1 { best = .init(valid: metrics.valid, test: metrics.test) }
            report(metrics)
            if experiment.shouldStop {
                status = .stopped
                break
            }
            if metrics.isDiverged {
                status = .failed
                break
            }
        }

        experiment.updateMeta("seconds", (clock.now - start) / .seconds(1))
        // The time includes the log call, so that a call that waits for the network is visible.
        experiment.updateMeta("slowest epoch seconds", slowest / .seconds(1))
        switch status {
        case .done: experiment.finish()
        case .failed: experiment.fail("diverged")
        case .stopped: experiment.stop(experiment.stopReason ?? "interrupted")
        }
        return TrainingResult(experiment: experiment.id, status: status, best: best)
    }

    private func describe(_ experiment: Experiment, parameters: HyperParameters, weights: Int) {
        let layers = parameters.widths.map(String.init).joined(separator: "-")
        experiment.insertHP("epochs", epochs)
        experiment.updateName("\(parameters.activation.rawValue) \(layers)")
        experiment.updateHostname(HostIdentity.hostName ?? "localhost")
        experiment.updateDataset("digits")
        experiment.updatePreprocess("pixels / \(Digits.maximumPixel)")
        experiment.updateMeta("split", [dataset.train.count, dataset.valid.count, dataset.test.count])
        experiment.updateMeta("weights", weights)
    }
}

/// The result of one experiment.
struct TrainingResult: Sendable, Equatable {
    /// The status that the experiment ended with.
    enum Status: String, Sendable, CaseIterable {
        case done, failed, stopped
    }

    /// The accuracies at the epoch with the best valid accuracy.
    struct BestEpoch: Sendable, Equatable {
        let valid: Double
        let test: Double
    }

    /// The id of the experiment.
    let experiment: String
    let status: Status
    /// Nil if no epoch was finished.
    let best: BestEpoch?
}
