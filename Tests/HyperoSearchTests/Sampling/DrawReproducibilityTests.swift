import HyperoSchema
import Testing

@testable import HyperoSearch

@Suite("The reproducibility of draws")
struct DrawReproducibilityTests {
    /// The draws of a trial, by name.
    private static func draw(_ name: String, seed: UInt64, trial: UInt64) -> Double {
        let sampler = PriorSampler(seed: seed, trial: trial)
        return switch name {
        case "a": sampler.uniform(name, low: 0, high: 1)
        case "b": sampler.logUniform(name, low: 1e-5, high: 0.1)
        case "c": sampler.normal(name, mean: 600, standardDeviation: 200)
        case "d": Double(sampler.randint(name, low: 1, high: 1_000_000))
        default: Double(sampler.categorical(name, [.integer(1), .integer(2)], weights: [0.5, 0.5]))
        }
    }

    @Test(arguments: [(0, 0), (7, 1), (UInt64.max, UInt64.max)] as [(UInt64, UInt64)])
    func `A draw depends on the seed, the trial and the name, and not on the other draws`(seed: UInt64, trial: UInt64) {
        let names = ["a", "b", "c", "d", "e"]
        let draws = names.map { Self.draw($0, seed: seed, trial: trial) }
        #expect(names.reversed().map { Self.draw($0, seed: seed, trial: trial) } == draws.reversed())
        #expect(["b", "d", "b"].map { Self.draw($0, seed: seed, trial: trial) } == [draws[1], draws[3], draws[1]])
    }

    @Test func `Two names are the same if their bytes are`() {
        func draw(_ name: String) -> Double { PriorSampler(seed: 1, trial: 1).uniform(name, low: 0, high: 1) }
        // The composed and the decomposed form are equal strings in Swift, and different names in Redis.
        #expect(draw("\u{e9}") != draw("e\u{301}"))
        let names = ["", "\0", "\0\0", "x", "x\0", "xxxxxxxx", "xxxxxxxx\0", "\0xxxxxxx", "xxxxxxxxx"]
        #expect(Set(names.map(draw)).count == names.count)
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
        // Computed by another program from the description of DrawSeed.
        let sampler = PriorSampler(seed: 7, trial: 1)
        #expect(DrawSeed(seed: 7, trial: 1, name: "learning rate").bits == 9_245_250_667_848_680_994)
        #expect(sampler.uniform("a", low: -1, high: 1) == 0.34307121730545354)
        #expect(sampler.randint("b", low: Int.min, high: Int.max) == 6_526_412_049_465_532_648)
        #expect(sampler.randint("c", low: 1, high: 7) == 6)
        #expect(sampler.categorical("d", [.integer(1), .integer(2)], weights: [0.8, 0.2]) == 0)
        // The last bit of the C library's mathematical functions may differ between machines.
        #expect(abs(sampler.logUniform("e", low: 0.00001, high: 0.1) - 2.429251480944399e-05) < 1e-12)
        #expect(abs(sampler.normal("f", mean: 600, standardDeviation: 200) - 871.499536225544) < 1e-9)
    }
}
