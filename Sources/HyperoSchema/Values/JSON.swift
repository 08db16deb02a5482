/// JSON text of values, by RFC 8259, without Foundation: the client is loaded into other people's processes.
package enum JSON {
    /// The value as JSON on one line. What JSON has no number for, nan and the infinities, is quoted.
    package static func text(of value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .number(let number): number.isFinite ? Number.text(of: number) : quoted(Number.text(of: number))
        case .string(let text): quoted(text)
        case .array(let values): "[" + values.map(text(of:)).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { quoted($0.name) + ":" + text(of: $0.value) }.joined(separator: ",") + "}"
        }
    }

    /// A JSON string with its quotes.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// The value of a text that is JSON as a whole; nil for any other text, for a number beyond double's range, and for
    /// nesting deeper than 64.
    package static func parse(_ text: String) -> Value? {
        // Most values are plain words, which a look at their first byte tells.
        guard let first = text.utf8.first, startsJSON(first) else { return nil }
        var text = text
        return text.withUTF8 { bytes in
            var parser = JSONParser(bytes: bytes)
            return parser.document()
        }
    }

    private static func startsJSON(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "\""), UInt8(ascii: "["),
            UInt8(ascii: "{"), UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: " "),
            UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"):
            true
        default: false
        }
    }
}
