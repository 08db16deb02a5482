import HyperoSchema
import Testing

struct ValueTests {
    @Test(
        arguments: [
            ("linear", .string("linear")), ("0.01", .number(0.01)), ("\"0.01\"", .string("0.01")),
            ("[64,128]", .array([.integer(64), .integer(128)])), ("null", .null), ("true", .bool(true)),
            ("false", .bool(false)), ("64", .integer(64)), ("-0", .number(-0.0)), ("", .string("")),
            (" ", .string(" ")),
            ("nan", .string("nan")), ("inf", .string("inf")), ("-inf", .string("-inf")), ("True", .string("True")),
            ("nul", .string("nul")), ("nullx", .string("nullx")), ("1e400", .string("1e400")), ("01", .string("01")),
            ("+1", .string("+1")), ("1.5.2", .string("1.5.2")), ("2024-01-01", .string("2024-01-01")),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .largeInteger("9223372036854775808")),
            ("-9223372036854775809", .largeInteger("-9223372036854775809")), ("1e19", .number(1e19)),
            ("[1,", .string("[1,")),
            ("\"open", .string("\"open")),
            ("{\"a\":{\"b\":[]}}", .object([.init("a", .object([.init("b", .array([]))]))])),
            (" 1", .integer(1)), ("\u{FEFF}1", .string("\u{FEFF}1")), ("\0", .string("\0")),
            ("\"\\ud83c\\udfaf\"", .string("🎯")),
        ] as [(String, Value)])
    func `A text that is not JSON is a string`(text: String, value: Value) {
        #expect(Value(text: text) == value)
    }

    @Test(
        arguments: [
            .null, .bool(true), .bool(false), .integer(0), .integer(.min), .integer(.max), .number(0.1), .number(-0.5),
            .largeInteger("18446744073709551615"), .number(.greatestFiniteMagnitude), .number(.leastNonzeroMagnitude),
            .number(-0.0), .number(1e300),
            .string(""), .string("linear"), .string("0.01"), .string("1"), .string("-0"), .string("true"),
            .string("null"),
            .string("[64,128]"), .string("{}"), .string("\"\""), .string("\"0.01\""), .string("\"\"\"\""),
            .string(" 1"),
            .string("1 "), .string("\t[]\n"), .string("nan"), .string("\\"), .string("\"\\"),
            .string("\u{1}\u{7F}\u{9F}"),
            .string("日本 🎯\u{202E}"), .string("\0"), .array([]), .object([]),
            .array([.null, .string("a\"b\\c\n"), .array([.number(0.25)])]),
            .object([.init("", .integer(1)), .init("a", .null), .init("a", .string("1")), .init("\u{0}", .bool(false))]
            ),
        ] as [Value])
    func `The text of a value reads back as the value`(value: Value) {
        #expect(Value(text: value.text) == value)
        #expect(Value(text: Value.array([value]).text) == .array([value]))
    }

    @Test(
        arguments: [
            (.number(5), "5"), (.number(0.1), "0.1"), (.number(1e16), "1e+16"), (.number(-0.0), "-0"),
            (.number(.nan), "nan"), (.number(.infinity), "inf"), (.number(-.infinity), "-inf"),
            (.array([.number(.nan), .number(1)]), "[\"nan\",1]"), (.string("a b"), "a b"), (.string("12"), "\"12\""),
            (.object([.init("k", .string("v"))]), "{\"k\":\"v\"}"), (.string("[\n]"), "\"[\\n]\""),
        ] as [(Value, String)])
    func `A value is written in the format of the contract`(value: Value, text: String) {
        #expect(value.text == text)
    }

    @Test func `Swift values convert to the corresponding values`() {
        let values: [(any ValueConvertible, String)] = [
            (1, "1"), (UInt64.max, "18446744073709551615"), (Int64.min, "-9223372036854775808"), (UInt8(7), "7"),
            (0.1 as Float, "0.1"), (Float.infinity, "inf"), (Float.nan, "nan"), (2.5, "2.5"), ("3", "\"3\""),
            ("x"[...], "x"), (true, "true"), ([64, 128], "[64,128]"), ([0.5, nil], "[0.5,null]"),
            (Int?.none, "null"), ([[1], []], "[[1],[]]"), (Value.null, "null"), (["a", "1"], "[\"a\",\"1\"]"),
        ]
        for (value, text) in values { #expect(value.hyperoValue.text == text) }
    }
}
