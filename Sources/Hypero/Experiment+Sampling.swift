import HyperoSchema

// Hyper-parameters. Each draw is recorded under its name and returned.
extension Experiment {
    /// Draws a number from the uniform distribution over `low...high`, and records it.
    ///
    /// ```swift
    /// let dropout = experiment.uniform("dropout", 0, 0.5)
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - low: The lower bound, finite.
    ///   - high: The upper bound, finite.
    /// - Precondition: `low <= high`.
    @discardableResult
    public func uniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        recorded(draw { $0.uniform(name, low: low, high: high) }, as: name)
    }

    /// Draws a number from `low...high` whose logarithm is uniformly distributed, and records it.
    ///
    /// Each order of magnitude is equally likely.
    ///
    /// ```swift
    /// let lr = experiment.logUniform("lr", 0.00001, 0.1)
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - low: The lower bound, above 0.
    ///   - high: The upper bound, finite.
    /// - Precondition: `0 < low <= high`.
    @discardableResult
    public func logUniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        recorded(draw { $0.logUniform(name, low: low, high: high) }, as: name)
    }

    /// Draws a number from the normal distribution, and records it.
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - mean: The mean, finite.
    ///   - standardDeviation: The standard deviation, finite and not negative.
    /// - Precondition: `standardDeviation >= 0`.
    @discardableResult
    public func normal(_ name: String, mean: Double, standardDeviation: Double) -> Double {
        recorded(draw { $0.normal(name, mean: mean, standardDeviation: standardDeviation) }, as: name)
    }

    /// Draws an integer from `low...high`, and records it. All integers, including both bounds, are equally likely.
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - low: The lowest integer.
    ///   - high: The highest integer.
    /// - Precondition: `low <= high`.
    @discardableResult
    public func randint(_ name: String, _ low: Int, _ high: Int) -> Int {
        recorded(draw { $0.randint(name, low: low, high: high) }, as: name)
    }

    /// Draws one of several categories, and records it.
    ///
    /// ```swift
    /// let decay = experiment.categorical("lr decay", ["linear": 0.8, "adaptive": 0.2])
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - weights: The categories and their weights. The probability of a category is its weight divided by the sum of
    ///     the weights.
    /// - Precondition: All weights are finite, none is negative, and their sum is above 0.
    @discardableResult
    public func categorical(_ name: String, _ weights: KeyValuePairs<String, Double>) -> String {
        recorded(weights[draw { $0.categorical(name, weights: weights.map(\.value)) }].key, as: name)
    }

    /// Records a hyper-parameter that the caller has chosen. A later value of the same name replaces the earlier one.
    ///
    /// ```swift
    /// experiment.insertHP("batch size", 64)
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - value: A number, a text, a Boolean, nil, or an array of these, at most 64 KiB as text.
    public func insertHP(_ name: String, _ value: some ValueConvertible) {
        record(.param([Event.Entry(name: name, value: value.hyperoValue.text)]))
    }

    /// Records a hyper-parameter with several values, for example the number of channels of each layer.
    ///
    /// ```swift
    /// experiment.insertVarHP("channels", [64, 128, 256])
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - values: The values, at most 64 KiB as text.
    public func insertVarHP(_ name: String, _ values: [some ValueConvertible]) {
        insertHP(name, values)
    }

    private func recorded<Value: ValueConvertible>(_ value: Value, as name: String) -> Value {
        insertHP(name, value)
        return value
    }
}
