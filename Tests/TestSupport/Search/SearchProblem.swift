import Glibc
import HyperoSchema

/// A function of hyper-parameters whose minimum is known, which draws them when it needs them.
package struct SearchProblem: Sendable {
    package let name: String
    /// Returns the value of a trial. Lower is better.
    package let value: @Sendable (inout SearchTrial) -> Double

    package init(_ name: String, value: @escaping @Sendable (inout SearchTrial) -> Double) {
        self.name = name
        self.value = value
    }

    /// The problems that need no data.
    package static let all = [branin, hartmann6, ackley5, rosenbrock4, branin12, pipeline, branches]
}

// Functions with a fixed number of hyper-parameters.
//
// Source of all but `branin12`: Surjanovic and Bingham, "Virtual Library of Simulation Experiments",
// <https://www.sfu.ca/~ssurjano/optimization.html>.
extension SearchProblem {
    /// Two numbers. The minimum is 0.397887.
    package static let branin = SearchProblem("branin") { branin(&$0) }

    /// Branin's function, and ten numbers without an effect.
    package static let branin12 = SearchProblem("branin12") { trial in
        let value = branin(&trial)
        for index in 0..<10 { _ = trial.uniform("idle\(index)", 0, 1) }
        return value
    }

    private static func branin(_ trial: inout SearchTrial) -> Double {
        let (x, y) = (trial.uniform("x", -5, 10), trial.uniform("y", 0, 15))
        let curve = y - 5.1 / (4 * Double.pi * Double.pi) * x * x + 5 / Double.pi * x - 6
        return curve * curve + 10 * (1 - 1 / (8 * Double.pi)) * cos(x) + 10
    }

    /// Six numbers. The minimum is -3.32237.
    package static let hartmann6 = SearchProblem("hartmann6") { trial in
        let x = (0..<6).map { trial.uniform("x\($0)", 0, 1) }
        var value = 0.0
        for term in hartmannTerms {
            var exponent = 0.0
            for (index, x) in x.enumerated() {
                let distance = x - term.centers[index]
                exponent += term.scales[index] * distance * distance
            }
            value -= term.weight * exp(-exponent)
        }
        return value
    }

    private static let hartmannTerms: [(weight: Double, scales: [Double], centers: [Double])] = [
        (1, [10, 3, 17, 3.5, 1.7, 8], [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886]),
        (1.2, [0.05, 10, 17, 0.1, 8, 14], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991]),
        (3, [3, 3.5, 1.7, 10, 17, 8], [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650]),
        (3.2, [17, 8, 0.05, 10, 0.1, 14], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381]),
    ]

    /// Five numbers. The minimum is 0. It is not in the middle, where the kernel of the prior is.
    package static let ackley5 = SearchProblem("ackley5") { trial in
        var (squares, waves) = (0.0, 0.0)
        for (index, center) in [9.1, -14.3, 4.7, -7.9, 17.2].enumerated() {
            let x = trial.uniform("x\(index)", -32.768, 32.768) - center
            squares += x * x / 5
            waves += cos(2 * Double.pi * x) / 5
        }
        return 20 - 20 * exp(-0.2 * squares.squareRoot()) + exp(1) - exp(waves)
    }

    /// Four numbers. The value is log10(1 + f), whose minimum is 0.
    package static let rosenbrock4 = SearchProblem("rosenbrock4") { trial in
        let x = (0..<4).map { trial.uniform("x\($0)", -5, 10) }
        var value = 1.0
        for index in 0..<3 {
            let (step, rest) = (x[index + 1] - x[index] * x[index], 1 - x[index])
            value += 100 * step * step + rest * rest
        }
        return log10(value)
    }
}

// Functions with branches, in which some hyper-parameters exist.
extension SearchProblem {
    /// A training with an optimizer that has hyper-parameters of its own, 1 to 4 layers with a width each, and dropout or none. The
    /// minimum is 0.
    package static let pipeline = SearchProblem("pipeline") { trial in
        func square(_ x: Double) -> Double { x * x }
        let rate = log10(trial.logUniform("lr", 1e-6, 1))
        var value: Double
        let best: Double
        switch trial.choice("optimizer", ["sgd", "adam", "rmsprop"]) {
        case "sgd":
            let momentum = trial.uniform("momentum", 0, 0.99)
            (best, value) = (-1.2 - 2 * momentum / 3, 0.15 + 0.8 * square(momentum - 0.9))
        case "adam":
            (best, value) = (-3, 0.05 * square(log10(trial.logUniform("one minus beta2", 1e-4, 1e-1)) + 2.7))
        default:
            (best, value) = (-3.3, 0.08 + 0.05 * abs(log10(trial.logUniform("decay", 1e-6, 1e-1)) + 4))
        }
        value += 0.12 * square(rate - best)
        let layers = trial.randint("layers", 1, 4)
        value += 0.03 * square(Double(layers) - 3)
        for layer in 0..<layers {
            let width = log2(Double(trial.randint("width\(layer)", 8, 512)))
            value += 0.02 * square(width - Double(8 - layer)) / Double(layers)
        }
        let hasDropout = trial.choice("dropout", ["no", "yes"]) == "yes"
        value += hasDropout ? 0.3 * square(trial.uniform("rate", 0, 0.8) - 0.25) : 0.04
        return value
            + (["relu": 0, "tanh": 0.03, "gelu": 0.005, "elu": 0.02][
                trial.choice("activation", ["relu", "tanh", "gelu", "elu"])] ?? 0)
    }

    /// Two branches that need different values of a shared hyper-parameter. The minimum is 0.
    ///
    /// Source: <https://github.com/optuna/optuna/issues/5299>
    package static let branches = SearchProblem("branches") { trial in
        let branch = trial.choice("x", ["A", "B"])
        let target = trial.uniform("t", -2, 2)
        let isFirst = branch == "A"
        let distance = (isFirst ? trial.uniform("y", 1, 2) : trial.uniform("z", -2, 1)) - target
        return distance * distance + (isFirst ? 0 : 0.05)
    }
}
