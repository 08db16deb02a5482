import HyperoCore
import Testing

@testable import hypero_demo

@Suite struct SplitMix64Tests {
    @Test func `SplitMix64 gives the numbers of the reference implementation`() {
        var generator = SplitMix64(seed: 1_234_567)
        let numbers = (0..<5).map { _ in generator.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test(arguments: [0, 1, 2, 3, 100])
    func `Shuffling keeps all items`(count: Int) {
        var generator = SplitMix64(seed: 1)
        var items = Array(0..<count)
        generator.shuffle(&items)
        #expect(items.sorted() == Array(0..<count))
    }

    @Test func `Shuffling three items reaches all six orders`() {
        var generator = SplitMix64(seed: 1)
        var orders: Set<[Int]> = []
        for _ in 0..<200 {
            var items = [1, 2, 3]
            generator.shuffle(&items)
            orders.insert(items)
        }
        #expect(orders.count == 6)
    }

    @Test func `Uniform draws lie within the limit on both sides of zero`() {
        var generator = SplitMix64(seed: 1)
        let numbers = (0..<1_000).map { _ in generator.uniform(limit: 0.5) }
        #expect(numbers.allSatisfy { abs($0) <= 0.5 })
        #expect(numbers.contains { $0 < -0.4 } && numbers.contains { $0 > 0.4 })
    }
}
