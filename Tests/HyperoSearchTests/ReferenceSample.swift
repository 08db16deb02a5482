import HyperoSearch
import TestSupport

/// A sample of f = 4a + 2b + c + 0d, and its shares by an implementation of PED-ANOVA in numpy and scipy.
///
/// The reference has 50 cells, the normal distribution of scipy, and no code in common with the tested one. The draws are the top 53
/// bits of SplitMix64, one after the other for a, b, c and d of each experiment.
enum ReferenceSample {
    static let count = 300
    static let shares = [
        "a": 0.7317956732881248, "b": 0.17180485833185513, "c": 0.0703651347269269, "d": 0.026034333653093256,
    ]

    static var data: ImportanceData {
        let scale = ParameterScale(distribution: "uniform 0 1")
        var data = ImportanceData(parameters: ["a", "b", "c", "d"].map { ParameterValues($0, scales: [scale]) })
        var generator = SeededGenerator(seed: 2026)
        for _ in 0..<count {
            let x = (0..<4).map { _ in Double(generator.next() >> 11) * 0x1p-53 }
            data.append(objective: 4 * x[0] + 2 * x[1] + x[2], values: x.map { "\($0)" })
        }
        return data
    }
}
