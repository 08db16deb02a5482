import HyperoSchema
import Testing

struct StreamIDTests {
    @Test(
        arguments: [
            ("0-0", 0, 0), ("1700000000000-5", 1_700_000_000_000, 5), ("1700000000000", 1_700_000_000_000, 0),
            ("18446744073709551615-18446744073709551615", .max, .max),
        ] as [(String, UInt64, UInt64)])
    func `An id in the format of Redis is parsed`(text: String, milliseconds: UInt64, sequence: UInt64) {
        let id = StreamID(milliseconds: milliseconds, sequence: sequence)
        #expect(StreamID(text) == id)
        #expect(StreamID(id.description) == id)
        #expect(StreamID(text[...]) == id)
    }

    @Test(arguments: [
        "", "-", "1-", "-1", "1-2-3", "a-b", " 1-2", "1-2 ", "+1-2", "1-+2", "1--2", "1--0", "-0-0", "$", ">", "*",
        "1.0-2",
        "18446744073709551616-0", "0-18446744073709551616", "１-２",
    ])
    func `Text that is not an id is rejected`(text: String) {
        #expect(StreamID(text) == nil)
    }

    @Test func `Stream ids are ordered numerically, not as text`() {
        let ordered = ["0-0", "0-1", "0-2", "0-10", "9-99", "10-0", "18446744073709551615-0"].map { StreamID($0)! }
        #expect(ordered.sorted() == ordered)
        #expect(ordered.first == .zero)
    }
}
