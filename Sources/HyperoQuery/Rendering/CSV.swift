/// Comma-separated values according to RFC 4180: <https://www.rfc-editor.org/rfc/rfc4180>.
enum CSV {
    /// Writes a record. A nil field is written as an empty one.
    static func write(_ fields: [String?], to page: inout Page) {
        page.line(fields.map { escaped($0 ?? "") }.joined(separator: ","), ending: "\r\n")
    }

    /// Returns the field in quotes if it contains a comma, a quote or a line end. Quotes inside are doubled.
    private static func escaped(_ field: String) -> String {
        let needsQuotes = field.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n")
        }
        guard needsQuotes else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
