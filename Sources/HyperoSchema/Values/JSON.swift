/// JSON text of values, according to RFC 8259.
///
/// Does not use Foundation: the client is loaded into host processes and must stay small.
package enum JSON {
    /// Returns the value as JSON on one line. nan and the infinities, for which JSON has no numbers, become strings.
    package static func text(of value: Value) -> String {
        switch value {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .integer(let number): String(number)
        case .largeInteger(let digits): digits
        case .number(let number): number.isFinite ? Number.text(of: number) : quoted(Number.text(of: number))
        case .string(let text): quoted(text)
        case .array(let values): "[" + values.map(text(of:)).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { quoted($0.name) + ":" + text(of: $0.value) }.joined(separator: ",") + "}"
        }
    }

    /// Returns a JSON string, including the quotes.
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

    /// Parses a text that is JSON as a whole.
    ///
    /// - Returns: nil for any other text, for a number beyond the range of a double, and for nesting deeper than 64.
    package static func parse(_ text: String) -> Value? {
        // Most values are plain words, recognizable by their first byte.
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
