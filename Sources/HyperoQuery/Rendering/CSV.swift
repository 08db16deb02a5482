/// Comma-separated values by RFC 4180: <https://www.rfc-editor.org/rfc/rfc4180>.
enum CSV {
    /// Adds a record; what is not there is empty.
    static func write(_ fields: [String?], to page: inout Page) {
        page.line(fields.map { escaped($0 ?? "") }.joined(separator: ","), ending: "\r\n")
    }

    private static func escaped(_ field: String) -> String {
        let isSpecial = field.utf8.contains {
            $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n")
        }
        guard isSpecial else { return field }
        return "\"" + field.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
