/// A multilayer perceptron with a softmax at its end, in plain arrays.
///
/// It is a value: its parameters follow from the seed and the steps taken, and from nothing else.
struct Perceptron: Sendable {
    let layers: [Layer]
    let activation: Activation
    /// Weights and biases, layer after layer.
    var parameters: [Double]
    /// The slope of the mean loss by each parameter, from the last `computeGradient`.
    private(set) var gradient: [Double]

    // Room for one sample on its way, kept so that training allocates nothing: the outputs of all layers one after
    // another, and in the same places the slopes of the loss by their sums.
    private var outputs: [Double]
    private var deltas: [Double]

    /// - Parameters:
    ///   - widths: the units of each layer, the inputs first and the classes last; at least two.
    ///   - activation: of the layers between these two.
    ///   - seed: decides the first weights; biases start at zero.
    init(widths: [Int], activation: Activation, seed: UInt64) {
        precondition(
            widths.count >= 2 && widths.allSatisfy { $0 > 0 },
            "a perceptron needs at least two widths above 0, not \(widths)")
        var layers: [Layer] = []
        var parameters: [Double] = []
        var generator = SplitMix64(seed: seed)
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            layers.append(Layer(inputs: inputs, outputs: outputs, weights: parameters.count))
            let limit = activation.initialLimit(inputs: inputs, outputs: outputs)
            for _ in 0..<inputs * outputs { parameters.append(generator.symmetric(limit)) }
            parameters.append(contentsOf: repeatElement(0, count: outputs))
        }
        let units = widths.dropFirst().reduce(0, +)
        self.layers = layers
        self.activation = activation
        self.parameters = parameters
        gradient = Array(repeating: 0, count: parameters.count)
        outputs = Array(repeating: 0, count: units)
        deltas = Array(repeating: 0, count: units)
    }

    /// Sets `gradient` to that of the mean loss over the given rows (at least one), and gives this loss.
    mutating func computeGradient(of samples: Samples, rows: some Collection<Int>) -> Double {
        let share = 1 / Double(rows.count)
        return withPass(over: samples) { pass in
            pass.clearGradient()
            var loss = 0.0
            for row in rows {
                pass.forward(row: row)
                loss += pass.backward(row: row)
            }
            pass.scaleGradient(by: share)
            return loss * share
        }
    }

    /// The share of samples, 0...1, whose label alone has the highest score.
    mutating func accuracy(on samples: Samples) -> Double {
        let right = withPass(over: samples) { pass in
            var right = 0
            for row in 0..<samples.count {
                pass.forward(row: row)
                let scores = pass.scores
                let label = samples.labels[row]
                // Asked this way round, a draw or a nan on either side makes the answer a wrong one.
                if scores.indices.allSatisfy({ $0 == label || scores[$0] < scores[label] }) { right += 1 }
            }
            return right
        }
        return Double(right) / Double(samples.count)
    }

    /// The probability of each class for one row.
    mutating func probabilities(of samples: Samples, row: Int) -> [Double] {
        withPass(over: samples) { pass in
            pass.forward(row: row)
            _ = Softmax.apply(pass.scores, label: samples.labels[row])
            return Array(pass.scores)
        }
    }

    /// Lends the arrays out as pointers, for the time of `body`.
    private mutating func withPass<Result>(over samples: Samples, _ body: (Pass) -> Result) -> Result {
        precondition(
            samples.width == layers[0].inputs,
            "samples of \(samples.width) inputs do not fit a perceptron of \(layers[0].inputs)")
        let layers = layers
        let activation = activation
        return parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                outputs.withUnsafeMutableBufferPointer { outputs in
                    deltas.withUnsafeMutableBufferPointer { deltas in
                        samples.inputs.withUnsafeBufferPointer { inputs in
                            body(
                                Pass(
                                    layers: layers, activation: activation, labels: samples.labels, inputs: inputs,
                                    parameters: parameters, gradient: gradient, outputs: outputs, deltas: deltas))
                        }
                    }
                }
            }
        }
    }
}
