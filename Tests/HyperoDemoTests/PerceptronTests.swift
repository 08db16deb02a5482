import HyperoCore
import Testing

@testable import hypero_demo

@Suite struct PerceptronTests {
    /// Five samples of four inputs, some of them zero, in three classes.
    private let samples = Samples(
        width: 4,
        inputs: [
            0.5, 0, -1, 0.25, 1, 1, 0, 0, 0, 0.75, 0.5, -0.5, -0.25, 0.1, 0.9, 1, 0.3, -0.6, 0.2, 0,
        ],
        labels: [0, 1, 2, 1, 0])

    @Test(
        arguments: Activation.allCases, [[4, 3], [4, 5, 3], [4, 5, 6, 3], [4, 3, 4, 9, 3]])
    func `The gradient equals finite differences of the loss`(activation: Activation, widths: [Int]) {
        var perceptron = Perceptron(widths: widths, activation: activation, seed: 11)
        // Biases start at zero, where an error in their gradient could stay hidden.
        var generator = SplitMix64(seed: 12)
        for index in perceptron.parameters.indices { perceptron.parameters[index] += generator.uniform(limit: 0.1) }
        _ = perceptron.computeGradient(of: samples, rows: 0..<5)
        let gradient = perceptron.gradient

        let step = 1e-5
        for index in perceptron.parameters.indices {
            let value = perceptron.parameters[index]
            perceptron.parameters[index] = value + step
            let above = perceptron.computeGradient(of: samples, rows: 0..<5)
            perceptron.parameters[index] = value - step
            let below = perceptron.computeGradient(of: samples, rows: 0..<5)
            perceptron.parameters[index] = value
            let expected = (above - below) / (2 * step)
            #expect(abs(gradient[index] - expected) < 1e-8 + 1e-6 * abs(expected), "parameter \(index)")
        }
    }

    @Test func `Loss and gradient are means over the given rows only`() {
        var perceptron = Perceptron(widths: [4, 5, 3], activation: .tanh, seed: 1)
        let first = perceptron.computeGradient(of: samples, rows: [1])
        let firstGradient = perceptron.gradient
        let second = perceptron.computeGradient(of: samples, rows: [4])
        let secondGradient = perceptron.gradient
        let both = perceptron.computeGradient(of: samples, rows: [4, 1])
        #expect(abs(both - (first + second) / 2) < 1e-12)
        for (index, value) in perceptron.gradient.enumerated() {
            #expect(abs(value - (firstGradient[index] + secondGradient[index]) / 2) < 1e-12)
        }
    }

    @Test func `The probabilities of a sample sum to 1`() {
        var perceptron = Perceptron(widths: [4, 8, 3], activation: .relu, seed: 1)
        for row in 0..<samples.count {
            let probabilities = perceptron.probabilities(of: samples, row: row)
            #expect(probabilities.count == 3)
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
        }
    }

    @Test func `The seed determines the initial weights`() {
        let widths = [4, 8, 3]
        let first = Perceptron(widths: widths, activation: .relu, seed: 1)
        #expect(first.parameters == Perceptron(widths: widths, activation: .relu, seed: 1).parameters)
        #expect(first.parameters != Perceptron(widths: widths, activation: .relu, seed: 2).parameters)
        #expect(first.parameters.count == 4 * 8 + 8 + 8 * 3 + 3)
    }

    @Test(arguments: Activation.allCases)
    func `A perceptron learns to classify its five training samples`(activation: Activation) {
        var perceptron = Perceptron(widths: [4, 12, 3], activation: activation, seed: 3)
        var optimizer = MomentumSGD(momentum: 0.9, parameterCount: perceptron.parameters.count)
        for _ in 0..<300 {
            _ = perceptron.computeGradient(of: samples, rows: 0..<5)
            optimizer.step(&perceptron, rate: 0.1)
        }
        #expect(perceptron.accuracy(on: samples) == 1)
    }

    @Test(
        arguments: [Double.nan, .infinity, 0])
    func `The accuracy is 0 if all weights are equal or not finite`(weight: Double) {
        var perceptron = Perceptron(widths: [4, 5, 3], activation: .tanh, seed: 1)
        for index in perceptron.parameters.indices { perceptron.parameters[index] = weight }
        #expect(perceptron.accuracy(on: samples) == 0)
    }

    @Test func `A step with momentum includes the velocity of the steps before`() {
        var perceptron = Perceptron(widths: [4, 3], activation: .tanh, seed: 1)
        var optimizer = MomentumSGD(momentum: 0.5, parameterCount: perceptron.parameters.count)
        let start = perceptron.parameters[0]
        _ = perceptron.computeGradient(of: samples, rows: 0..<5)
        let derivative = perceptron.gradient[0]
        optimizer.step(&perceptron, rate: 0.1)
        optimizer.step(&perceptron, rate: 0.1)
        #expect(abs(perceptron.parameters[0] - (start - 0.1 * derivative * 2.5)) < 1e-12)
    }
}
