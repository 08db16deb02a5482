/// The forward and backward pass of single samples, over the buffers of a perceptron.
///
/// Each row is checked once. Within a row, the layers rely on the sizes of the buffers that `Perceptron` allocated.
struct SamplePass {
    let layers: [Layer]
    let activation: Activation
    let labels: [Int]
    let inputs: UnsafeBufferPointer<Double>
    let parameters: UnsafeBufferPointer<Double>
    let gradient: UnsafeMutableBufferPointer<Double>
    let outputs: UnsafeMutableBufferPointer<Double>
    let deltas: UnsafeMutableBufferPointer<Double>

    /// The outputs of the last layer.
    var scores: UnsafeMutableBufferPointer<Double> {
        let count = layers[layers.count - 1].outputs
        return UnsafeMutableBufferPointer(rebasing: outputs[(outputs.count - count)...])
    }

    func clearGradient() { gradient.update(repeating: 0) }

    func scaleGradient(by factor: Double) {
        let gradientStart = gradient.start
        var index = 0
        while index < gradient.count {
            gradientStart[index] *= factor
            index &+= 1
        }
    }

    /// Computes `outputs` for one sample. The outputs of the last layer are scores, without softmax.
    func forward(row: Int) {
        var input = self.input(row: row)
        var offset = 0
        for (index, layer) in layers.enumerated() {
            let sums = outputs.start + offset
            layer.forward(input: input, parameters: parameters.start, sums: sums)
            if index < layers.count - 1 {
                activation.apply(to: UnsafeMutableBufferPointer(start: sums, count: layer.outputs))
            }
            input = UnsafePointer(sums)
            offset += layer.outputs
        }
    }

    /// Adds one sample's gradient, and returns the sample's loss. The preceding call must be `forward` for the same row.
    func backward(row: Int) -> Double {
        let label = labels[row]
        let last = layers[layers.count - 1]
        var offset = deltas.count - last.outputs

        // The derivative of the cross entropy after softmax, with respect to a score, is p - 1 for the label and p for
        // other classes.
        let delta = UnsafeMutableBufferPointer(rebasing: deltas[offset...])
        _ = delta.update(from: scores)
        let loss = Softmax.apply(to: delta, label: label)
        delta[label] -= 1

        for index in layers.indices.reversed() {
            let layer = layers[index]
            let layerDelta = UnsafePointer(deltas.start + offset)
            guard index > 0 else {
                layer.addGradient(input: input(row: row), delta: layerDelta, gradient: gradient.start)
                break
            }
            offset -= layer.inputs
            let input = UnsafePointer(outputs.start + offset)
            let inputDelta = deltas.start + offset
            layer.addGradient(input: input, delta: layerDelta, gradient: gradient.start)
            layer.backward(delta: layerDelta, parameters: parameters.start, inputDelta: inputDelta)
            activation.multiplyDerivatives(at: input, into: inputDelta, count: layer.inputs)
        }
        return loss
    }

    private func input(row: Int) -> UnsafePointer<Double> {
        precondition(labels.indices.contains(row), "row must be between 0 and \(labels.count - 1), not \(row)")
        return inputs.start + row * layers[0].inputs
    }
}

// A perceptron has at least one weight, so none of its buffers is empty.
extension UnsafeBufferPointer {
    fileprivate var start: UnsafePointer<Element> { baseAddress! }
}

extension UnsafeMutableBufferPointer {
    fileprivate var start: UnsafeMutablePointer<Element> { baseAddress! }
}
