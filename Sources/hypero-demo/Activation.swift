import Foundation

/// What a hidden unit makes of the sum of its inputs.
enum Activation: String, CaseIterable, Sendable {
    case relu, tanh, sigmoid

    /// Replaces the sums of one layer by its outputs.
    func apply(_ values: UnsafeMutableBufferPointer<Double>) {
        switch self {
        case .relu: for index in values.indices where values[index] < 0 { values[index] = 0 }
        case .tanh: for index in values.indices { values[index] = Foundation.tanh(values[index]) }
        case .sigmoid: for index in values.indices { values[index] = 1 / (1 + exp(-values[index])) }
        }
    }

    /// Multiplies `deltas` by the slope at each of the layer's outputs: all three can tell it from the output alone, so
    /// the sums need not be kept.
    func multiplySlopes(outputs: UnsafePointer<Double>, into deltas: UnsafeMutablePointer<Double>, count: Int) {
        for index in 0..<count {
            let output = outputs[index]
            switch self {
            case .relu: deltas[index] *= output > 0 ? 1 : 0
            case .tanh: deltas[index] *= 1 - output * output
            case .sigmoid: deltas[index] *= output * (1 - output)
            }
        }
    }

    /// The first weights are drawn from -limit ... limit.
    ///
    /// He's limit for rectifiers (He et al., "Delving deep into rectifiers", ICCV 2015), Xavier's for the two that
    /// saturate (Glorot and Bengio, "Understanding the difficulty of training deep feedforward networks", AISTATS 2010).
    func initialLimit(inputs: Int, outputs: Int) -> Double {
        switch self {
        case .relu: (6 / Double(inputs)).squareRoot()
        case .tanh: (6 / Double(inputs + outputs)).squareRoot()
        // A sigmoid is four times flatter than tanh where it starts.
        case .sigmoid: 4 * (6 / Double(inputs + outputs)).squareRoot()
        }
    }
}
