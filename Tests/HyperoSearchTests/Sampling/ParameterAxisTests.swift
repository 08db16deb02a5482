import HyperoSchema
import Testing

@testable import HyperoSearch

@Suite("The axes of hyper-parameters")
struct ParameterAxisTests {
    @Test(arguments: [
        Distribution.uniform(low: 0, high: 1), .uniform(low: -1e308, high: 1e308), .uniform(low: 1e-300, high: 3e-300),
        .uniform(low: -.greatestFiniteMagnitude, high: .greatestFiniteMagnitude), .uniform(low: 1, high: 1.0.nextUp),
        .logUniform(low: 1e-5, high: 0.1), .logUniform(low: .leastNonzeroMagnitude, high: .greatestFiniteMagnitude),
        .randint(low: 1, high: 2), .randint(low: Int.max - 2, high: Int.max), .randint(low: Int.min, high: Int.max),
        .randint(low: Int.min, high: Int.min + 1), .randint(low: -5, high: Int.max),
        .categorical(choices: [.bool(false), .bool(true)], weights: nil),
    ])
    func `Coordinates have values within the bounds, and their values have the same coordinates`(
        distribution: Distribution
    ) throws {
        let axis = try #require(ParameterAxis(distribution))
        for coordinate in [-1e300, -1, -0.1, 0, 1e-17, 0.3, 0.5, 0.999_999, 1.0.nextDown, 1, 1.5, 2, 1e300] {
            let value = axis.value(at: coordinate)
            let back = try #require(axis.coordinate(of: value, from: distribution), "\(value)")
            let again = axis.value(at: back)
            // An interval of two doubles has no value in between.
            #expect(axis.coordinate(of: again, from: distribution).map { abs($0 - back) < 1e-9 } == true, "\(value)")
            if case .integer(let integer) = value, integer.magnitude < 1 << 50 { #expect(again == value) }
            if case .choice = value { #expect(again == value) }
        }
    }

    @Test(arguments: [
        Distribution.uniform(low: 3, high: 3), .uniform(low: 0, high: .leastNonzeroMagnitude),
        .logUniform(low: 2, high: 2), .normal(mean: 1, standardDeviation: 0), .randint(low: 7, high: 7),
        .categorical(choices: [.null], weights: nil), .categorical(choices: [.null, .bool(true)], weights: [0, 1]),
        // Nothing can be drawn from these.
        .uniform(low: 1, high: 0), .uniform(low: .nan, high: 1), .logUniform(low: 0, high: 1),
        .normal(mean: 0, standardDeviation: .infinity), .randint(low: 2, high: 1),
        .categorical(choices: [], weights: nil), .categorical(choices: [.null, .bool(true)], weights: [1, 1, 1]),
        .categorical(choices: [.null, .bool(true)], weights: [.nan, 1]),
    ])
    func `A distribution of one value or none has no axis`(distribution: Distribution) {
        #expect(ParameterAxis(distribution) == nil)
    }

    @Test(arguments: [
        (Distribution.uniform(low: 0, high: 1), DrawnValue.number(2)), (.uniform(low: 0, high: 1), .number(.nan)),
        (.uniform(low: 0, high: 1), .number(-.infinity)), (.uniform(low: 0, high: 1), .choice(0)),
        (.logUniform(low: 1, high: 2), .number(0)), (.logUniform(low: 1, high: 2), .number(-1)),
        (.normal(mean: 0, standardDeviation: 1), .number(.infinity)),
        (.normal(mean: 0, standardDeviation: 1e-300), .number(1e300)),
        (.randint(low: 1, high: 4), .integer(5)), (.randint(low: 1, high: 4), .number(2.5)),
        (.randint(low: 1, high: 4), .number(.nan)), (.randint(low: 1, high: 4), .number(1e300)),
        (.categorical(choices: [.null, .bool(true)], weights: nil), .choice(2)),
        (.categorical(choices: [.null, .bool(true)], weights: nil), .choice(-1)),
        (.categorical(choices: [.null, .bool(true)], weights: nil), .number(0)),
        (.categorical(choices: [.null, .bool(true), .integer(1)], weights: [0, 1, 1]), .choice(0)),
    ])
    func `A value that the axis has not has no coordinate`(distribution: Distribution, value: DrawnValue) throws {
        let axis = try #require(ParameterAxis(distribution))
        #expect(axis.coordinate(of: value, from: distribution) == nil)
    }

    @Test func `A value of other bounds or choices has the coordinate of the same value`() throws {
        let narrow = try #require(ParameterAxis(.uniform(low: 0, high: 1)))
        #expect(narrow.coordinate(of: .number(0.5), from: .uniform(low: 0, high: 2)) == 0.5)
        #expect(narrow.coordinate(of: .number(1.5), from: .uniform(low: 0, high: 2)) == nil)
        #expect(narrow.coordinate(of: .integer(1), from: .randint(low: 0, high: 2)) == 1)
        let cells = try #require(ParameterAxis(.randint(low: 0, high: 9)))
        #expect(cells.coordinate(of: .number(4), from: .uniform(low: 0, high: 9)) == 0.45)
        let choices = try #require(
            ParameterAxis(.categorical(choices: [.string("sgd"), .string("adam")], weights: nil)))
        let others = Distribution.categorical(choices: ["adam", "lion", "sgd"].map(Value.string), weights: nil)
        #expect((0..<3).map { choices.coordinate(of: .choice($0), from: others) } == [1, nil, 0])
        #expect(choices.coordinate(of: .choice(0), from: .uniform(low: 0, high: 1)) == nil)
    }
}
