import HyperoSearch
import TestSupport
import Testing

@Suite struct ImportanceTests {
    /// Experiments with f = 4a + 2b + c + 0d, where a, b, c and d are uniform in 0..<1 and have a recorded distribution.
    private static func linear(_ count: Int, seed: UInt64, sign: Double = 1) -> ImportanceData {
        let scale = ParameterScale(distribution: "uniform 0 1")
        var data = ImportanceData(parameters: ["a", "b", "c", "d"].map { ParameterValues($0, scales: [scale]) })
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<count {
            let x = (0..<4).map { _ in Double(generator.next() >> 11) * 0x1p-53 }
            data.append(objective: sign * (4 * x[0] + 2 * x[1] + x[2]), values: x.map { "\($0)" })
        }
        return data
    }

    private static func shares(of importance: Importance) -> [String: Double] {
        Dictionary(uniqueKeysWithValues: importance.parameters.map { ($0.name, $0.share ?? .nan) })
    }

    @Test(arguments: [(1_000, true), (1_000, false), (10_000, true)])
    func `The shares of a linear function are those that PED-ANOVA has for it, in both directions`(
        count: Int, lowestIsBest: Bool
    ) throws {
        // One sample of 1,000 has a standard deviation of 0.04, so 20 samples are averaged. The reference is the mean of the same
        // samples by the implementation of ReferenceSample.
        let reference =
            count == 1_000
            ? ["a": 0.7334, "b": 0.2216, "c": 0.0418, "d": 0.0031]
            : ["a": 0.7206, "b": 0.2311, "c": 0.0475, "d": 0.0008]
        var mean: [String: Double] = [:]
        for seed in 1...20 {
            let data = Self.linear(count, seed: UInt64(seed), sign: lowestIsBest ? 1 : -1)
            let shares = Self.shares(of: Importance(of: data, lowestIsBest: lowestIsBest))
            for (name, share) in shares { mean[name, default: 0] += share / 20 }
        }
        for (name, expected) in reference { #expect(abs(mean[name]! - expected) < 0.0001, "\(mean)") }
        // The known answer.
        #expect(abs(mean["a"]! - 0.75) < 0.03 && abs(mean["b"]! - 0.21) < 0.03)
        #expect(abs(mean["c"]! - 0.035) < 0.02 && mean["d"]! < 0.02)
    }

    @Test func `The shares of a sample are those of the reference implementation in numpy`() throws {
        let importance = Importance(of: ReferenceSample.data, lowestIsBest: true)
        let shares = Self.shares(of: importance)
        for (name, expected) in ReferenceSample.shares {
            #expect(abs(shares[name]! - expected) < 1e-9, "\(name): \(shares[name]!) and \(expected)")
        }
        #expect(importance.count == ReferenceSample.count && importance.bestCount == 30)
    }

    @Test func `Chance explains the share of a useless hyper-parameter and not that of an important one`() throws {
        let importance = Importance(of: Self.linear(1_000, seed: 7), lowestIsBest: true)
        let above = importance.parameters.filter(\.isAboveChance).map(\.name)
        #expect(above.starts(with: ["a", "b"]) && !above.contains("d"), "\(importance.parameters)")
    }

    @Test(arguments: [false, true])
    func `A conditional hyper-parameter that changes nothing has a share below 0.03`(isInBestHalf: Bool) throws {
        let uniform = ParameterScale(distribution: "uniform 0 1")
        var data = ImportanceData(
            parameters: ["a", "b", "optional"].map { ParameterValues($0, scales: [uniform]) })
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            let x = (0..<3).map { _ in Double.random(in: 0..<1, using: &generator) }
            // Its presence may depend on another hyper-parameter.
            let isPresent = isInBestHalf ? x[0] < 0.5 : x[2] < 0.5
            data.append(
                objective: 4 * x[0] + 2 * x[1],
                values: ["\(x[0])", "\(x[1])", isPresent ? "\(isInBestHalf ? x[2] : 2 * x[2])" : nil])
        }
        let shares = Self.shares(of: Importance(of: data, lowestIsBest: true))
        #expect(shares["optional"]! < 0.03, "\(shares)")
    }

    @Test func `A conditional hyper-parameter that decides where it is present has most of the importance`() throws {
        let uniform = ParameterScale(distribution: "uniform 0 1")
        var data = ImportanceData(parameters: ["momentum", "noise"].map { ParameterValues($0, scales: [uniform]) })
        var generator = SeededGenerator(seed: 12)
        for _ in 0..<2_000 {
            let x = (0..<3).map { _ in Double.random(in: 0..<1, using: &generator) }
            let isPresent = x[2] < 0.5
            data.append(objective: isPresent ? x[0] : 1.5, values: [isPresent ? "\(x[0])" : nil, "\(x[1])"])
        }
        #expect(Self.shares(of: Importance(of: data, lowestIsBest: true))["momentum"]! > 0.95)
    }

