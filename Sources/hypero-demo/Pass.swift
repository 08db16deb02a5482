/// The way of single samples through the perceptron and back, over memory the perceptron lends out.
///
/// The rows are checked once each; within a row the layers trust the sizes that `Perceptron` gave the buffers.
struct Pass {
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
        let slopes = gradient.start
        var index = 0
        while index < gradient.count {
            slopes[index] *= factor
            index &+= 1
        }
    }

    /// Fills `outputs` for one sample; the last layer's stay scores.
    func forward(row: Int) {
        var input = self.input(row: row)
        var position = 0
        for (index, layer) in layers.enumerated() {
            let sums = outputs.start + position
            layer.forward(input: input, parameters: parameters.start, sums: sums)
            if index < layers.count - 1 {
                activation.apply(UnsafeMutableBufferPointer(start: sums, count: layer.outputs))
            }
            input = UnsafePointer(sums)
            position += layer.outputs
        }
    }

    /// Adds one sample's gradient after its `forward`, and gives its loss.
    func backward(row: Int) -> Double {
        let label = labels[row]
        let last = layers[layers.count - 1]
        var position = deltas.count - last.outputs

        // Softmax and cross entropy together have the slope p - 1 at the label and p elsewhere.
        let delta = UnsafeMutableBufferPointer(rebasing: deltas[position...])
        _ = delta.update(from: scores)
        let loss = Softmax.apply(delta, label: label)
        delta[label] -= 1

        for index in layers.indices.reversed() {
            let layer = layers[index]
            let layerDelta = UnsafePointer(deltas.start + position)
            guard index > 0 else {
                layer.addGradient(input: input(row: row), delta: layerDelta, gradient: gradient.start)
                break
            }
            position -= layer.inputs
            let input = UnsafePointer(outputs.start + position)
            let inputDelta = deltas.start + position
            layer.addGradient(input: input, delta: layerDelta, gradient: gradient.start)
            layer.backward(delta: layerDelta, parameters: parameters.start, inputDelta: inputDelta)
            activation.multiplySlopes(outputs: input, into: inputDelta, count: layer.inputs)
        }
        return loss
    }

    private func input(row: Int) -> UnsafePointer<Double> {
        precondition(row >= 0 && row < labels.count, "there is no sample \(row) among \(labels.count)")
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
