import Glibc
import HyperoSearch
import Testing

@Suite struct ParameterScaleTests {
    @Test(arguments: [
        ("uniform 0 1", ParameterScale.linear(low: 0, high: 1)),
        ("logUniform 1e-05 0.1", .logarithmic(low: 1e-5, high: 0.1)),
        ("normal 600 200", .linear(low: 0, high: 1200)),
        ("randint 1 7", .integers(low: 1, high: 7)),
        ("uniform 3 3", .linear(low: 3, high: 3)),
        (
            #"categorical ["linear","adaptive"] [0.8,0.2]"#,
            .categories(count: 2, source: #"categorical ["linear","adaptive"] [0.8,0.2]"#)
        ),
        ("categorical [16,32,64]", .categories(count: 3, source: "categorical [16,32,64]")),
        (#"categorical ["a] [b","c"]"#, .categories(count: 2, source: #"categorical ["a] [b","c"]"#)),
    ])
    func `A recorded distribution has a scale`(text: String, scale: ParameterScale) {
        #expect(ParameterScale(distribution: text) == scale)
    }

    @Test(arguments: [
        "", "uniform", "uniform 1", "uniform 1 0", "uniform 0 1 2", "uniform  0 1", "logUniform 0 1", "logUniform -1 1",
        "uniform nan 1", "uniform -1e308 1e308", "uniform -inf inf", "zipf 1 2", "categorical", "categorical []",
        "categorical [1,2", "categorical 3", "randint 5 1",
    ])
    func `A text that no client writes has no scale`(text: String) {
        #expect(ParameterScale(distribution: text) == nil)
    }

    /// Returns the shares of a decisive and a useless hyper-parameter without distributions, with the scale of the first.
    private func importance(
        scale: ParameterScale?, _ value: (Int) -> Double
    ) -> (decisive: Importance.Parameter?, useless: Importance.Parameter?) {
        var data = ImportanceData(
            parameters: [ParameterValues("decisive", scales: [scale]), ParameterValues("useless", scales: [nil])])
        for index in 0..<200 {
            _ = data.append(objective: Double(index), group: 0)
            data.append("\(value(index))", toParameter: 0)
            data.append("\(Double(index * 7_919 % 200) / 200)", toParameter: 1)
        }
        let parameters = Importance(of: data, lowestIsBest: false).parameters
        return (parameters.first { $0.name == "decisive" }, parameters.first { $0.name == "useless" })
    }

    @Test(arguments: ["logUniform 1e-05 0.1", "logUniform 1e-05 1e-05", "uniform 0 1", "randint 0 3"])
    func `Values outside of their distribution are on a scale of their own`(distribution: String) {
        let found = importance(scale: ParameterScale(distribution: distribution)) { 1_000 + Double($0) }
        #expect(found.decisive?.isAboveChance == true && found.useless?.isAboveChance == false)
        #expect(found.decisive?.scale == .integers(low: 1_000, high: 1_199))
    }

    @Test(arguments: [1e300, -1e300, .greatestFiniteMagnitude])
    func `One value far from the others does not hide their effect`(outlier: Double) {
        let found = importance(scale: nil) { $0 == 7 ? outlier : Double($0) + 0.5 }
        #expect(found.decisive?.isAboveChance == true && found.useless?.isAboveChance == false)
    }

    @Test(arguments: [(0.0, false), (1e-6, false), (1.0, true)])
    func `Numbers without a distribution have a logarithmic scale if most of them span decades`(
        smallest: Double, isLogarithmic: Bool
    ) {
        let found = importance(scale: nil) { index in
            smallest == 1
                ? pow(10, Double(index % 40) / 8) + 0.5 : index == 3 ? smallest : Double(index * 31 % 200 + 1) / 200
        }
        if case .logarithmic? = found.decisive?.scale { #expect(isLogarithmic) } else { #expect(!isLogarithmic) }
    }

    @Test func `Values near the largest double have a scale`() {
        let found = importance(scale: nil) { 1e308 + Double($0) * 1e305 }
        #expect(found.decisive?.scale != nil)
        #expect((found.decisive?.chance ?? 0) <= 1 && (found.useless?.chance ?? 0) <= 1)
    }
}
