import HyperoSchema
import Testing

struct PrintableTests {
    @Test(arguments: [
        ("plain", "plain"), ("größe 🎯", "größe 🎯"), ("a\nb\tc\0", "a\u{FFFD}b\u{FFFD}c\u{FFFD}"),
        ("\u{1B}[31m", "\u{FFFD}[31m"), ("\u{7F}\u{85}\u{9F}\u{A0}", "\u{FFFD}\u{FFFD}\u{FFFD}\u{A0}"), ("", ""),
        ("unix:///x\u{202E}A\u{2066}", "unix:///x\u{FFFD}A\u{FFFD}"),
        (String(repeating: "x", count: 64), String(repeating: "x", count: 64)),
        (String(repeating: "x", count: 65), String(repeating: "x", count: 64) + "…"),
    ])
    func `Printable text has no control characters and a limited length`(text: String, printed: String) {
        #expect(printable(text) == printed)
    }

    @Test func `The length limit of printable text can be set`() {
        #expect(printable("abc", limit: 2) == "ab…")
        #expect(printable("abc", limit: 3) == "abc")
    }
}
