import HyperoIngest
import Testing

@Suite("The size of batches")
struct BatchSizeTests {
    private func grown() -> BatchSize {
        var size = BatchSize()
        for _ in 0..<10 { size.applied(entries: size.count, in: .milliseconds(1)) }
        return size
    }

    @Test("begins with one entry, because nobody knows how large they are")
    func begins() {
        #expect(BatchSize().count == 1)
        #expect(grown().count == 1_024)
    }

    @Test("doubles while Redis is quick, within bounds")
    func grows() {
        var size = BatchSize()
        for _ in 0..<20 { size.applied(entries: size.count, in: .milliseconds(1)) }
        #expect(size.count == BatchSize.range.upperBound)
    }

    @Test("halves when a transaction takes too long, within bounds")
    func shrinks() {
        var size = grown()
        for _ in 0..<20 { size.applied(entries: size.count, in: .milliseconds(6)) }
        #expect(size.count == BatchSize.range.lowerBound)
    }

    @Test("stays between half and all of the time, and after a batch that was not full")
    func stays() {
        var size = grown()
        let before = size
        size.applied(entries: size.count, in: .milliseconds(4))
        size.applied(entries: 3, in: .microseconds(10))
        #expect(size == before)
    }

    @Test("follows the size of the entries")
    func largeEntries() {
        var size = grown()
        size.read(entries: 100, bytes: 100 << 20)
        #expect(size.count == 8)
        size.read(entries: 1, bytes: 64 << 20)
        #expect(size.count == 1)
        size.applied(entries: 1, in: .milliseconds(1))
        #expect(size.count == 2)
    }
}
