import HyperoSchema
import TestSupport
import Testing

@testable import HyperoSearch

@Suite("Suggestions of the tree-structured Parzen estimator")
struct TPESamplerTests {
    private static let optimizers = Distribution.categorical(
        choices: ["sgd", "adam", "lion"].map(Value.string), weights: [0.25, 0.5, 0.25])
    private static let space: [(name: String, distribution: Distribution)] = [
        ("lr", .logUniform(low: 1e-5, high: 0.1)), ("dropout", .uniform(low: 0, high: 0.5)),
        ("depth", .randint(low: 1, high: 7)), ("saturate", .normal(mean: 600, standardDeviation: 200)),
        ("optimizer", optimizers),
    ]

    /// A search whose value is the distance of the dropout from 0.1.
    private static func history(
        _ count: Int, direction: Direction = .min, space: [(name: String, distribution: Distribution)] = space
    ) -> SearchHistory {
        var history = SearchHistory(direction: direction)
        for trial in trials(count, space: space) { history.record(trial) }
        return history
    }

    private static func trials(
        _ count: Int, space: [(name: String, distribution: Distribution)] = space
    ) -> [PastTrial] {
        (0..<count).map { number in
            let sampler = PriorSampler(seed: 1, trial: UInt64(number))
            let parameters = space.map { name, distribution in
                PastTrial.Parameter(name, distribution, sampler.value(of: name, from: distribution))
            }
            guard case .number(let dropout) = sampler.value(of: "dropout", from: .uniform(low: 0, high: 0.5)) else {
                return PastTrial(number: number, .running, [])
            }
            return PastTrial(number: number, .finished(value: abs(dropout - 0.1)), parameters)
        }
    }

    private func values(_ sampler: TPESampler) -> [DrawnValue] {
        Self.space.map { sampler.value(of: $0.name, from: $0.distribution) }
    }

    @Test func `The first ten trials are drawn from the distributions`() {
        let prior = PriorSampler(seed: 4, trial: 9)
        let expected = Self.space.map { prior.value(of: $0.name, from: $0.distribution) }
        #expect(values(TPESampler(seed: 4, trial: 9, history: Self.history(0))) == expected)
        #expect(values(TPESampler(seed: 4, trial: 9, history: Self.history(9))) == expected)
        #expect(values(TPESampler(seed: 4, trial: 9, history: Self.history(10))) != expected)
    }

    @Test func `A suggestion depends on the seed, the trial, the history and the name only`() {
        let history = Self.history(60)
        let sampler = TPESampler(seed: 4, trial: 60, history: history)
        let expected = values(sampler)
        #expect(values(sampler) == expected)
        #expect(values(TPESampler(seed: 4, trial: 60, history: history)) == expected)
        let reversed = Self.space.reversed().map { sampler.value(of: $0.name, from: $0.distribution) }
        #expect(reversed.reversed() == expected)
        #expect(values(TPESampler(seed: 5, trial: 60, history: history)) != expected)
        #expect(values(TPESampler(seed: 4, trial: 61, history: history)) != expected)
        #expect(values(TPESampler(seed: 4, trial: 60, history: Self.history(61))) != expected)
    }

    @Test func `The order of the past trials and of their hyper-parameters has no effect`() {
        var generator = SeededGenerator(seed: 8)
        let expected = values(TPESampler(seed: 4, trial: 60, history: Self.history(60)))
        for _ in 0..<3 {
            var history = SearchHistory(direction: .min)
            for var trial in Self.trials(60).shuffled(using: &generator) {
                trial.parameters.shuffle(using: &generator)
                history.record(trial)
            }
            #expect(values(TPESampler(seed: 4, trial: 60, history: history)) == expected)
        }
    }

    /// Returns the dropouts of the suggestions for 50 trials.
    private func dropouts(_ history: SearchHistory, avoidsRunning: Bool = false) -> [Double] {
        (0..<UInt64(50)).compactMap { trial in
            let sampler = TPESampler(seed: 2, trial: trial, history: history, avoidsRunning: avoidsRunning)
            guard case .number(let dropout) = sampler.value(of: "dropout", from: .uniform(low: 0, high: 0.5)) else {
                return nil
            }
            return dropout
        }
    }

