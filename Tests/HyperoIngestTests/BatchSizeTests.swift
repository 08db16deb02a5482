import HyperoIngest
import Testing

@Suite struct BatchSizeTests {
    private func grown() -> BatchSize {
        var size = BatchSize()
        for _ in 0..<10 { size.recordApplied(entries: size.count, in: .milliseconds(1)) }
        return size
    }

    @Test func `The first batch has one entry, because the size of the entries is unknown`() {
        #expect(BatchSize().count == 1)
        #expect(grown().count == 1_024)
    }

    @Test func `The batch size doubles up to its bound while transactions are short`() {
        var size = BatchSize()
        for _ in 0..<20 { size.recordApplied(entries: size.count, in: .milliseconds(1)) }
        #expect(size.count == BatchSize.range.upperBound)
    }

    @Test func `The batch size halves down to its bound while transactions are too long`() {
        var size = grown()
        for _ in 0..<20 { size.recordApplied(entries: size.count, in: .milliseconds(6)) }
        #expect(size.count == BatchSize.range.lowerBound)
    }

    @Test func `The batch size stays after a transaction of medium length and after a batch that is not full`() {
        var size = grown()
        let before = size
        size.recordApplied(entries: size.count, in: .milliseconds(4))
        size.recordApplied(entries: 3, in: .microseconds(10))
        #expect(size == before)
    }

    @Test
    func `The batch size halves down to one entry while a batch takes most of the lease, and does not grow near it`() {
        var size = grown()
        size.recordApplied(entries: size.count, in: .milliseconds(1), leaseShare: 0.3)
        #expect(size.count == 1_024)
        size.recordApplied(entries: size.count, in: .milliseconds(1), leaseShare: 0.6)
        #expect(size.count == 512)
        for _ in 0..<20 { size.recordApplied(entries: size.count, in: .milliseconds(1), leaseShare: 0.6) }
        #expect(size.count == 1)
        size.recordApplied(entries: 1, in: .milliseconds(1), leaseShare: 0.2)
        #expect(size.count == 2)
    }

    @Test func `The batch size follows the size of the entries`() {
        var size = grown()
        size.recordRead(entries: 100, bytes: 100 << 20)
        #expect(size.count == 8)
        size.recordRead(entries: 1, bytes: 64 << 20)
        #expect(size.count == 1)
        size.recordApplied(entries: 1, in: .milliseconds(1))
        #expect(size.count == 2)
    }
}
