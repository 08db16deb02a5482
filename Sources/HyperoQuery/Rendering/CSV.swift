import HyperoSchema

/// Comma-separated values according to RFC 4180: <https://www.rfc-editor.org/rfc/rfc4180>.
enum CSV {
    /// Writes a record. A nil field is written as an empty one.
    static func write(_ fields: [String?], to page: inout Page) {
        let guardsFormulas = page.guardsFormulas
        page.line(
            fields.map { escaped(guardsFormulas ? withoutFormula($0 ?? "") : $0 ?? "") }.joined(separator: ","),
            ending: "\r\n")
    }

    /// Returns the field in quotes if it contains a comma, a quote or a line end. Quotes inside are doubled.
    private static func escaped(_ field: String) -> String {
        let needsQuotes = field.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n")
        }
        guard needsQuotes else { return field }
        // By bytes, because a quote and a combining character after it are one Character.
        var quoted: [UInt8] = [UInt8(ascii: "\"")]
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { quoted.append(byte) }
            quoted.append(byte)
        }
        quoted.append(UInt8(ascii: "\""))
        return String(decoding: quoted, as: UTF8.self)
    }

    /// Returns the field after an apostrophe if a spreadsheet would run it as a formula, also after spaces, tabs and line ends,
    /// which some spreadsheets remove. Numbers such as -0.5 are unchanged, and -inf, which is none in a spreadsheet, is not.
    ///
    /// Source of the first characters: <https://owasp.org/www-community/attacks/CSV_Injection>.
    static func withoutFormula(_ field: String) -> String {
        guard let first = field.unicodeScalars.first, !(Number(text: field)?.isFinite ?? false) else { return field }
        let visible = field.unicodeScalars.first { !$0.properties.isWhitespace }
        guard "\t\r\n".unicodeScalars.contains(first) || visible.map("=+-@＝＋－＠".unicodeScalars.contains) ?? false else {
            return field
        }
        return "'" + field
    }
}
