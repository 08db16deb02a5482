import Testing

@testable import HyperoSearch

/// The independence of the draws whose arguments differ a little.
///
/// The bounds of statistics are values that correct samples exceed with a probability of 0.001. All arguments are fixed.
@Suite("The independence of draws")
struct DrawIndependenceTests {
    /// The arguments of a draw.
    struct Draw: Sendable {
        var seed: UInt64 = 42
        var trial: UInt64 = 1
        var name = "lr"

        var first: UInt64 {
            var generator = Xoshiro256(seed: DrawSeed(seed: seed, trial: trial, name: name))
            return generator.next()
        }
        var unit: Double { Double(first >> 11) * 0x1p-53 }
    }

    /// Two draws whose arguments differ a little, for each index.
    struct Neighbors: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let pair: @Sendable (UInt64) -> (Draw, Draw)

        init(_ description: String, _ pair: @escaping @Sendable (UInt64) -> (Draw, Draw)) {
            testDescription = description
            self.pair = pair
        }
    }

    static var neighbors: [Neighbors] {
        [
            Neighbors("neighboring trials") { (Draw(trial: $0), Draw(trial: $0 + 1)) },
            Neighbors("neighboring seeds") { (Draw(seed: $0), Draw(seed: $0 + 1)) },
            Neighbors("the seed and the trial exchanged") { (Draw(seed: $0, trial: 3), Draw(seed: 3, trial: $0)) },
            Neighbors("the seed one more and the trial one less") {
                (Draw(seed: $0, trial: $0 + 9), Draw(seed: $0 + 1, trial: $0 + 8))
            },
            Neighbors("names that differ in the last byte") {
                (Draw(trial: $0, name: "x1"), Draw(trial: $0, name: "x2"))
            },
            Neighbors("names that differ in one bit") {
                (Draw(trial: $0, name: "layer 0"), Draw(trial: $0, name: "layer 1"))
            },
            Neighbors("names that differ in the first byte") {
                (Draw(trial: $0, name: "a learning rate"), Draw(trial: $0, name: "b learning rate"))
            },
            Neighbors("names that differ in the ninth byte") {
                (Draw(trial: $0, name: "momentum1"), Draw(trial: $0, name: "momentum2"))
            },
            Neighbors("a name and its beginning") { (Draw(trial: $0, name: "lr"), Draw(trial: $0, name: "lr ")) },
            Neighbors("consecutive numbers in names") { (Draw(name: "unit \($0)"), Draw(name: "unit \($0 + 1)")) },
        ]
    }

    @Test(arguments: neighbors)
    func `Pairs of draws fill the square evenly`(_ neighbors: Neighbors) {
        var counts = Array(repeating: 0, count: 100)
        for index in 0..<UInt64(20_000) {
            let (left, right) = neighbors.pair(index)
            counts[Int(left.unit * 10) * 10 + Int(right.unit * 10)] += 1
        }
        let statistic = GoodnessOfFit.chiSquare(of: counts, expectedShares: counts.map { _ in 0.01 })
        // The critical value of 99 degrees of freedom.
        #expect(statistic < 148.23)
    }

    @Test(arguments: neighbors)
    func `Pairs of draws are uncorrelated`(_ neighbors: Neighbors) {
        let count = 20_000
        let products = (0..<UInt64(count)).map { index in
            let (left, right) = neighbors.pair(index)
            return (left.unit - 0.5) * (right.unit - 0.5) * 12
        }
        // The sum of n products has the standard deviation sqrt(n).
        #expect(abs(products.reduce(0, +)) < 3.29 * Double(count).squareRoot())
    }

    /// A scrambled sequence whose names share their first bit has empty quadrants.
    @Test func `64 trials of two names fill each quadrant`() {
        let names = ["lr", "x1", "x2", "layer 0", "layer 1", "momentum", "weight decay", ""]
        var outside = 0
        var pairs = 0
        for (index, left) in names.enumerated() {
            for right in names[..<index] {
                var counts = [0, 0, 0, 0]
                for trial in 0..<UInt64(64) {
                    let (x, y) = (Draw(trial: trial, name: left).unit, Draw(trial: trial, name: right).unit)
                    counts[(x < 0.5 ? 0 : 1) + (y < 0.5 ? 0 : 2)] += 1
                }
                // A count has the mean 16 and the standard deviation 3.46. It is below 5 or above 28 in 1 of 1,000 pairs.
                #expect(counts.allSatisfy { (5...28).contains($0) }, "\(left), \(right): \(counts)")
                outside += counts.allSatisfy({ (8...25).contains($0) }) ? 0 : 1
                pairs += 1
            }
        }
        #expect(outside <= pairs / 5)
    }

    @Test
    func `A changed bit of the seed, the trial or the name changes each bit of the draw with the probability one half`()
    {
        /// The changes per bit of the draw, for each kind of changed argument.
        var changes = Array(repeating: Array(repeating: 0, count: 64), count: 3)
        let rounds = 4_096
        for round in 0..<UInt64(rounds) {
            let bytes = "name \(round) of 23 bytes".utf8.prefix(16).map { $0 }
            let draw = Draw(seed: round, trial: round &* 7, name: String(decoding: bytes, as: UTF8.self))
            var others = [draw, draw, draw]
            others[0].seed ^= 1 << (round % 64)
            others[1].trial ^= 1 << (round % 64)
            var changed = bytes
            // The lowest 4 bits of a character in ASCII, which stays ASCII.
            changed[Int(round / 4) % bytes.count] ^= 1 << (round % 4)
            others[2].name = String(decoding: changed, as: UTF8.self)
            for (kind, other) in others.enumerated() {
                let difference = draw.first ^ other.first
                for bit in 0..<64 where difference >> bit & 1 == 1 { changes[kind][bit] += 1 }
            }
        }
        // A count has the standard deviation 32. The largest of 192 exceeds 4.3 deviations with a probability of 0.003.
        #expect(changes.joined().allSatisfy { abs($0 - rounds / 2) < 138 }, "\(changes)")
    }

    @Test func `The draws of many seeds, trials and names are different`() {
        var firsts: Set<UInt64> = []
        for seed in 0..<UInt64(30) {
            for trial in 0..<UInt64(30) {
                for name in 0..<30 { firsts.insert(Draw(seed: seed, trial: trial, name: "\(name)").first) }
            }
        }
        #expect(firsts.count == 27_000)
    }

    @Test func `The draws of one name for different purposes are different`() {
        let seeds = [DrawSeed.Purpose.prior, .candidates, .jointCandidates].map {
            DrawSeed(seed: 1, trial: 2, name: "lr", purpose: $0)
        }
        #expect(Set(seeds).count == 3)
    }
}
