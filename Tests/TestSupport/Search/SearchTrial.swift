package import HyperoSchema
package import HyperoSearch

/// A trial of a ``SearchProblem``, which records the hyper-parameters that were drawn.
package struct SearchTrial {
    package let number: Int
    package private(set) var parameters: [PastTrial.Parameter] = []
    private let draw: (String, Distribution) -> DrawnValue

    package init(number: Int, draw: @escaping (String, Distribution) -> DrawnValue) {
        self.number = number
        self.draw = draw
    }

    package mutating func uniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        number(name, .uniform(low: low, high: high))
    }

    package mutating func logUniform(_ name: String, _ low: Double, _ high: Double) -> Double {
        number(name, .logUniform(low: low, high: high))
    }

    package mutating func randint(_ name: String, _ low: Int, _ high: Int) -> Int {
        guard case .integer(let integer) = value(of: name, .randint(low: low, high: high)) else { return low }
        return integer
    }

    package mutating func choice(_ name: String, _ choices: [String]) -> String {
        let distribution = Distribution.categorical(choices: choices.map(Value.string), weights: nil)
        guard case .choice(let index) = value(of: name, distribution) else { return choices[0] }
        return choices[index]
    }

    private mutating func number(_ name: String, _ distribution: Distribution) -> Double {
        guard case .number(let number) = value(of: name, distribution) else { return .nan }
        return number
    }

    private mutating func value(of name: String, _ distribution: Distribution) -> DrawnValue {
        let value = draw(name, distribution)
        parameters.append(PastTrial.Parameter(name, distribution, value))
        return value
    }
}
