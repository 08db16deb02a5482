import Testing

@testable import hypero_demo

@Suite("The generator of random numbers")
struct SplitMix64Tests {
    @Test("gives the numbers of the reference implementation")
    func reference() {
        var generator = SplitMix64(seed: 1_234_567)
        let numbers = (0..<5).map { _ in generator.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test("shuffles without losing anything", arguments: [0, 1, 2, 3, 100])
    func shuffle(count: Int) {
        var generator = SplitMix64(seed: 1)
        var items = Array(0..<count)
        generator.shuffle(&items)
        #expect(items.sorted() == Array(0..<count))
    }

    @Test("reaches every order of three")
    func everyOrder() {
        var generator = SplitMix64(seed: 1)
        var orders: Set<[Int]> = []
        for _ in 0..<200 {
            var items = [1, 2, 3]
            generator.shuffle(&items)
            orders.insert(items)
        }
        #expect(orders.count == 6)
    }

    @Test("stays within the limit on both sides")
    func symmetric() {
        var generator = SplitMix64(seed: 1)
        let numbers = (0..<1_000).map { _ in generator.symmetric(0.5) }
        #expect(numbers.allSatisfy { abs($0) <= 0.5 })
        #expect(numbers.contains { $0 < -0.4 } && numbers.contains { $0 > 0.4 })
    }
}
