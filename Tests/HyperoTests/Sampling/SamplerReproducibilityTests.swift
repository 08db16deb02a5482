import Testing

@testable import Hypero

@Suite("An experiment's draws are a function of the client's seed and the experiment's number")
struct SamplerReproducibilityTests {
    private static func draws(_ seed: UInt64, _ stream: UInt64) -> [Double] {
        var sampler = Sampler(seed: seed, stream: stream)
        return [
            sampler.uniform("a", low: 0, high: 1), sampler.logUniform("b", low: 1e-5, high: 0.1),
            sampler.normal("c", mean: 600, standardDeviation: 200),
            Double(sampler.randint("d", low: 1, high: 1_000_000)),
            Double(sampler.categorical("e", weights: [0.5, 0.5])),
        ]
    }

    @Test(
        "the same seed and number give the same draws",
        arguments: [(0, 0), (7, 1), (UInt64.max, UInt64.max)] as [(UInt64, UInt64)])
    func sameSeedNumberGiveSame(seed: UInt64, stream: UInt64) {
        #expect(Self.draws(seed, stream) == Self.draws(seed, stream))
    }

    @Test("no two of many seeds and numbers begin alike") func noTwoManySeedsNumbers() {
        var firsts: Set<UInt64> = []
        for seed in 0..<100 as Range<UInt64> {
            for stream in 0..<100 as Range<UInt64> {
                var generator = Xoshiro256(seed: seed, stream: stream)
                firsts.insert(generator.next())
            }
        }
        #expect(firsts.count == 10_000)
    }

    @Test("the first draws of neighbouring experiments are independent")
    func firstDrawsNeighbouringExperimentsIndependent() {
        // Were the number mixed badly, the first draw would creep from experiment to experiment.
        let samples = (1...20_000 as ClosedRange<UInt64>).map { number in
            var sampler = Sampler(seed: 42, stream: number)
            return sampler.uniform("x", low: 0, high: 1)
        }
        #expect(GoodnessOfFit.kolmogorovSmirnov(samples) { $0 } < GoodnessOfFit.kolmogorovSmirnovBound)
        let products = zip(samples, samples.dropFirst()).map { ($0 - 0.5) * ($1 - 0.5) * 12 }
        #expect(abs(products.reduce(0, +)) < 3.29 * Double(products.count).squareRoot())
    }

    @Test("the generator is the published one") func generatorPublishedOne() {
        // The reference C code's output from the state 1, 2, 3, 4: https://prng.di.unimi.it/xoshiro256starstar.c
        var generator = Xoshiro256(state: (1, 2, 3, 4))
        let words = (0..<6).map { _ in generator.next() }
        #expect(
            words == [
                11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            ])
    }

    @Test("a change of the algorithm is noticed") func changeAlgorithmNoticed() {
        var sampler = Sampler(seed: 7, stream: 1)
        #expect(sampler.uniform("a", low: -1, high: 1) == -0.5933087452218615)
        #expect(sampler.randint("b", low: Int.min, high: Int.max) == 7_120_462_504_086_937_079)
        #expect(sampler.randint("c", low: 1, high: 7) == 6)
        #expect(sampler.categorical("d", weights: [0.8, 0.2]) == 0)
        // The mathematical library's last bit may differ from one machine to the next.
        #expect(abs(sampler.logUniform("e", low: 0.00001, high: 0.1) - 0.005211457581203478) < 1e-12)
        #expect(abs(sampler.normal("f", mean: 600, standardDeviation: 200) - 605.0999138644322) < 1e-9)
    }
}
