/// A setting or an identifier that violates the contract.
public struct SchemaError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The message: the setting, its value and the accepted form.
    public let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// Returns the text for a quote in a message: control characters, and those that change the direction of the text after
/// them, are replaced by U+FFFD.
///
/// - Parameter limit: the maximum number of Unicode scalars. A longer text is cut and ends with `…`.
package func printable(_ text: String, limit: Int = 64) -> String {
    var result = ""
    for scalar in text.unicodeScalars.prefix(limit) {
        result.unicodeScalars.append(isControl(scalar) || scalar.properties.isBidiControl ? "\u{FFFD}" : scalar)
    }
    return text.unicodeScalars.count > limit ? result + "…" : result
}

/// Returns whether the scalar is a control character: C0, delete or C1.
package func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
}
