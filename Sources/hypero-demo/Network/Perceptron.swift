import HyperoCore

/// A multilayer perceptron whose outputs are the scores of a softmax classifier, in plain arrays.
///
/// A value type: the parameters depend only on the seed and the optimizer's steps.
struct Perceptron: Sendable {
    let layers: [Layer]
    let activation: Activation
    /// Weights and biases, layer by layer.
    var parameters: [Double]
    /// The derivatives of the mean loss with respect to the parameters, from the last `computeGradient`.
    private(set) var gradient: [Double]

    // Memory for the pass of one sample, kept so that training does not allocate: the outputs of all layers, one layer
    // after another, and at the same offsets the derivatives of the loss with respect to the weighted sums.
    private var outputs: [Double]
    private var deltas: [Double]

    /// - Parameters:
    ///   - widths: the units of each layer, from the inputs to the classes; at least two.
    ///   - activation: the activation function of the hidden layers.
    ///   - seed: determines the initial weights. Biases start at zero.
    init(widths: [Int], activation: Activation, seed: UInt64) {
        precondition(
            widths.count >= 2 && widths.allSatisfy { $0 > 0 },
            "widths must be at least two numbers above 0, not \(widths)")
        var layers: [Layer] = []
        var parameters: [Double] = []
        var generator = SplitMix64(seed: seed)
        for (inputs, outputs) in zip(widths, widths.dropFirst()) {
            layers.append(Layer(inputs: inputs, outputs: outputs, weights: parameters.count))
            let limit = activation.initialWeightLimit(inputs: inputs, outputs: outputs)
            for _ in 0..<inputs * outputs { parameters.append(generator.uniform(limit: limit)) }
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

    /// Sets `gradient` to the gradient of the mean loss over the given rows, and returns this loss.
    ///
    /// - Parameter rows: the indices of at least one sample.
    mutating func computeGradient(of samples: Samples, rows: some Collection<Int>) -> Double {
        let factor = 1 / Double(rows.count)
        return withPass(over: samples) { pass in
            pass.clearGradient()
            var loss = 0.0
            for row in rows {
                pass.forward(row: row)
                loss += pass.backward(row: row)
            }
            pass.scaleGradient(by: factor)
            return loss * factor
        }
    }

    /// Returns the share of samples, 0...1, whose label has a higher score than every other class.
    mutating func accuracy(on samples: Samples) -> Double {
        let correct = withPass(over: samples) { pass in
            var correct = 0
            for row in 0..<samples.count {
                pass.forward(row: row)
                let scores = pass.scores
                let label = samples.labels[row]
                // With this comparison, a tie or a nan on either side counts as wrong.
                if scores.indices.allSatisfy({ $0 == label || scores[$0] < scores[label] }) { correct += 1 }
            }
            return correct
        }
        return Double(correct) / Double(samples.count)
    }

    /// Returns the probability of each class for one sample.
    mutating func probabilities(of samples: Samples, row: Int) -> [Double] {
        withPass(over: samples) { pass in
            pass.forward(row: row)
            _ = Softmax.apply(to: pass.scores, label: samples.labels[row])
            return Array(pass.scores)
        }
    }

    /// Calls a closure with a pass over the samples. The pass is valid only during the call.
    private mutating func withPass<Result>(over samples: Samples, _ body: (SamplePass) -> Result) -> Result {
        precondition(
            samples.width == layers[0].inputs,
            "samples must have \(layers[0].inputs) inputs, not \(samples.width)")
        let layers = layers
        let activation = activation
        return parameters.withUnsafeBufferPointer { parameters in
            gradient.withUnsafeMutableBufferPointer { gradient in
                outputs.withUnsafeMutableBufferPointer { outputs in
                    deltas.withUnsafeMutableBufferPointer { deltas in
                        samples.inputs.withUnsafeBufferPointer { inputs in
                            body(
                                SamplePass(
                                    layers: layers, activation: activation, labels: samples.labels, inputs: inputs,
                                    parameters: parameters, gradient: gradient, outputs: outputs, deltas: deltas))
                        }
                    }
                }
            }
        }
    }
}
