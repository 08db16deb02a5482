import Testing

@testable import Hypero

@Suite("The applied watermark")
struct AppliedWatermarkTests {
    @Test(
        arguments: [
            (nil, nil, nil, 0), ("10", nil, 1, 10), ("10", "4-5 8", 1, 3), ("10", "8", 1, 7), ("10", "1", 1, 0),
            // Released events cannot be resent.
            ("10", "1-3", 4, 10), ("10", "1-3 8", 4, 7), ("10", "1-6", 4, 3), ("10", "1-9", nil, 10),
            // An invalid field counts as the worst case.
            ("many", nil, 1, 0), ("-1", nil, 1, 0), ("10", "0", 1, 0), ("10", "x 8 3-2", 1, 7),
        ] as [(String?, String?, UInt64?, UInt64)])
    func `The applied watermark ends before the first missing event that can still be resent`(
        seq: String?, missing: String?, firstHeld: UInt64?, expected: UInt64
    ) {
        let held = firstHeld.map { [$0...UInt64.max] } ?? []
        #expect(AppliedWatermark(seq: seq, missing: missing).applied(held: held) == expected)
    }

    @Test func `A missing event that the journal does not have either does not limit the applied watermark`() {
        let watermark = AppliedWatermark(seq: "20", missing: "5-6 9-12")
        #expect(watermark.applied(held: [1...4, 7...20]) == 8)
        #expect(watermark.applied(held: [1...4, 7...8, 13...20]) == 20)
        #expect(watermark.applied(held: [1...5, 7...8, 13...20]) == 4)
        #expect(watermark.applied(held: [11...20]) == 10)
    }
}
