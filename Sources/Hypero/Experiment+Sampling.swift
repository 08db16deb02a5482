import HyperoSchema
import HyperoSearch

// Hyper-parameters. Each draw is recorded under its name and returned.
//
// A value depends only on the seed of the client, the number of the experiment, the name and the distribution. The same name with the
// same distribution has the same value again.
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
        number(name, from: .uniform(low: low, high: high))
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
        number(name, from: .logUniform(low: low, high: high))
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
        number(name, from: .normal(mean: mean, standardDeviation: standardDeviation))
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
        guard case .integer(let value) = draw(name, from: .randint(low: low, high: high)) else { return low }
        return value
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
        choose(name, weights.map { ($0.key, $0.value) })
    }

    /// Draws one of several categories with weights that are known at run time only, and records it.
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - weights: The categories and their weights. The categories are drawn in the order of their names, so that the
    ///     draws can be repeated.
    /// - Precondition: All weights are finite, none is negative, and their sum is above 0.
    @discardableResult
    @_disfavoredOverload
    public func categorical(_ name: String, _ weights: [String: Double]) -> String {
        choose(name, weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }

    /// Draws one of several values of any type with weights, and records it.
    ///
    /// ```swift
    /// let size = experiment.categorical("bs", [(16, 0.5), (32, 0.3), (64, 0.2)])
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - weights: The values and their weights, in an order that does not change between runs.
    /// - Returns: The value drawn.
    /// - Precondition: All weights are finite, none is negative, and their sum is above 0.
    @discardableResult
    public func categorical<Choice: ValueConvertible>(_ name: String, _ weights: [(Choice, Double)]) -> Choice {
        choose(name, weights)
    }

    /// Draws one of several values of any type, and records it. All are equally likely.
    ///
    /// ```swift
    /// let size = experiment.categorical("bs", [16, 32, 64])
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name of the hyper-parameter, 1 to 256 bytes of UTF-8 without control characters.
    ///   - choices: The values, at least one.
    /// - Returns: The value drawn.
    /// - Precondition: `choices` is not empty.
    @discardableResult
    public func categorical<Choice: ValueConvertible>(_ name: String, _ choices: [Choice]) -> Choice {
        choices[drawCategory(name, choices, weights: nil)]
    }

    private func choose<Choice: ValueConvertible>(_ name: String, _ weights: [(Choice, Double)]) -> Choice {
        weights[drawCategory(name, weights.map(\.0), weights: weights.map(\.1))].0
    }

    /// Draws one of several values, and records it.
    ///
    /// - Parameter weights: The weight of each value; nil if all are equally likely.
    /// - Returns: The index of the value drawn.
    package func drawCategory(_ name: String, _ choices: [some ValueConvertible], weights: [Double]?) -> Int {
        let values = choices.map(\.hyperoValue)
        guard case .choice(let index) = draw(name, from: .categorical(choices: values, weights: weights)) else {
            return 0
        }
        return index
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
        recordParameter(name, value)
    }

    /// Records a hyper-parameter.
    ///
    /// - Returns: false if it is dropped. It is then counted.
    @discardableResult
    package func recordParameter(_ name: String, _ value: some ValueConvertible) -> Bool {
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

    private func number(_ name: String, from distribution: Distribution) -> Double {
        guard case .number(let value) = draw(name, from: distribution) else { return .nan }
        return value
    }

    /// Draws a value, and records it together with its distribution.
    ///
    /// The text of a distribution that is too long is left out: it must not keep the value from being recorded. A value of an enqueued
    /// point or of an earlier attempt that the distribution cannot have drawn is recorded as metadata.
    private func draw(_ name: String, from distribution: Distribution) -> DrawnValue {
        let draw = source.draw(name, from: distribution)
        let space = distribution.text
        let spaces = space.utf8.count <= Limits.value ? [Event.Entry(name: name, value: space)] : []
        record(.param([Event.Entry(name: name, value: distribution.value(of: draw.value).text)], spaces: spaces))
        if let unfit = draw.unfit { updateMeta(notUsed(name), unfit) }
        return draw.value
    }

    /// Returns the name of the metadata with a value of an enqueued point or of an earlier attempt that the training does not use.
    func notUsed(_ name: String) -> String { "not used: \(name)" }
}

extension Distribution {
    /// Returns the value to record.
    fileprivate func value(of drawn: DrawnValue) -> Value {
        switch (drawn, self) {
        case (.number(let value), _): .number(value)
        case (.integer(let value), _): .integer(value)
        case (.choice(let index), .categorical(let choices, _)): choices[index]
        case (.choice(let index), _): .integer(index)
        }
    }
}
