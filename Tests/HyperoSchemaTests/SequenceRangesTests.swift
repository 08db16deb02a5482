import HyperoSchema
import Testing

struct SequenceRangesTests {
    @Test(
        arguments: [[], [1...1], [17...17, 40...52], [1...18_446_744_073_709_551_615]] as [[ClosedRange<UInt64>]])
    func `Ranges of sequence numbers are read back as written`(ranges: [ClosedRange<UInt64>]) {
        #expect(SequenceRanges.parse(SequenceRanges.text(of: ranges)) == ranges)
    }

    @Test(arguments: ["x", "3-2", "-", "1-x", "99999999999999999999", "1-2-3", "-5", "5-"])
    func `Words that are not ranges are ignored`(word: String) {
        #expect(SequenceRanges.parse("4 \(word) 7-9") == [4...4, 7...9])
    }
}
