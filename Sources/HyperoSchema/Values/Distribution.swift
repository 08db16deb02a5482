/// The distribution of a hyper-parameter, with its arguments.
package enum Distribution: Sendable, Hashable {
    /// Uniform over `low...high`.
    case uniform(low: Double, high: Double)
    /// Over `low...high`, uniform in the logarithm.
    case logUniform(low: Double, high: Double)
    /// The normal distribution.
    case normal(mean: Double, standardDeviation: Double)
    /// The integers `low...high`, all equally likely.
    case randint(low: Int, high: Int)
    /// The choices, each with a probability proportional to its weight. Without weights, all are equally likely.
    case categorical(choices: [Value], weights: [Double]?)

    /// The reason why nothing can be drawn, as the rest of a sentence about the hyper-parameter; nil if the arguments are valid.
    package var violation: String? {
        switch self {
        case .uniform(let low, let high):
            low.isFinite && high.isFinite && low <= high
                ? nil : "uniform needs finite bounds with low <= high, not \(low) and \(high)"
        case .logUniform(let low, let high):
            low > 0 && high.isFinite && low <= high
                ? nil : "logUniform needs finite bounds with 0 < low <= high, not \(low) and \(high)"
        case .normal(let mean, let standardDeviation):
            mean.isFinite && standardDeviation.isFinite && standardDeviation >= 0
                ? nil
                : "normal needs a finite mean and a finite standardDeviation >= 0, not \(mean) and \(standardDeviation)"
        case .randint(let low, let high):
            low <= high ? nil : "randint needs low <= high, not \(low) and \(high)"
        case .categorical(let choices, let weights):
            if let weights {
                Self.violation(ofWeights: weights, choices: choices.count)
            } else {
                choices.isEmpty ? "categorical needs at least one choice" : nil
            }
        }
    }

    private static func violation(ofWeights weights: [Double], choices: Int) -> String? {
        guard weights.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            return "categorical needs finite weights >= 0, not \(weights)"
        }
        let sum = weights.reduce(0, +)
        guard sum > 0, sum.isFinite else {
            return "categorical needs weights with a finite sum above 0, not \(sum)"
        }
        return weights.count == choices
            ? nil : "categorical needs a weight per choice, not \(weights.count) weights and \(choices) choices"
    }
}

// The text of a distribution, which is recorded beside the value: `logUniform 1e-05 0.1`.
extension Distribution {
    /// The name of the distribution and its arguments, separated by one space. Choices and weights are JSON arrays.
    package var text: String {
        switch self {
        case .uniform(let low, let high): "uniform \(Number.text(of: low)) \(Number.text(of: high))"
        case .logUniform(let low, let high): "logUniform \(Number.text(of: low)) \(Number.text(of: high))"
        case .normal(let mean, let deviation): "normal \(Number.text(of: mean)) \(Number.text(of: deviation))"
        case .randint(let low, let high): "randint \(low) \(high)"
        case .categorical(let choices, let weights):
            "categorical \(JSON.text(of: .array(choices)))"
                + (weights.map { " \(JSON.text(of: .array($0.map(Value.number))))" } ?? "")
        }
    }

    /// Parses a text.
    ///
    /// - Returns: nil for a text that is no distribution, or one from which nothing can be drawn.
    package init?(text: String) {
        guard let end = text.utf8.firstIndex(of: UInt8(ascii: " ")) else { return nil }
        let kind = text[..<end]
        let arguments = String(text[text.utf8.index(after: end)...])
        if kind == "categorical" {
            guard let categorical = Self.categorical(arguments) else { return nil }
            self = categorical
        } else {
            let numbers = arguments.split(separator: " ", omittingEmptySubsequences: false).map {
                Number(text: String($0))
            }
            guard numbers.count == 2, let first = numbers[0], let second = numbers[1] else { return nil }
            switch kind {
            case "uniform": self = .uniform(low: first.value, high: second.value)
            case "logUniform": self = .logUniform(low: first.value, high: second.value)
            case "normal": self = .normal(mean: first.value, standardDeviation: second.value)
            case "randint":
                guard let low = Self.integer(first), let high = Self.integer(second) else { return nil }
                self = .randint(low: low, high: high)
            default: return nil
            }
        }
        guard violation == nil else { return nil }
    }

    private static func integer(_ number: Number) -> Int? { Int(number.text) ?? Int(exactly: number.value) }

    /// Parses `["linear","adaptive"] [0.8,0.2]`, where the weights are optional.
    private static func categorical(_ text: String) -> Distribution? {
        if case .array(let choices)? = Value(json: text) { return .categorical(choices: choices, weights: nil) }
        // The weights are an array of numbers, which has no other bracket.
        guard let end = text.index(ofLast: "] [") else { return nil }
        let rest = text.utf8.index(end, offsetBy: 2)
        guard case .array(let choices)? = Value(json: String(text[...end])),
            case .array(let values)? = Value(json: String(text[rest...]))
        else { return nil }
        var weights: [Double] = []
        for value in values {
            switch value {
            case .integer(let weight): weights.append(Double(weight))
            case .number(let weight): weights.append(weight)
            case .largeInteger(let digits): weights.append(Double(digits) ?? .nan)
            default: return nil
            }
        }
        return .categorical(choices: choices, weights: weights)
    }
}

extension String {
    /// Returns the position of the first character of the last occurrence of an ASCII text; nil without one.
    fileprivate func index(ofLast text: StaticString) -> String.Index? {
        let pattern = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        var start = utf8.endIndex
        while start > utf8.startIndex {
            start = utf8.index(before: start)
            if utf8[start...].starts(with: pattern) { return start }
        }
        return nil
    }
}
