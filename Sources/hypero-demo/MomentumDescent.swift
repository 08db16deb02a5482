/// Stochastic gradient descent with momentum: v = momentum · v - rate · gradient, parameters += v.
///
/// Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, eq. 1, 2.
struct MomentumDescent: Sendable {
    let momentum: Double
    private var velocity: [Double]

    init(momentum: Double, parameters: Int) {
        self.momentum = momentum
        velocity = Array(repeating: 0, count: parameters)
    }

    /// Takes one step along the gradient the perceptron has computed last.
    mutating func step(_ perceptron: inout Perceptron, rate: Double) {
        let momentum = momentum
        let gradient = perceptron.gradient
        precondition(gradient.count == velocity.count, "\(velocity.count) velocities for \(gradient.count) parameters")
        velocity.withUnsafeMutableBufferPointer { velocity in
            perceptron.parameters.withUnsafeMutableBufferPointer { parameters in
                gradient.withUnsafeBufferPointer { gradient in
                    guard let speeds = velocity.baseAddress, let weights = parameters.baseAddress,
                        let slopes = gradient.baseAddress
                    else { return }
                    var index = 0
                    while index < gradient.count {
                        speeds[index] = momentum * speeds[index] - rate * slopes[index]
                        weights[index] += speeds[index]
                        index &+= 1
                    }
                }
            }
        }
    }
}
