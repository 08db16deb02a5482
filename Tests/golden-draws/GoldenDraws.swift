import Hypero

/// Prints the draws of every sampler for 100 seeds. The tests of the bindings compare theirs with this output, line by line:
///
///     <seed> <number of the experiment> <name> <value>
///
/// A number with a fraction is printed as the 16 hexadecimal digits of its bits.
@main
enum GoldenDraws {
    static func main() throws {
        for seed in 0..<100 as Range<UInt64> {
            // Nothing is sent: the test gives the address of no server.
            let hypero = try Hypero.connect(seed: seed, journalLimit: 8 << 20, onNotice: { _ in })
            let battery = hypero.battery("golden draws")
            for number in 1...2 { printDraws(of: battery.experiment(), seed, number) }
            hypero.close(timeout: .zero)
        }
    }

    private static func printDraws(of experiment: Experiment, _ seed: UInt64, _ number: Int) {
        func show(_ name: String, _ value: some CustomStringConvertible) { print(seed, number, name, value) }
        func show(_ name: String, bitsOf value: Double) {
            let digits = String(value.bitPattern, radix: 16)
            show(name, String(repeating: "0", count: 16 - digits.count) + digits)
        }
        show("uniform", bitsOf: experiment.uniform("uniform", -1, 1))
        show("logUniform", bitsOf: experiment.logUniform("logUniform", 1e-5, 0.1))
        show("normal", bitsOf: experiment.normal("normal", mean: 600, standardDeviation: 200))
        show("randint", experiment.randint("randint", 1, 1_000_000))
        show("wide", experiment.randint("wide", -9_007_199_254_740_991, 9_007_199_254_740_991))
        show("equal", experiment.categorical("equal", ["linear", "adaptive", "none"]))
        show("weighted", experiment.categorical("weighted", ["adaptive": 0.2, "linear": 0.8]))
    }
}
