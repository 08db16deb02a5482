import HyperoSchema
import HyperoSearch
import TestSupport
import Testing

/// Past trials that no correct program records. A suggestion must be within its distribution, whatever they are.
@Suite("Suggestions from hostile past trials")
struct HostileHistoryTests {
    private static let numbers: [Double] = [
        0, -0.0, 1, 0.5, -1, 1e308, -1e308, 1e-308, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
        -.greatestFiniteMagnitude, .nan, .infinity, -.infinity, 3, 2.5,
    ]
    private static let integers = [0, 1, -1, 3, Int.min, Int.max, Int.max - 1, 1 << 53]
    private static let choices: [Value] = ["a", "b", "", "é"].map(Value.string) + [.null, .number(.nan), .array([])]

    private static func distribution(_ generator: inout SeededGenerator) -> Distribution {
        switch generator.next() % 5 {
        case 0: .uniform(low: generator.pick(numbers), high: generator.pick(numbers))
        case 1: .logUniform(low: generator.pick(numbers), high: generator.pick(numbers))
        case 2: .normal(mean: generator.pick(numbers), standardDeviation: generator.pick(numbers))
        case 3: .randint(low: generator.pick(integers), high: generator.pick(integers))
        default:
            .categorical(
                choices: (0..<generator.next() % 4).map { _ in generator.pick(choices) },
                weights: generator.chance(50) ? nil : (0..<generator.next() % 4).map { _ in generator.pick(numbers) })
        }
    }

    private static func value(_ generator: inout SeededGenerator) -> DrawnValue {
        switch generator.next() % 3 {
        case 0: .number(generator.pick(numbers))
        case 1: .integer(generator.pick(integers))
        default: .choice(generator.pick(integers))
        }
    }

    private static func outcome(_ generator: inout SeededGenerator) -> PastTrial.Outcome {
        switch generator.next() % 4 {
        case 0: .running
        case 1: .stopped(epoch: generator.pick(integers), value: generator.pick(numbers))
        default: .finished(value: generator.pick(numbers))
        }
    }

    private static func isWithin(_ distribution: Distribution, _ value: DrawnValue) -> Bool {
        switch (distribution, value) {
        case (.uniform(let low, let high), .number(let number)), (.logUniform(let low, let high), .number(let number)):
            low <= number && number <= high
        case (.normal, .number(let number)): !number.isNaN
        case (.randint(let low, let high), .integer(let integer)): low <= integer && integer <= high
        case (.categorical(let choices, let weights), .choice(let index)):
            choices.indices.contains(index) && weights?[index] != 0
        default: false
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `A suggestion is within its distribution, and the same again`(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var history = SearchHistory(direction: generator.chance(50) ? .min : .max)
        let names = ["a", "b", "", "\0", "é"]
        // Half of the histories have a few distributions only, so that hyper-parameters are common.
        let few = (0..<3).map { _ in Self.distribution(&generator) }
        let hasFew = generator.chance(50)
        var asked = few
        for _ in 0..<60 {
            var parameters: [PastTrial.Parameter] = []
            for name in names where generator.chance(90) {
                let distribution = hasFew ? few[name.utf8.count % 3] : Self.distribution(&generator)
                if generator.chance(2) { asked.append(distribution) }
                parameters.append(PastTrial.Parameter(name, distribution, Self.value(&generator)))
            }
            let number =
                generator.chance(90) ? Int.random(in: 0..<200, using: &generator) : generator.pick(Self.integers)
            history.record(PastTrial(number: number, Self.outcome(&generator), parameters))
        }
        for _ in 0..<5 { asked.append(Self.distribution(&generator)) }
        for avoidsRunning in [false, true] {
            let sampler = TPESampler(seed: seed, trial: .max, history: history, avoidsRunning: avoidsRunning)
            for distribution in asked where distribution.violation == nil {
                for name in names + ["new"] {
                    let value = sampler.value(of: name, from: distribution)
                    #expect(Self.isWithin(distribution, value), "\(value) of \(distribution)")
                    #expect(sampler.value(of: name, from: distribution) == value)
                }
            }
        }
    }

    @Test func `Equal trials leave a choice`() {
        var history = SearchHistory(direction: .min)
        let distribution = Distribution.uniform(low: 0, high: 1)
        for number in 0..<100 {
            let parameter = PastTrial.Parameter("x", distribution, .number(0.5))
            history.record(PastTrial(number: number, .finished(value: 1), [parameter]))
        }
        let values = Set(
            (0..<20).map { TPESampler(seed: 1, trial: $0, history: history).value(of: "x", from: distribution) })
        #expect(values.count == 20)
    }
}