    @Test func `Words, whole numbers and a logarithmic scale are told apart by their effect`() throws {
        var data = ImportanceData(parameters: [
            ParameterValues(
                "optimizer", scales: [ParameterScale(distribution: #"categorical ["adam","sgd","rmsprop"]"#)]),
            ParameterValues("depth", scales: [ParameterScale(distribution: "randint 1 7")]),
            ParameterValues("lr", scales: [ParameterScale(distribution: "logUniform 1e-05 0.1")]),
            ParameterValues("width", scales: [nil]),
            ParameterValues("nesterov", scales: [nil]),
        ])
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<3_000 {
            let optimizer = generator.pick(["adam", "sgd", "rmsprop"])
            let depth = Int.random(in: 1...7, using: &generator)
            let exponent = Double.random(in: -5 ... -1, using: &generator)
            var lr = 1.0
            for _ in 0..<Int(-exponent * 100) { lr *= 0.977237220955811 }
            let objective =
                (optimizer == "adam" ? 3.0 : 0) - abs(exponent + 3) * 2 + Double(depth) * 0.1
            data.append(
                objective: objective,
                values: [
                    optimizer, "\(depth)", "\(lr)", "\(generator.pick([16, 32, 64]))",
                    generator.chance(50) ? "true" : "false",
                ])
        }
        let importance = Importance(of: data, lowestIsBest: false)
        #expect(Set(importance.parameters.prefix(2).map(\.name)) == ["lr", "optimizer"])
        let shares = Self.shares(of: importance)
        #expect(shares["width"]! < 0.01 && shares["nesterov"]! < 0.01, "\(shares)")
        #expect(importance.parameters.first { $0.name == "width" }?.scale == .categories(count: 3, source: ""))
    }

    @Test func `Constants and names have no share and no part in those of others`() throws {
        var data = ImportanceData(
            parameters: ["a", "bs", "commit", "absent"].map { ParameterValues($0, scales: [nil]) })
        var generator = SeededGenerator(seed: 14)
        for number in 0..<100 {
            let a = Double.random(in: 0..<1, using: &generator)
            data.append(objective: a, values: ["\(a)", "64", "commit-\(number)", nil])
        }
        let importance = Importance(of: data, lowestIsBest: true)
        #expect(importance.parameters.map(\.name) == ["a", "absent", "bs", "commit"])
        #expect(importance.parameters.map(\.share) == [1, nil, nil, nil])
        #expect(importance.parameters.map(\.finding) == [.rated, .constant, .constant, .unique])
        #expect(importance.parameters.map(\.count) == [100, 0, 100, 100])
    }

    @Test(arguments: [
        (Array(repeating: 1.0, count: 9), Importance.Limitation.tooFew),
        ([], .tooFew),
        (Array(repeating: 1.0, count: 100), .equalObjectives),
        (Array(repeating: .nan, count: 100), .tooFew),
        (Array(repeating: .infinity, count: 50) + Array(repeating: 0.5, count: 5), .tooFew),
    ])
    func `Data that cannot tell have a reason instead of shares`(
        objectives: [Double], limitation: Importance.Limitation
    ) {
        var data = ImportanceData(parameters: [ParameterValues("a", scales: [nil])])
        for (index, objective) in objectives.enumerated() { data.append(objective: objective, values: ["\(index)"]) }
        let importance = Importance(of: data, lowestIsBest: true)
        #expect(importance.limitation == limitation)
        #expect(importance.parameters.map(\.share) == [nil])
        #expect(data.nonfiniteCount == objectives.filter { !$0.isFinite }.count)
    }

    @Test func `Only constants have no difference`() {
        var data = ImportanceData(parameters: [ParameterValues("a", scales: [nil])])
        for index in 0..<100 { data.append(objective: Double(index), values: ["1"]) }
        #expect(Importance(of: data, lowestIsBest: true).limitation == .noDifference)
        #expect(Importance(of: ImportanceData(parameters: []), lowestIsBest: true).parameters.isEmpty)
    }

    @Test func `An experiment without an objective is left out and counted`() {
        var data = ImportanceData(parameters: [ParameterValues("a", scales: [nil])])
        data.append(objective: nil, values: ["1"])
        data.append(objective: .nan, values: ["1"])
        data.append(objective: 1, values: ["1"])
        #expect(data.missingCount == 1 && data.nonfiniteCount == 1 && data.objectives == [1])
    }

    @Test func `The order of experiments does not change the shares`() {
        let data = Self.linear(500, seed: 15)
        var reversed = ImportanceData(
            parameters: ["a", "b", "c", "d"].map {
                ParameterValues($0, scales: [ParameterScale(distribution: "uniform 0 1")])
            })
        var generator = SeededGenerator(seed: 15)
        let rows = (0..<500).map { _ in (0..<4).map { _ in Double(generator.next() >> 11) * 0x1p-53 } }
        for x in rows.reversed() {
            reversed.append(objective: 4 * x[0] + 2 * x[1] + x[2], values: x.map { "\($0)" })
        }
        let left = Self.shares(of: Importance(of: data, lowestIsBest: true))
        let right = Self.shares(of: Importance(of: reversed, lowestIsBest: true))
        for (name, share) in left { #expect(abs(share - right[name]!) < 1e-12) }
    }

    @Test func `Two batteries with different distributions of one hyper-parameter are two regimes`() {
        let scales = ["uniform 0 1", "uniform 100 200"].map { ParameterScale(distribution: $0) }
        var data = ImportanceData(parameters: [
            ParameterValues("a", scales: scales), ParameterValues("b", scales: scales),
        ])
        var generator = SeededGenerator(seed: 16)
        for number in 0..<2_000 {
            let group = number % 2
            let a = Double.random(in: 0..<1, using: &generator)
            let b = Double.random(in: 0..<1, using: &generator)
            func text(_ x: Double) -> String { group == 0 ? "\(x)" : "\(100 + 100 * x)" }
            data.append(objective: a, group: group, values: [text(a), text(b)])
        }
        // On one scale of 0 to 200 the first half would fill one cell.
        let shares = Self.shares(of: Importance(of: data, lowestIsBest: true))
        #expect(shares["a"]! > 0.97, "\(shares)")
    }
}
