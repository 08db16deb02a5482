import HyperoSchema
import Testing

@Suite("The text of a distribution")
struct DistributionTests {
    @Test(arguments: [
        (Distribution.uniform(low: 0, high: 0.5), "uniform 0 0.5"),
        (.uniform(low: -1e308, high: 1e308), "uniform -1e+308 1e+308"),
        (.logUniform(low: 1e-5, high: 0.1), "logUniform 1e-05 0.1"),
        (.normal(mean: 600, standardDeviation: 200), "normal 600 200"), (.randint(low: 1, high: 7), "randint 1 7"),
        (.randint(low: Int.min, high: Int.max), "randint -9223372036854775808 9223372036854775807"),
        (.categorical(choices: [.integer(16), .integer(32)], weights: nil), "categorical [16,32]"),
        (
            .categorical(choices: [.string("linear"), .string("adaptive")], weights: [0.8, 0.2]),
            #"categorical ["linear","adaptive"] [0.8,0.2]"#
        ),
        (.categorical(choices: [.array([.integer(1)]), .null], weights: [1, 3]), "categorical [[1],null] [1,3]"),
        (
            .categorical(choices: [.string("a] ["), .string("\"")], weights: [1, 0]),
            #"categorical ["a] [","\""] [1,0]"#
        ),
    ])
    func `A distribution reads back from its text`(distribution: Distribution, text: String) {
        #expect(distribution.text == text)
        #expect(Distribution(text: text) == distribution)
    }

    @Test(arguments: [
        "", "uniform", "uniform 1", "uniform 1 0", "uniform 0 1 2", "uniform  0 1", "uniform nan 1", "uniform -inf inf",
        "logUniform 0 1", "normal 0 -1", "randint 5 1", "randint 0.5 1", "randint 0 1e300", "zipf 1 2", "categorical",
        "categorical []", "categorical [1,2", "categorical 3", "categorical [1,2] [1]", "categorical [1,2] [1,\"2\"]",
        "categorical [1,2] [0,0]", "categorical [1,2] [-1,2]", "categorical [1,2]  [1,2]", "Uniform 0 1",
        " uniform 0 1",
    ])
    func `A text from which nothing can be drawn is no distribution`(text: String) {
        #expect(Distribution(text: text) == nil)
    }

    @Test func `Whole numbers of other clients are bounds of randint`() {
        #expect(Distribution(text: "randint 1.0 1e3") == .randint(low: 1, high: 1_000))
    }
}
