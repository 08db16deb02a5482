import HyperoSchema
import HyperoSearch
import Testing

@Suite("Entries of the history of a search")
struct PastTrialEntryTests {
    private static let spaces: [ExactText: Distribution] = [
        ExactText("lr"): .logUniform(low: 1e-5, high: 0.1), ExactText("depth"): .randint(low: 1, high: 4),
        ExactText("act"): .categorical(choices: [.string("relu"), .string("tanh")], weights: nil),
    ]

    private static func trial(_ fields: (String, String)...) -> PastTrial? {
        PastTrial(entry: fields.map { (name: $0.0, value: $0.1) }, spaces: spaces)
    }

    @Test func `An ended trial has its value and the hyper-parameters whose distributions are known`() throws {
        let trial = try #require(
            Self.trial(
                ("trial", "7"), ("attempt", "1"), ("status", "done"), ("value", "0.25"), ("epoch", "3"), ("last", "9"),
                ("param.lr", "0.01"), ("param.depth", "2"), ("param.act", "tanh"), ("param.seed", "17")))
        #expect(trial.number == 7 && trial.outcome == .finished(value: 0.25))
        #expect(
            trial.parameters == [
                PastTrial.Parameter("lr", .logUniform(low: 1e-5, high: 0.1), .number(0.01)),
                PastTrial.Parameter("depth", .randint(low: 1, high: 4), .integer(2)),
                PastTrial.Parameter("act", Self.spaces[ExactText("act")]!, .choice(1)),
            ])
    }

    @Test func `A distribution of its own replaces that of the search`() throws {
        let trial = try #require(
            Self.trial(
                ("trial", "1"), ("status", "done"), ("value", "1"), ("param.lr", "0.5"), ("space.lr", "uniform 0.0 1.0")
            ))
        #expect(trial.parameters == [PastTrial.Parameter("lr", .uniform(low: 0, high: 1), .number(0.5))])
    }

    @Test func `A stopped trial has its last epoch`() {
        #expect(
            Self.trial(("trial", "1"), ("status", "stopped"), ("value", "2"), ("epoch", "3"), ("last", "9"))?.outcome
                == .stopped(epoch: 9, value: 2))
    }

    @Test(arguments: [
        [("status", "done")], [("trial", "1")], [("trial", "x"), ("status", "done")],
        [("trial", "1"), ("status", "failed")],
        [("trial", "1"), ("status", "lost")], [("trial", "1"), ("status", "odd")],
    ])
    func `A trial that has failed, is lost or is malformed teaches nothing`(fields: [(String, String)]) {
        #expect(PastTrial(entry: fields.map { (name: $0.0, value: $0.1) }, spaces: [:]) == nil)
    }

    @Test func `A value that the distribution cannot have drawn is left out`() throws {
        let trial = try #require(
            Self.trial(
                ("trial", "1"), ("status", "done"), ("value", "nan"), ("param.lr", "0.5"), ("param.depth", "2.5"),
                ("param.act", "gelu")))
        #expect(trial.parameters.isEmpty)
        guard case .finished(let value) = trial.outcome else { return #expect(Bool(false)) }
        #expect(value.isNaN)
    }

    @Test func `Recorded values of each distribution are read back`() {
        #expect(DrawnValue(.integer(1), from: .uniform(low: 0, high: 1)) == .number(1))
        #expect(DrawnValue(.number(2), from: .uniform(low: 0, high: 1)) == nil)
        #expect(DrawnValue(.string("nan"), from: .normal(mean: 0, standardDeviation: 1)) == nil)
        #expect(DrawnValue(.number(-3.5), from: .normal(mean: 0, standardDeviation: 1)) == .number(-3.5))
        #expect(DrawnValue(.number(3), from: .randint(low: 1, high: 4)) == .integer(3))
        #expect(DrawnValue(.integer(5), from: .randint(low: 1, high: 4)) == nil)
        let choices = Distribution.categorical(
            choices: [.integer(16), .bool(true), .string("16")], weights: [1, 1, 0])
        #expect(DrawnValue(.integer(16), from: choices) == .choice(0))
        #expect(DrawnValue(.bool(true), from: choices) == .choice(1))
        #expect(DrawnValue(.string("16"), from: choices) == nil)
    }
}
