import HyperoCore

/// Trains one perceptron, epoch by epoch. The same hyper-parameters give the same metrics.
struct Trainer: Sendable {
    private(set) var perceptron: Perceptron
    private var optimizer: MomentumSGD
    private var schedule: LearningRateSchedule
    private var generator: SplitMix64
    private var order: [Int]
    private var epoch = 0
    private let batchSize: Int
    private let dataset: Dataset

    init(_ parameters: HyperParameters, dataset: Dataset, epochs: Int) {
        // Two streams of random numbers, so that the order of the samples does not depend on the number of weights.
        var seeds = SplitMix64(seed: UInt64(bitPattern: Int64(parameters.seed)))
        perceptron = Perceptron(widths: parameters.widths, activation: parameters.activation, seed: seeds.next())
        generator = SplitMix64(seed: seeds.next())
        optimizer = MomentumSGD(momentum: parameters.momentum, parameterCount: perceptron.parameters.count)
        schedule = LearningRateSchedule(initial: parameters.learningRate, decay: parameters.decay, epochs: epochs)
        order = Array(0..<dataset.train.count)
        batchSize = parameters.batchSize
        self.dataset = dataset
    }

    /// Trains on every sample once, and returns the metrics. Stops training within the epoch when the loss is not finite.
    mutating func trainEpoch() -> EpochMetrics {
        generator.shuffle(&order)
        var loss = 0.0
        for start in stride(from: 0, to: order.count, by: batchSize) {
            let rows = order[start..<min(start + batchSize, order.count)]
            loss += perceptron.computeGradient(of: dataset.train, rows: rows) * Double(rows.count)
            guard loss.isFinite else { break }
            optimizer.step(&perceptron, rate: schedule.current)
        }
        epoch += 1
        let metrics = EpochMetrics(
            epoch: epoch, train: perceptron.accuracy(on: dataset.train), valid: perceptron.accuracy(on: dataset.valid),
            test: perceptron.accuracy(on: dataset.test), loss: loss / Double(order.count))
        schedule.finishEpoch(valid: metrics.valid)
        return metrics
    }
}

/// The metrics of a training after an epoch.
struct EpochMetrics: Sendable, Equatable {
    let epoch: Int
    /// Accuracies, 0...1.
    let train: Double
    let valid: Double
    let test: Double
    /// The mean cross entropy of the training samples, each measured before the step that used the sample.
    let loss: Double

    /// True if the training has diverged: it cannot recover from a loss that is not finite.
    var isDiverged: Bool { !loss.isFinite }
}
