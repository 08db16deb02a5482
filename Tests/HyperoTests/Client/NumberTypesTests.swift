import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("Channels, numbers and choices that are known at run time only")
struct NumberTypesTests {
    private let fixture: ClientFixture
    private let client: Client
    private let experiment: Experiment

    init() throws {
        fixture = try ClientFixture()
        client = try fixture.client()
        experiment = Hypero(client).battery("b").experiment()
    }

    /// Returns the fields of the events after the start, without those that all events share.
    private func recorded() throws -> [[String]] {
        try client.renderedEntries().dropFirst(2).map { entry in
            entry.fields.dropFirst(6).map { "\($0[0])=\($0[1])" }
        }
    }

    @Test func `Rows are recorded from literals, dictionaries, pairs and sequences of any numbers`() throws {
        let (names, float, double, integer) = (["a", "b"], 0.1 as Float, 0.1, 3)
        experiment.log(epoch: 1, ["a": 0.5, "b": 1])
        experiment.log(epoch: 2, ["a": float])
        experiment.log(epoch: 3, ["a": double] as [String: Double])
        experiment.log(epoch: 4, ["a": integer])
        experiment.log(epoch: 5, [("b", double), ("a", 2)])
        experiment.log(epoch: 6, [("b", UInt8(1)), ("a", 2)])
        experiment.log(epoch: 7, zip(names, [float, .nan]))
        experiment.log(epoch: 8, train: float, valid: 1)
        experiment.log(epoch: 9, test: integer)
        experiment.log(epoch: 10, train: 1, valid: .infinity)
        experiment.log(epoch: 11, valid: Float16(0.25))
        experiment.log(epoch: 12, ["a": Float.infinity])
        #expect(
            try recorded() == [
                ["epoch=1", "curve.a=0.5", "curve.b=1"], ["epoch=2", "curve.a=0.1"], ["epoch=3", "curve.a=0.1"],
                ["epoch=4", "curve.a=3"], ["epoch=5", "curve.b=0.1", "curve.a=2"],
                ["epoch=6", "curve.b=1", "curve.a=2"], ["epoch=7", "curve.a=0.1", "curve.b=nan"],
                ["epoch=8", "curve.train=0.1", "curve.valid=1"], ["epoch=9", "curve.test=3"],
                ["epoch=10", "curve.train=1", "curve.valid=inf"], ["epoch=11", "curve.valid=0.25"],
                ["epoch=12", "curve.a=inf"],
            ])
        #expect(client.counters.dropped.total == 0)
    }

    @Test func `Maxima and curves are recorded from dictionaries, pairs and any numbers`() throws {
        let float: Float = 0.1
        experiment.updateMaxima(epoch: 3, ["a": float] as [String: Float])
        experiment.updateMaxima([("a", 7)])
        experiment.updateMaxima(valid: float, epoch: 2)
        experiment.updateLearningCurve(valid: [float, 2])
        experiment.updateLearningCurve(first: 0, ["a": [1, 2, 3]] as [String: [Int]])
        experiment.updateLearningCurve([("b", [float]), ("a", [1])])
        #expect(
            try recorded() == [
                ["epoch=3", "max.a=0.1"], ["max.a=7"], ["epoch=2", "max.valid=0.1"], ["curve.valid=0.1 2"],
                ["first=0", "curve.a=1 2 3"], ["curve.b=0.1", "curve.a=1"],
            ])
    }

    @Test func `Choices of any type are drawn, recorded and returned`() throws {
        let sizes = [16, 32, 64]
        let size: Int = experiment.categorical("bs", sizes)
        let weighted: Int = experiment.categorical("depth", [(2, 0.0), (3, 1.0)])
        let weights = ["adam": 0.0, "sgd": 1.0]
        let named: String = experiment.categorical("optimizer", weights)
        let literal: String = experiment.categorical("decay", ["linear": 0, "adaptive": 1])
        #expect(sizes.contains(size) && weighted == 3 && named == "sgd" && literal == "adaptive")
        #expect(
            try recorded() == [
                ["param.bs=\(size)", "space.bs=categorical [16,32,64]"],
                ["param.depth=3", "space.depth=categorical [2,3] [0,1]"],
                ["param.optimizer=sgd", "space.optimizer=categorical [\"adam\",\"sgd\"] [0,1]"],
                ["param.decay=adaptive", "space.decay=categorical [\"linear\",\"adaptive\"] [0,1]"],
            ])
        var counts: [Int: Int] = [:]
        for name in 0..<3_000 { counts[experiment.categorical("bs \(name)", sizes), default: 0] += 1 }
        // 1,000 is expected of each. The seed of the fixture is fixed.
        #expect(sizes.allSatisfy { (900...1_100).contains(counts[$0] ?? 0) }, "\(counts)")
    }

    @Test func `The weights of a dictionary give the same draws in every process`() throws {
        let names = (0..<20).map { "choice \($0)" }
        let first = Dictionary(uniqueKeysWithValues: names.map { ($0, 1.0) })
        let second = Dictionary(uniqueKeysWithValues: names.reversed().map { ($0, 1.0) })
        func draws(_ weights: [String: Double]) throws -> [String] {
            let experiment = Hypero(try fixture.client()).battery("b").experiment()
            return (0..<50).map { experiment.categorical("x\($0)", weights) }
        }
        #expect(try draws(first) == draws(second))
    }

    @Test func `A sampled hyper-parameter is recorded with its distribution, an inserted one without`() throws {
        _ = experiment.uniform("u", 0, 0.5)
        _ = experiment.logUniform("l", 0.00001, 0.1)
        _ = experiment.normal("n", mean: 600, standardDeviation: 200)
        _ = experiment.randint("r", 1, 7)
        experiment.insertHP("i", 1)
        let spaces = try recorded().map { $0.dropFirst().joined(separator: " ") }
        #expect(
            spaces == [
                "space.u=uniform 0 0.5", "space.l=logUniform 1e-05 0.1", "space.n=normal 600 200",
                "space.r=randint 1 7",
                "",
            ])
    }

    @Test func `A distribution that is too long is left out, and the value is recorded`() throws {
        let choice = experiment.categorical("x", (0..<20_000).map { $0 })
        #expect(try recorded() == [["param.x=\(choice)"]])
    }

    @Test func `Integers beyond the range of Int keep their digits`() throws {
        experiment.insertHP("seed", UInt64(10_451_216_379_200_822_465))
        experiment.insertHP("max", UInt64.max)
        #expect(try recorded() == [["param.seed=10451216379200822465"], ["param.max=18446744073709551615"]])
    }
}
