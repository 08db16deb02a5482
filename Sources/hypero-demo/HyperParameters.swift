import Hypero

/// All that decides how a training goes: the same values give the same rows.
struct HyperParameters: Sendable, Equatable {
    var learningRate: Double
    var decay: Decay
    var momentum: Double
    /// Units in each hidden layer.
    var hidden: Int
    /// Hidden layers.
    var depth: Int
    var batchSize: Int
    var activation: Activation
    /// Decides the first weights and the order of the samples.
    var seed: Int

    /// The units of each layer, inputs first.
    var widths: [Int] {
        [Digits.pixelsPerDigit] + Array(repeating: hidden, count: depth) + [Digits.classes]
    }
}

extension HyperParameters {
    /// Draws each value from its distribution; the experiment records it under its name.
    init(drawnFor experiment: Experiment) {
        learningRate = experiment.logUniform("lr", 0.005, 1)
        decay = Self.category(
            experiment.categorical(
                "lr decay",
                [Decay.linear.rawValue: 0.5, Decay.adaptive.rawValue: 0.3, Decay.none.rawValue: 0.2]))
        momentum = experiment.uniform("momentum", 0, 0.95)
        hidden = experiment.randint("hidden", 16, 128)
        depth = experiment.randint("depth", 1, 3)
        let batch = experiment.categorical("bs", ["16": 0.4, "32": 0.4, "64": 0.2])
        guard let batchSize = Int(batch) else { preconditionFailure("the batch size \"\(batch)\" is no number") }
        self.batchSize = batchSize
        activation = Self.category(
            experiment.categorical(
                "activation",
                [Activation.relu.rawValue: 0.5, Activation.tanh.rawValue: 0.3, Activation.sigmoid.rawValue: 0.2]))
        seed = experiment.randint("seed", 0, Int(UInt32.max))

        // A category is recorded as text; said again as a number it can be sorted and compared.
        experiment.insertHP("bs", batchSize)
        experiment.insertVarHP("layers", widths)
    }

    private static func category<Category: RawRepresentable<String>>(_ name: String) -> Category {
        guard let category = Category(rawValue: name) else {
            preconditionFailure("\"\(name)\" was drawn, which is no \(Category.self)")
        }
        return category
    }
}