    @Test func `Suggestions are near the best values, in both directions of the objective`() {
        let low = dropouts(Self.history(100)).sorted()
        #expect(abs(low[25] - 0.1) < 0.03 && low.count == 50)
        // The distance from 0.1 is largest at 0.5.
        #expect(dropouts(Self.history(100, direction: .max)).sorted()[25] > 0.42)
    }

    @Test func `Suggestions differ from trials that are running, on request`() {
        var history = Self.history(40)
        let runs = dropouts(history)
        for number in 0..<200 {
            let parameter = PastTrial.Parameter("dropout", .uniform(low: 0, high: 0.5), .number(0.1))
            let others = Self.space.filter { $0.name != "dropout" }.map {
                PastTrial.Parameter(
                    $0.name, $0.distribution,
                    PriorSampler(seed: 9, trial: UInt64(number)).value(of: $0.name, from: $0.distribution))
            }
            history.record(PastTrial(number: 100 + number, .running, others + [parameter]))
        }
        #expect(dropouts(history) == runs)
        func distance(_ dropouts: [Double]) -> Double { dropouts.map { abs($0 - 0.1) }.sorted()[25] }
        #expect(distance(dropouts(history, avoidsRunning: true)) > distance(runs))
    }

    @Test func `A name that only some trials have is suggested from these`() {
        let momentum = Distribution.uniform(low: 0, high: 1)
        var history = SearchHistory(direction: .min)
        for var trial in Self.trials(60) {
            if trial.number.isMultiple(of: 2) {
                let value = PriorSampler(seed: 3, trial: UInt64(trial.number)).uniform("momentum", low: 0, high: 1)
                trial.parameters.append(PastTrial.Parameter("momentum", momentum, .number(value)))
                trial.outcome = .finished(value: abs(value - 0.9))
            } else {
                trial.outcome = .finished(value: 10)
            }
            history.record(trial)
        }
        let values = (0..<UInt64(50)).compactMap { trial -> Double? in
            let sampler = TPESampler(seed: 2, trial: trial, history: history)
            guard case .number(let value) = sampler.value(of: "momentum", from: momentum) else { return nil }
            return value
        }
        #expect(abs(values.sorted()[25] - 0.9) < 0.08 && values.count == 50)
    }

    @Test func `A name that no trial has is drawn from its distribution`() {
        let sampler = TPESampler(seed: 4, trial: 60, history: Self.history(60))
        let distribution = Distribution.uniform(low: 0, high: 1)
        #expect(
            sampler.value(of: "new", from: distribution)
                == PriorSampler(seed: 4, trial: 60).value(of: "new", from: distribution))
    }

    @Test(arguments: [
        Distribution.uniform(low: 0.05, high: 0.2), .uniform(low: 0, high: 0.45), .logUniform(low: 0.01, high: 0.4),
    ])
    func `After a change of bounds, past values between the new bounds count`(distribution: Distribution) {
        let history = Self.history(100)
        let values = (0..<UInt64(50)).compactMap { trial -> Double? in
            let sampler = TPESampler(seed: 2, trial: trial, history: history)
            guard case .number(let value) = sampler.value(of: "dropout", from: distribution) else { return nil }
            return value
        }
        #expect(abs(values.sorted()[25] - 0.1) < 0.05 && values.count == 50)
    }

    @Test func `A name with equal text and other bytes is another hyper-parameter`() {
        let space: [(name: String, distribution: Distribution)] = [("\u{e9}", .uniform(low: 0, high: 1))]
        let sampler = TPESampler(seed: 4, trial: 60, history: Self.history(60, space: space))
        let distribution = Distribution.uniform(low: 0, high: 1)
        #expect(
            sampler.value(of: "e\u{301}", from: distribution)
                == PriorSampler(seed: 4, trial: 60).value(of: "e\u{301}", from: distribution))
    }
}
