import Testing

@testable import Hypero

@Suite("The reproducibility of draws")
struct SamplerReproducibilityTests {
    private static func draws(seed: UInt64, stream: UInt64) -> [Double] {
        var sampler = Sampler(seed: seed, stream: stream)
        return [
            sampler.uniform("a", low: 0, high: 1), sampler.logUniform("b", low: 1e-5, high: 0.1),
            sampler.normal("c", mean: 600, standardDeviation: 200),
            Double(sampler.randint("d", low: 1, high: 1_000_000)),
            Double(sampler.categorical("e", weights: [0.5, 0.5])),
        ]
    }

    @Test(arguments: [(0, 0), (7, 1), (UInt64.max, UInt64.max)] as [(UInt64, UInt64)])
    func `Samplers with the same seed and stream draw the same values`(seed: UInt64, stream: UInt64) {
        #expect(Self.draws(seed: seed, stream: stream) == Self.draws(seed: seed, stream: stream))
    }

    @Test func `Generators with different seeds or streams begin with different words`() {
        var firsts: Set<UInt64> = []
        for seed in 0..<100 as Range<UInt64> {
            for stream in 0..<100 as Range<UInt64> {
                var generator = Xoshiro256(seed: seed, stream: stream)
                firsts.insert(generator.next())
            }
        }
        #expect(firsts.count == 10_000)
    }

    @Test func `The first draws of consecutive experiments are independent`() {
        // With poor mixing of the stream number, the first draws would change gradually between experiments.
        let samples = (1...20_000 as ClosedRange<UInt64>).map { number in
            var sampler = Sampler(seed: 42, stream: number)
            return sampler.uniform("x", low: 0, high: 1)
        }
        #expect(GoodnessOfFit.kolmogorovSmirnov(of: samples) { $0 } < GoodnessOfFit.kolmogorovSmirnovBound)
        let products = zip(samples, samples.dropFirst()).map { ($0 - 0.5) * ($1 - 0.5) * 12 }
        #expect(abs(products.reduce(0, +)) < 3.29 * Double(products.count).squareRoot())
    }

    @Test func `The generator matches the reference implementation of xoshiro256**`() {
        // The output of the reference C code from the state 1, 2, 3, 4: https://prng.di.unimi.it/xoshiro256starstar.c
        var generator = Xoshiro256(state: (1, 2, 3, 4))
        let words = (0..<6).map { _ in generator.next() }
        #expect(
            words == [
                11_520, 0, 1_509_978_240, 1_215_971_899_390_074_240, 1_216_172_134_540_287_360, 607_988_272_756_665_600,
            ])
    }

    @Test func `The draws of a fixed seed do not change between versions`() {
        var sampler = Sampler(seed: 7, stream: 1)
        #expect(sampler.uniform("a", low: -1, high: 1) == -0.5933087452218615)
        #expect(sampler.randint("b", low: Int.min, high: Int.max) == 7_120_462_504_086_937_079)
        #expect(sampler.randint("c", low: 1, high: 7) == 6)
        #expect(sampler.categorical("d", weights: [0.8, 0.2]) == 0)
        // The last bit of the C library's mathematical functions may differ between machines.
        #expect(abs(sampler.logUniform("e", low: 0.00001, high: 0.1) - 0.005211457581203478) < 1e-12)
        #expect(abs(sampler.normal("f", mean: 600, standardDeviation: 200) - 605.0999138644322) < 1e-9)
    }
}
