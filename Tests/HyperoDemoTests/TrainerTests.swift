import Testing

@testable import hypero_demo

@Suite struct TrainerTests {
    private static let parameters = HyperParameters(
        learningRate: 0.1, decay: .linear, momentum: 0.9, hidden: 24, depth: 1, batchSize: 16, activation: .relu,
        seed: 7)

    @Test func `Eight epochs on a third of the digits give valid and test accuracies above 0.9`() throws {
        let rows = train(Self.parameters, epochs: 8)
        let last = try #require(rows.last)
        #expect(rows.map(\.epoch) == Array(1...8))
        #expect(last.valid > 0.9)
        #expect(last.test > 0.9)
        #expect(last.train > 0.95)
        #expect(last.loss < rows[0].loss)
        #expect(!rows.contains { $0.isDiverged })
    }

    @Test func `The same hyper-parameters give the same metrics`() {
        #expect(train(Self.parameters, epochs: 2) == train(Self.parameters, epochs: 2))
    }

    @Test func `Different seeds give different metrics`() {
        var other = Self.parameters
        other.seed = 8
        #expect(train(Self.parameters, epochs: 1) != train(other, epochs: 1))
    }

    @Test(arguments: Activation.allCases)
    func `A diverged training is detected and its metrics can be logged`(activation: Activation) throws {
        var parameters = Self.parameters
        parameters.learningRate = .greatestFiniteMagnitude
        parameters.activation = activation
        let metrics = try #require(train(parameters, epochs: 3).first { $0.isDiverged })
        for accuracy in [metrics.train, metrics.valid, metrics.test] { #expect((0...1).contains(accuracy)) }
    }

    @Test(
        arguments: [
            (Double.nan, true), (.infinity, true), (0.1, false), (1e300, false),
        ])
    func `An epoch is diverged if its loss is not finite`(loss: Double, expected: Bool) {
        #expect(EpochMetrics(epoch: 1, train: 0, valid: 0, test: 0, loss: loss).isDiverged == expected)
    }

    @Test func `The hyper-parameters determine the widths of the layers`() {
        var parameters = Self.parameters
        parameters.depth = 3
        #expect(parameters.widths == [64, 24, 24, 24, 10])
    }

    /// Trains on 400 digits: enough to learn from, and fast in a debug build.
    private func train(_ parameters: HyperParameters, epochs: Int) -> [EpochMetrics] {
        let digits = Digits.embedded
        let split = DatasetSplit(count: digits.count)
        let dataset = Dataset(
            train: digits.samples(split.train.prefix(400)), valid: digits.samples(split.valid.prefix(150)),
            test: digits.samples(split.test.prefix(150)))
        var trainer = Trainer(parameters, dataset: dataset, epochs: epochs)
        return (0..<epochs).map { _ in trainer.trainEpoch() }
    }
}
