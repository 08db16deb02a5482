/// Trains one perceptron, epoch by epoch. It knows nothing of logs: the same hyper-parameters give the same rows.
struct Trainer: Sendable {
    private(set) var perceptron: Perceptron
    private var descent: MomentumDescent
    private var rate: LearningRate
    private var generator: SplitMix64
    private var order: [Int]
    private var epoch = 0
    private let batchSize: Int
    private let dataset: Dataset

    init(_ parameters: HyperParameters, dataset: Dataset, epochs: Int) {
        // Two streams from one seed: the order of the samples must not depend on how many weights were drawn.
        var seeds = SplitMix64(seed: UInt64(bitPattern: Int64(parameters.seed)))
        perceptron = Perceptron(widths: parameters.widths, activation: parameters.activation, seed: seeds.next())
        generator = SplitMix64(seed: seeds.next())
        descent = MomentumDescent(momentum: parameters.momentum, parameters: perceptron.parameters.count)
        rate = LearningRate(initial: parameters.learningRate, decay: parameters.decay, epochs: epochs)
        order = Array(0..<dataset.train.count)
        batchSize = parameters.batchSize
        self.dataset = dataset
    }

    /// Trains on every sample once and measures. After a loss that is no number the rest of the epoch is left out.
    mutating func trainEpoch() -> EpochRow {
        generator.shuffle(&order)
        var loss = 0.0
        for start in stride(from: 0, to: order.count, by: batchSize) {
            let rows = order[start..<min(start + batchSize, order.count)]
            loss += perceptron.computeGradient(of: dataset.train, rows: rows) * Double(rows.count)
            guard loss.isFinite else { break }
            descent.step(&perceptron, rate: rate.current)
        }
        epoch += 1
        let row = EpochRow(
            epoch: epoch, train: perceptron.accuracy(on: dataset.train), valid: perceptron.accuracy(on: dataset.valid),
            test: perceptron.accuracy(on: dataset.test), loss: loss / Double(order.count))
        rate.finishEpoch(valid: row.valid)
        return row
    }
}
