/// The shape of one fully connected layer, and the offsets of its weights and biases in the network's parameters.
///
/// Weights are stored input by input. Both passes then read memory in order, skip inputs that are zero (half of the pixels
/// and half of the rectified units), and have loops that the compiler vectorizes. The loops are `while` loops over plain
/// pointers, because a loop over a range is slow in a debug build, where every step is a generic call.
struct Layer: Sendable, Equatable {
    let inputs: Int
    let outputs: Int
    /// The offset of the `inputs * outputs` weights.
    let weights: Int
    /// The offset of the `outputs` biases, which follow the weights.
    var biases: Int { weights + inputs * outputs }
    /// The offset after the layer's last parameter.
    var end: Int { biases + outputs }

    /// Computes sums = biases + input · weights.
    ///
    /// - Parameters:
    ///   - input: `inputs` numbers.
    ///   - parameters: the parameters of the whole network.
    ///   - sums: memory for `outputs` numbers; must not overlap the other two.
    func forward(input: UnsafePointer<Double>, parameters: UnsafePointer<Double>, sums: UnsafeMutablePointer<Double>) {
        sums.update(from: parameters + biases, count: outputs)
        var row = parameters + weights
        var index = 0
        while index < inputs {
            let value = input[index]
            if value != 0 { add(row, scaledBy: value, to: sums, count: outputs) }
            row += outputs
            index &+= 1
        }
    }

    /// Adds the gradient of one sample's loss with respect to this layer's parameters.
    ///
    /// - Parameters:
    ///   - input: the layer's input for the sample, `inputs` numbers.
    ///   - delta: the derivatives of the loss with respect to the `outputs` sums.
    ///   - gradient: the gradient of the whole network.
    func addGradient(
        input: UnsafePointer<Double>, delta: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>
    ) {
        add(delta, scaledBy: 1, to: gradient + biases, count: outputs)
        var row = gradient + weights
        var index = 0
        while index < inputs {
            let value = input[index]
            if value != 0 { add(delta, scaledBy: value, to: row, count: outputs) }
            row += outputs
            index &+= 1
        }
    }

    /// Computes inputDelta = weights · delta, the derivatives of the loss with respect to the layer's inputs.
    func backward(
        delta: UnsafePointer<Double>, parameters: UnsafePointer<Double>, inputDelta: UnsafeMutablePointer<Double>
    ) {
        var row = parameters + weights
        var index = 0
        while index < inputs {
            inputDelta[index] = dot(row, delta, count: outputs)
            row += outputs
            index &+= 1
        }
    }

    @inline(__always)
    private func add(
        _ source: UnsafePointer<Double>, scaledBy factor: Double, to target: UnsafeMutablePointer<Double>, count: Int
    ) {
        var index = 0
        while index < count {
            target[index] += factor * source[index]
            index &+= 1
        }
    }

    /// Returns the scalar product, computed in four independent sums.
    ///
    /// A single sum fixes the order of the additions and cannot be vectorized.
    @inline(__always)
    private func dot(_ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, count: Int) -> Double {
        var sum0 = 0.0
        var sum1 = 0.0
        var sum2 = 0.0
        var sum3 = 0.0
        var index = 0
        while index &+ 3 < count {
            sum0 += left[index] * right[index]
            sum1 += left[index &+ 1] * right[index &+ 1]
            sum2 += left[index &+ 2] * right[index &+ 2]
            sum3 += left[index &+ 3] * right[index &+ 3]
            index &+= 4
        }
        while index < count {
            sum0 += left[index] * right[index]
            index &+= 1
        }
        return (sum0 + sum1) + (sum2 + sum3)
    }
}
