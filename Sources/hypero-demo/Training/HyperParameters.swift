import Hypero

/// The hyper-parameters of one training. They determine its metrics completely.
struct HyperParameters: Sendable, Equatable {
    var learningRate: Double
    var decay: LearningRateDecay
    var momentum: Double
    /// The number of units in each hidden layer.
    var hidden: Int
    /// The number of hidden layers.
    var depth: Int
    var batchSize: Int
    var activation: Activation
    /// Determines the initial weights and the order of the samples.
    var seed: Int

    /// The number of units in each layer, from the inputs to the classes.
    var widths: [Int] {
        [Digits.pixelsPerDigit] + Array(repeating: hidden, count: depth) + [Digits.classes]
    }
}

extension HyperParameters {
    /// Draws each value from its distribution. The experiment records each draw.
    init(drawnFor experiment: Experiment) {
        learningRate = experiment.logUniform("lr", 0.005, 1)
        decay = Self.category(
            experiment.categorical(
                "lr decay",
                [
                    LearningRateDecay.linear.rawValue: 0.5, LearningRateDecay.adaptive.rawValue: 0.3,
                    LearningRateDecay.none.rawValue: 0.2,
                ]))
        momentum = experiment.uniform("momentum", 0, 0.95)
        hidden = experiment.randint("hidden", 16, 128)
        depth = experiment.randint("depth", 1, 3)
        let batch = experiment.categorical("bs", ["16": 0.4, "32": 0.4, "64": 0.2])
        guard let batchSize = Int(batch) else { preconditionFailure("bs must be a whole number, not \"\(batch)\"") }
        self.batchSize = batchSize
        activation = Self.category(
            experiment.categorical(
                "activation",
                [Activation.relu.rawValue: 0.5, Activation.tanh.rawValue: 0.3, Activation.sigmoid.rawValue: 0.2]))
        seed = experiment.randint("seed", 0, Int(UInt32.max))

        // A categorical value is recorded as text. Recorded again as a number, it can be sorted and compared.
        experiment.insertHP("bs", batchSize)
        experiment.insertVarHP("layers", widths)
    }

    private static func category<Category: RawRepresentable<String>>(_ name: String) -> Category {
        guard let category = Category(rawValue: name) else {
            preconditionFailure("\(Category.self) has no case \"\(name)\"")
        }
        return category
    }
}
