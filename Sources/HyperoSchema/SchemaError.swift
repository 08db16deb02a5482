/// What somebody gave does not fit the contract; the message says what, where and what to do.
public struct SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence for a person.
    public let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// The text with control characters replaced and cut to a readable length, to quote it in a message.
package func printable(_ text: String, limit: Int = 64) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        result.unicodeScalars.append(isControl(scalar) ? "\u{FFFD}" : scalar)
    }
    return text.unicodeScalars.count > limit ? result + "…" : result
}

/// Whether the scalar is a control character: C0, delete or C1.
package func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
}
