import HyperoSchema
import Testing
import TestSupport

struct JSONParserTests {
    @Test(arguments: [
        "[", "]", "{", "}", "[1", "[1,]", "[,1]", "[1 2]", "{1:2}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}",
        "{a:1}", "{\"a\":1,,\"b\":2}", "1 2", "true false", "truefalse", "nulll", "[]]", "\"a\"\"b\"", "\"", "\"\\\"",
        "\"\\", "\"\\x\"", "\"\\u\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\u+123\"", "\"\\uD800\"", "\"\\uDC00\"",
        "\"\\uD800\\uD800\"", "\"\\uD800x\"", "\"\\uD800\\n\"", "\"line\nbreak\"", "\"tab\t\"", "\"\0\"", "'a'", "-",
        "+1", ".1", "1.", "1e", "1e+", "01", "-01", "0x1", "1_0", "--1", "1e400", "-1e400", "NaN", "Infinity",
        "-Infinity",
        "nan", "//1", "1//", "/**/1", "\u{FEFF}1", "\u{A0}1", "1\u{0B}", "\u{0C}1", "1\0", "tru", "t", "n", "[nul]",
        "[1e400]", "", " ", "\n\t ",
    ])
    func `Text that is not JSON as a whole is rejected`(text: String) {
        #expect(JSON.parse(text) == nil)
    }

    @Test(
        arguments: [
            (" \t\r\n1 \t\r\n", .integer(1)), ("[ 1 , [ ] , { } ]", .array([.integer(1), .array([]), .object([])])),
            ("{ \"a\" : 1 , \"b\" : 2 }", .object([.init("a", .integer(1)), .init("b", .integer(2))])),
            ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", .string("\"\\/\u{8}\u{C}\n\r\t")),
            ("\"\\u0000\\u00e9\\uFFFF\"", .string("\0é\u{FFFF}")),
            ("\"\\uD83C\\uDFAF\\uDBFF\\uDFFF\\uD800\\uDC00\"", .string("🎯\u{10FFFF}\u{10000}")),
            ("\"\u{7F}\"", .string("\u{7F}")),
            ("1E5", .number(100_000)), ("1e-7", .number(1e-7)), ("0", .integer(0)), ("-0", .number(-0.0)),
            ("{\"a\":1,\"a\":2}", .object([.init("a", .integer(1)), .init("a", .integer(2))])),
            ("{\"\":null}", .object([.init("", .null)])),
        ] as [(String, Value)])
    func `Valid JSON is parsed`(text: String, value: Value) {
        #expect(JSON.parse(text) == value)
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `The nesting of JSON is limited, and deep nesting does not overflow the stack`(opening: String) {
        #expect(JSON.parse(String(repeating: opening, count: 100_000)) == nil)
        let inner = opening.hasSuffix("[") ? "" : "1"
        func nested(_ count: Int) -> String {
            let closing = String(opening.reversed().compactMap { $0 == "[" ? "]" : $0 == "{" ? "}" : nil })
            return String(repeating: opening, count: count) + inner + String(repeating: closing, count: count)
        }
        let maxCount = opening == "[{\"a\":" ? 32 : 64
        #expect(JSON.parse(nested(maxCount)) != nil)
        #expect(JSON.parse(nested(maxCount + 2)) == nil)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `Random JSON-like text is rejected, or parsed to a value that reads back the same`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "[", "]", "{", "}", ",", ":", "\"", "\\", "u", "D800", "\\u00e9", "\"a\"", "1", "0", "-", ".", "e", "null",
            "true", " ", "\n", "🎯", "\"k\":", "[]", "2.5",
        ]
        for _ in 0..<2_000 {
            let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in random.pick(pieces) }.joined()
            guard let value = JSON.parse(text) else { continue }
            // The number 1e1 is written as 10, which reads back as an integer, so the written texts are compared.
            let written = JSON.text(of: value)
            guard JSON.parse(written).map({ JSON.text(of: $0) }) != written else { continue }
            Issue.record("\(text) is written as \(written), which does not read back")
        }
    }
}
