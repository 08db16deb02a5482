import Testing

@testable import hypero_demo

@Suite("The perceptron")
struct PerceptronTests {
    /// Five samples of four inputs, some of them zero, in three classes.
    private let samples = Samples(
        width: 4,
        inputs: [
            0.5, 0, -1, 0.25, 1, 1, 0, 0, 0, 0.75, 0.5, -0.5, -0.25, 0.1, 0.9, 1, 0.3, -0.6, 0.2, 0,
        ],
        labels: [0, 1, 2, 1, 0])

    @Test(
        "has the gradient that finite differences show",
        arguments: Activation.allCases, [[4, 3], [4, 5, 3], [4, 5, 6, 3], [4, 3, 4, 9, 3]])
    func gradient(activation: Activation, widths: [Int]) {
        var perceptron = Perceptron(widths: widths, activation: activation, seed: 11)
        // Biases start at zero; moved away, a mistake in their gradient shows.
        var generator = SplitMix64(seed: 12)
        for index in perceptron.parameters.indices { perceptron.parameters[index] += generator.symmetric(0.1) }
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

    @Test("takes the mean over the rows it is given, and only these")
    func mean() {
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

    @Test("gives probabilities that sum to 1")
    func probabilities() {
        var perceptron = Perceptron(widths: [4, 8, 3], activation: .relu, seed: 1)
        for row in 0..<samples.count {
            let probabilities = perceptron.probabilities(of: samples, row: row)
            #expect(probabilities.count == 3)
            #expect(abs(probabilities.reduce(0, +) - 1) < 1e-12)
        }
    }

    @Test("starts with the same weights for the same seed, and with others for another")
    func seeds() {
        let widths = [4, 8, 3]
        let first = Perceptron(widths: widths, activation: .relu, seed: 1)
        #expect(first.parameters == Perceptron(widths: widths, activation: .relu, seed: 1).parameters)
        #expect(first.parameters != Perceptron(widths: widths, activation: .relu, seed: 2).parameters)
        #expect(first.parameters.count == 4 * 8 + 8 + 8 * 3 + 3)
    }

    @Test("learns five samples by heart", arguments: Activation.allCases)
    func memorises(activation: Activation) {
        var perceptron = Perceptron(widths: [4, 12, 3], activation: activation, seed: 3)
        var descent = MomentumDescent(momentum: 0.9, parameters: perceptron.parameters.count)
        for _ in 0..<300 {
            _ = perceptron.computeGradient(of: samples, rows: 0..<5)
            descent.step(&perceptron, rate: 0.1)
        }
        #expect(perceptron.accuracy(on: samples) == 1)
    }

    @Test(
        "is right about nothing when its weights are no numbers or all the same", arguments: [Double.nan, .infinity, 0])
    func broken(weight: Double) {
        var perceptron = Perceptron(widths: [4, 5, 3], activation: .tanh, seed: 1)
        for index in perceptron.parameters.indices { perceptron.parameters[index] = weight }
        #expect(perceptron.accuracy(on: samples) == 0)
    }

    @Test("goes down hill with the speed of the steps before")
    func momentum() {
        var perceptron = Perceptron(widths: [4, 3], activation: .tanh, seed: 1)
        var descent = MomentumDescent(momentum: 0.5, parameters: perceptron.parameters.count)
        let start = perceptron.parameters[0]
        _ = perceptron.computeGradient(of: samples, rows: 0..<5)
        let slope = perceptron.gradient[0]
        descent.step(&perceptron, rate: 0.1)
        descent.step(&perceptron, rate: 0.1)
        #expect(abs(perceptron.parameters[0] - (start - 0.1 * slope * 2.5)) < 1e-12)
    }
}
