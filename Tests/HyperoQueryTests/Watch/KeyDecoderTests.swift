import HyperoQuery
import Testing

@Suite struct KeyDecoderTests {
    @Test(
        arguments: [
            ("q", [.character("q")]), ("/a b", [.character("/"), .character("a"), .character(" "), .character("b")]),
            ("\r", [.enter]), ("\n", [.enter]), ("\u{7F}", [.backspace]), ("\u{8}", [.backspace]), ("\t", [.other]),
            ("\u{1B}[A", [.up]), ("\u{1B}[B", [.down]), ("\u{1B}[C", [.right]), ("\u{1B}[D", [.left]),
            ("\u{1B}OA", [.up]), ("\u{1B}OM", [.enter]), ("\u{1B}[5~", [.pageUp]), ("\u{1B}[6~", [.pageDown]),
            ("\u{1B}[H", [.home]), ("\u{1B}[1~", [.home]), ("\u{1B}[F", [.end]), ("\u{1B}[1;5A", [.up]),
            ("\u{1B}[15~", [.other]), ("\u{1B}[3~", [.delete]), ("\u{15}\u{17}", [.control("u"), .control("w")]),
            ("\u{1B}[200~a\rq\n\u{1B}[Ax\u{1B}[201~q", [.paste("a\rq\n\u{1B}[Ax"), .character("q")]),
            ("\u{1B}[200~\u{1B}[201\u{1B}[201~", [.paste("\u{1B}[201")]), ("\u{1B}[200~\u{1B}[201~", [.paste("")]),
            ("\u{1B}[<0;1;2M", [.enter]),
            ("é名😀", [.character("é"), .character("名"), .character("😀")]), ("\u{1B}q", [.escape, .character("q")]),
            ("\u{1B}\u{1B}[A", [.escape, .up]), ("\u{1B}[\u{1B}[A", [.other, .up]), ("", []),
        ] as [(String, [Key])])
    func `Bytes are decoded to keys, at once and one by one`(text: String, keys: [Key]) {
        var decoder = KeyDecoder()
        let decoded = decoder.decode(text.utf8)
        #expect(decoded == keys)
        #expect(!decoder.isIncomplete)
        var slow = KeyDecoder()
        let slowlyDecoded = text.utf8.flatMap { slow.decode([$0]) }
        #expect(slowlyDecoded == keys)
    }

    @Test func `An escape character is the key escape when nothing follows`() {
        var decoder = KeyDecoder()
        let none = decoder.decode([0x1B])
        #expect(none == [] && decoder.isIncomplete)
        let escape = decoder.finish()
        #expect(escape == [.escape] && !decoder.isIncomplete)
        let begun = decoder.decode([0x1B, 0x5B]) + decoder.finish() + decoder.decode("q".utf8)
        #expect(begun == [.escape, .character("q")])
    }

    @Test(
        arguments: [
            ([0xFF, 0x71], [.other, .character("q")]), ([0xC3, 0x71], [.other, .character("q")]),
            ([0xE5, 0x90, 0x1B, 0x5B, 0x41], [.other, .up]), ([0xC0, 0x80], [.other, .other]),
            ([0xED, 0xA0, 0x80], [.other]),
        ] as [([UInt8], [Key])])
    func `Bytes that are not UTF-8 are no characters and lose no later key`(bytes: [UInt8], keys: [Key]) {
        var decoder = KeyDecoder()
        let decoded = decoder.decode(bytes)
        #expect(decoded == keys)
    }

    @Test func `A paste without an end is bounded, and ends after a longer pause than the key escape`() {
        var decoder = KeyDecoder()
        #expect(decoder.pause < .seconds(1))
        var keys = decoder.decode("\u{1B}[200~q".utf8)
        #expect(keys == [] && decoder.isIncomplete && decoder.pause >= .seconds(1))
        keys = decoder.decode(Array(repeating: UInt8(ascii: "q"), count: 100_000)) + decoder.finish()
        #expect(keys == [.paste(String(repeating: "q", count: 4_096))])
        #expect(!decoder.isIncomplete)
        let later = decoder.decode("q".utf8)
        #expect(later == [.character("q")])
    }

    @Test func `A sequence without an end is bounded`() {
        var decoder = KeyDecoder()
        let keys = decoder.decode(Array("\u{1B}[".utf8) + Array(repeating: UInt8(ascii: "1"), count: 10_000))
        #expect(keys.first == .other)
        #expect(keys.count > 9_000)
    }
}
