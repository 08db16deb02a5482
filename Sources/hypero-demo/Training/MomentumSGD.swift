/// Stochastic gradient descent with momentum: v = momentum · v - rate · gradient, parameters += v.
///
/// Source: Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, eq. 1, 2.
struct MomentumSGD: Sendable {
    let momentum: Double
    private var velocity: [Double]

    init(momentum: Double, parameterCount: Int) {
        self.momentum = momentum
        velocity = Array(repeating: 0, count: parameterCount)
    }

    /// Updates the parameters from the gradient that the perceptron computed last.
    mutating func step(_ perceptron: inout Perceptron, rate: Double) {
        let momentum = momentum
        let gradient = perceptron.gradient
        precondition(
            gradient.count == velocity.count,
            "the perceptron must have \(velocity.count) parameters, not \(gradient.count)")
        velocity.withUnsafeMutableBufferPointer { velocity in
            perceptron.parameters.withUnsafeMutableBufferPointer { parameters in
                gradient.withUnsafeBufferPointer { gradient in
                    guard let velocities = velocity.baseAddress, let weights = parameters.baseAddress,
                        let derivatives = gradient.baseAddress
                    else { return }
                    var index = 0
                    while index < gradient.count {
                        velocities[index] = momentum * velocities[index] - rate * derivatives[index]
                        weights[index] += velocities[index]
                        index &+= 1
                    }
                }
            }
        }
    }
}
