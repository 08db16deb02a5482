import HyperoSchema

// Each draws, records the value under the name, and returns it.
extension Experiment {
    /// A number from `low...high`, all as likely.
    ///
    /// - Precondition: both are finite, and `low <= high`.
    @discardableResult
    public func uniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        recorded(name, draw { $0.uniform(name, low, high) })
    }

    /// A number from `low...high` whose logarithm is uniform: every order of magnitude is as likely.
    ///
    /// - Precondition: both are finite, and `0 < low <= high`.
    @discardableResult
    public func logUniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        recorded(name, draw { $0.logUniform(name, low, high) })
    }

    /// A number from the normal distribution.
    ///
    /// - Precondition: both are finite, and `standardDeviation >= 0`.
    @discardableResult
    public func normal(_ name: String, mean: Double, standardDeviation: Double) -> Double {
        recorded(name, draw { $0.normal(name, mean: mean, standardDeviation: standardDeviation) })
    }

    /// A whole number from `low...high`, both ends included, all as likely.
    ///
    /// - Precondition: `low <= high`.
    @discardableResult
    public func randint(_ name: String, _ low: Int, _ high: Int) -> Int {
        recorded(name, draw { $0.randint(name, low, high) })
    }

    /// One of the names, as likely as its weight's share of their sum.
    ///
    ///     let decay = experiment.categorical("lr decay", ["linear": 0.8, "adaptive": 0.2])
    ///
    /// - Precondition: the weights are finite, none is negative, and their sum is above 0.
    @discardableResult
    public func categorical(_ name: String, _ weights: KeyValuePairs<String, Double>) -> String {
        recorded(name, weights[draw { $0.categorical(name, weights.map(\.value)) }].key)
    }

    /// Records a hyper-parameter that was chosen otherwise. A later value of the name replaces the earlier.
    public func insertHP(_ name: String, _ value: some ValueConvertible) {
        record(.param([Event.Entry(name: name, value: value.hyperoValue.text)]))
    }

    /// Records a hyper-parameter of several values, as the channels of each layer.
    public func insertVarHP(_ name: String, _ values: [some ValueConvertible]) {
        insertHP(name, values)
    }

    private func recorded<Value: ValueConvertible>(_ name: String, _ value: Value) -> Value {
        insertHP(name, value)
        return value
    }
}
