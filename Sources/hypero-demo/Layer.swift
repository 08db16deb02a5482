/// The shape of one fully connected layer and where its numbers lie in the flat parameters.
///
/// Weights are stored input by input, so that both passes run along them, skip the inputs that are zero (half the pixels,
/// half the rectified units), and leave loops the compiler turns into vector code. The loops are `while` loops over
/// plain pointers because these are also quick in a debug build, where a loop over a range runs through generic calls.
struct Layer: Sendable, Equatable {
    let inputs: Int
    let outputs: Int
    /// Where the `inputs * outputs` weights start.
    let weights: Int
    /// Where the `outputs` biases start: right behind the weights.
    var biases: Int { weights + inputs * outputs }
    /// The first index behind this layer.
    var end: Int { biases + outputs }

    /// sums = biases + input · weights
    ///
    /// - Parameters:
    ///   - input: `inputs` numbers.
    ///   - parameters: those of the whole network.
    ///   - sums: room for `outputs` numbers, apart from the other two.
    func forward(input: UnsafePointer<Double>, parameters: UnsafePointer<Double>, sums: UnsafeMutablePointer<Double>) {
        sums.update(from: parameters + biases, count: outputs)
        var row = parameters + weights
        var index = 0
        while index < inputs {
            let value = input[index]
            if value != 0 { addScaled(value, row, to: sums, count: outputs) }
            row += outputs
            index &+= 1
        }
    }

    /// Adds to `gradient` what one sample says about this layer's parameters.
    ///
    /// - Parameters:
    ///   - input: what the layer was given, `inputs` numbers.
    ///   - delta: the slope of the loss by each of the `outputs` sums.
    ///   - gradient: that of the whole network.
    func addGradient(
        input: UnsafePointer<Double>, delta: UnsafePointer<Double>, gradient: UnsafeMutablePointer<Double>
    ) {
        addScaled(1, delta, to: gradient + biases, count: outputs)
        var row = gradient + weights
        var index = 0
        while index < inputs {
            let value = input[index]
            if value != 0 { addScaled(value, delta, to: row, count: outputs) }
            row += outputs
            index &+= 1
        }
    }

    /// inputDelta = weights · delta: the slope of the loss by each of the layer's inputs.
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
    private func addScaled(
        _ factor: Double, _ source: UnsafePointer<Double>, to target: UnsafeMutablePointer<Double>, count: Int
    ) {
        var index = 0
        while index < count {
            target[index] += factor * source[index]
            index &+= 1
        }
    }

    /// Four sums side by side: one alone would have to be added up in order, without vector code.
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
