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
}
