import Testing

@testable import hypero_demo

@Suite("A training")
struct TrainerTests {
    private static let parameters = HyperParameters(
        learningRate: 0.1, decay: .linear, momentum: 0.9, hidden: 24, depth: 1, batchSize: 16, activation: .relu,
        seed: 7)

    @Test("on a third of the digits reads more than nine of ten valid ones after eight epochs")
    func learns() throws {
        let rows = try train(Self.parameters, epochs: 8)
        let last = try #require(rows.last)
        #expect(rows.map(\.epoch) == Array(1...8))
        #expect(last.valid > 0.9)
        #expect(last.test > 0.9)
        #expect(last.train > 0.95)
        #expect(last.loss < rows[0].loss)
        #expect(!rows.contains { $0.isDiverged })
    }

    @Test("gives the same rows for the same hyper-parameters")
    func repeatable() throws {
        #expect(try train(Self.parameters, epochs: 2) == train(Self.parameters, epochs: 2))
    }

    @Test("gives other rows for another seed")
    func seeds() throws {
        var other = Self.parameters
        other.seed = 8
        #expect(try train(Self.parameters, epochs: 1) != train(other, epochs: 1))
    }

    @Test("that runs away is seen to diverge, and its row can still be logged", arguments: Activation.allCases)
    func diverges(activation: Activation) throws {
        var parameters = Self.parameters
        parameters.learningRate = .greatestFiniteMagnitude
        parameters.activation = activation
        let row = try #require(train(parameters, epochs: 3).first { $0.isDiverged })
        for accuracy in [row.train, row.valid, row.test] { #expect((0...1).contains(accuracy)) }
    }

    @Test(
        "is diverged when its loss is no finite number",
        arguments: [
            (Double.nan, true), (.infinity, true), (0.1, false), (1e300, false),
        ])
    func isDiverged(loss: Double, expected: Bool) {
        #expect(EpochRow(epoch: 1, train: 0, valid: 0, test: 0, loss: loss).isDiverged == expected)
    }

    @Test("has the layers its hyper-parameters say")
    func widths() {
        var parameters = Self.parameters
        parameters.depth = 3
        #expect(parameters.widths == [64, 24, 24, 24, 10])
    }

    /// On 400 digits: enough to learn from, and quick in a debug build.
    private func train(_ parameters: HyperParameters, epochs: Int) throws -> [EpochRow] {
        let digits = try Digits.bundled()
        let split = Split(count: digits.count)
        let dataset = Dataset(
            train: digits.samples(split.train.prefix(400)), valid: digits.samples(split.valid.prefix(150)),
            test: digits.samples(split.test.prefix(150)))
        var trainer = Trainer(parameters, dataset: dataset, epochs: epochs)
        return (0..<epochs).map { _ in trainer.trainEpoch() }
    }
}
