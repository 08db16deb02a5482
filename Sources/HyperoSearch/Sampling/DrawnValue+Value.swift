package import HyperoSchema

extension DrawnValue {
    /// Creates the value that a distribution may have drawn; nil if the distribution cannot draw it.
    ///
    /// - Parameters:
    ///   - value: The recorded value.
    ///   - distribution: The distribution, with valid arguments.
    package init?(_ value: Value, from distribution: Distribution) {
        switch distribution {
        case .uniform(let low, let high), .logUniform(let low, let high):
            guard let number = value.double, (low...high).contains(number) else { return nil }
            self = .number(number)
        case .normal:
            guard let number = value.double, number.isFinite else { return nil }
            self = .number(number)
        case .randint(let low, let high):
            let integer: Int?
            switch value {
            case .integer(let value): integer = value
            case .number(let value): integer = Int(exactly: value)
            default: integer = nil
            }
            guard let integer, (low...high).contains(integer) else { return nil }
            self = .integer(integer)
        case .categorical(let choices, let weights):
            let index = choices.indices.first { index in
                choices[index].text.hasSameBytes(as: value.text) && (weights?[index] ?? 1) > 0
            }
            guard let index else { return nil }
            self = .choice(index)
        }
    }
}

extension Value {
    fileprivate var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .largeInteger(let digits): Double(digits)
        case .number(let value): value
        default: nil
        }
    }
}
