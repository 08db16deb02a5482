import Glibc

/// The activation function of the hidden units.
enum Activation: String, CaseIterable, Sendable {
    case relu, tanh, sigmoid

    /// Replaces the weighted sums of one layer by the layer's outputs.
    func apply(to values: UnsafeMutableBufferPointer<Double>) {
        switch self {
        case .relu: for index in values.indices where values[index] < 0 { values[index] = 0 }
        case .tanh: for index in values.indices { values[index] = Glibc.tanh(values[index]) }
        case .sigmoid: for index in values.indices { values[index] = 1 / (1 + exp(-values[index])) }
        }
    }

    /// Multiplies each delta by the function's derivative at the same unit.
    ///
    /// All three derivatives are functions of the output, so the weighted sums need not be kept.
    ///
    /// - Parameters:
    ///   - outputs: the layer's `count` outputs.
    ///   - deltas: the `count` numbers to multiply.
    func multiplyDerivatives(at outputs: UnsafePointer<Double>, into deltas: UnsafeMutablePointer<Double>, count: Int) {
        for index in 0..<count {
            let output = outputs[index]
            switch self {
            case .relu: deltas[index] *= output > 0 ? 1 : 0
            case .tanh: deltas[index] *= 1 - output * output
            case .sigmoid: deltas[index] *= output * (1 - output)
            }
        }
    }

    /// Returns the bound of the initial weights, which are drawn from -limit ..< limit.
    ///
    /// He's limit for rectifiers (He et al., "Delving deep into rectifiers", ICCV 2015), and Xavier's for tanh and sigmoid
    /// (Glorot and Bengio, "Understanding the difficulty of training deep feedforward networks", AISTATS 2010).
    func initialWeightLimit(inputs: Int, outputs: Int) -> Double {
        switch self {
        case .relu: (6 / Double(inputs)).squareRoot()
        case .tanh: (6 / Double(inputs + outputs)).squareRoot()
        // At 0, the derivative of a sigmoid is a quarter of that of tanh.
        case .sigmoid: 4 * (6 / Double(inputs + outputs)).squareRoot()
        }
    }
}
